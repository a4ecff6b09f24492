//! `users sessions`: the logins of a user that last.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use shared::aws::table::{SESSION, Table};
use shared::domain::sessions::session::SessionSummary;
use shared::domain::sessions::token::Sid;

use crate::error::Error;
use crate::items::{self, now};
use crate::output::{Output, clean, date, failure_note, note, readable, sorted};
use crate::store;

/// A session as it is shown: without anything that is made from its tokens. Times are in seconds since
/// the epoch.
#[derive(Serialize)]
struct Shown<'a> {
    sid: &'a str,
    client: &'a str,
    scopes: Vec<&'a str>,
    auth_time: u64,
    rotated: u64,
    expires: u64,
}

/// Lists a user's sessions, or ends one of them.
pub async fn sessions(
    table: &Table,
    out: Output,
    name: &str,
    end: Option<&str>,
) -> Result<(), Error> {
    match end {
        Some(sid) => end_one(table, out, name, sid).await,
        None => list(table, out, name).await,
    }
}

/// Lists those that can be refreshed, the last used first.
async fn list(table: &Table, out: Output, name: &str) -> Result<(), Error> {
    let user = store::find(table, name).await?.user;
    let sessions = table.sessions_of(name).await;
    let sessions = sessions.map_err(|error| Error::Failed(error.to_string()))?;
    let (mut live, mut unreadable) = (Vec::new(), 0);
    for (Sid(sid), session) in sessions {
        match session {
            Ok(session) => live.push(session),
            Err(error) => {
                unreadable += 1;
                let error = format!("{error}; to end it: users sessions {name:?} --end {sid:?}");
                failure_note(&Error::Failed(error), out.json);
            }
        }
    }
    live.retain(|session| session.state.is_live(&user, Duration::from_secs(now())));
    live.sort_by_key(|session| std::cmp::Reverse(session.rotated));
    for session in &live {
        out.print(&shown(session), row(session))?;
    }
    if live.is_empty() && !out.json {
        note(format_args!("{name}: no sessions"));
    }
    readable(unreadable, "session")
}

/// Ends a session, if it is this user's.
async fn end_one(table: &Table, out: Output, name: &str, sid: &str) -> Result<(), Error> {
    let key = format!("{SESSION}{sid}");
    if !items::remove(table, &key, ("user", name)).await? {
        return Err(Error::NotThere {
            what: "session",
            name: sid.to_owned(),
            table: table.name.clone(),
            hint: format!("; those of {name:?}: users sessions {name:?}"),
        });
    }
    out.print(
        &json!({ "ended": sid }),
        format_args!("{name}: session {sid} ended"),
    )
}

fn shown(session: &SessionSummary) -> Shown<'_> {
    Shown {
        sid: &session.sid.0,
        client: &session.client,
        scopes: sorted(&session.scopes),
        auth_time: session.auth_time.as_secs(),
        rotated: session.rotated.as_secs(),
        expires: session.state.expires.min(session.state.ends).as_secs(),
    }
}

fn row(session: &SessionSummary) -> String {
    let session = shown(session);
    let times = [session.auth_time, session.rotated, session.expires].map(date);
    let [begun, refreshed, until] = times;
    let (sid, client, scopes) = (
        clean(session.sid),
        clean(session.client),
        clean(&session.scopes.join(" ")),
    );
    format!("{sid}  {client:<18}  begun {begun}  refreshed {refreshed}  until {until}  {scopes}")
}
