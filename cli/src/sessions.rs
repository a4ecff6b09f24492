//! `users sessions`: the logins of a user that last.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use shared::aws::table::{Item, SESSION, Table, text};
use shared::domain::sessions::session::Session;
use shared::domain::sessions::store::SessionStore;
use shared::domain::sessions::token::Sid;
use shared::domain::store::StoreError;

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
    let (mut live, mut unreadable) = (Vec::new(), 0);
    // Each is read as the functions read it; they know best what a session is.
    for sid in sids(table, name).await? {
        match table.session(&sid).await {
            Ok(session) => live.extend(session),
            Err(error @ StoreError::Corrupt { .. }) => {
                unreadable += 1;
                let sid = sid.0;
                let error = format!("{error}; to end it: users sessions {name:?} --end {sid:?}");
                failure_note(&Error::Failed(error), out.json);
            }
            Err(error) => return Err(Error::Failed(error.to_string())),
        }
    }
    live.retain(|session| session.state().is_live(&user, Duration::from_secs(now())));
    live.sort_by_key(|session| std::cmp::Reverse(session.rotated));
    for session in &live {
        out.print(&shown(session), row(session))?;
    }
    if live.is_empty() && !out.json {
        note(format_args!("{name}: no sessions"));
    }
    readable(unreadable, "session")
}

/// The names of all sessions of this user, ended ones too.
async fn sids(table: &Table, name: &str) -> Result<Vec<Sid>, Error> {
    let scan = items::scan(table, SESSION)
        .filter_expression("begins_with(pk, :prefix) AND #user = :user")
        .expression_attribute_names("#user", "user")
        .expression_attribute_values(":user", text(name))
        .projection_expression("pk");
    let sid = |item: &Item| {
        let key = item.get("pk")?.as_s().ok()?;
        Some(Sid(key.strip_prefix(SESSION)?.to_owned()))
    };
    let items = items::all(table, scan).await?;
    Ok(items.iter().filter_map(sid).collect())
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

fn shown(session: &Session) -> Shown<'_> {
    Shown {
        sid: &session.sid.0,
        client: &session.client,
        scopes: sorted(&session.scopes),
        auth_time: session.auth_time.as_secs(),
        rotated: session.rotated.as_secs(),
        expires: session.expires.min(session.ends).as_secs(),
    }
}

fn row(session: &Session) -> String {
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
