//! The logins of a user that last.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::aws::table::{SESSION, text};
use shared::domain::clients::Client;
use shared::domain::clock::Clock;
use shared::domain::sessions::store::SessionStore;
use shared::domain::sessions::token::RefreshToken;
use shared::domain::sessions::{Policy, Sessions};
use users::items::now;
use users::output::date;

use crate::support::{GOOD_PASSWORD, Run, Server, json_lines};
use crate::with_johndoe;

const POLICY: Policy = Policy {
    idle: Duration::from_hours(24),
    longest: Duration::from_hours(36),
    grace: Duration::from_mins(1),
};

/// So many seconds ago.
struct Ago(u64);

impl Clock for Ago {
    fn now(&self) -> Duration {
        Duration::from_secs(now() - self.0)
    }
}

/// The functions' sessions, so many seconds ago.
fn sessions(server: &Server, ago: u64) -> Sessions {
    Sessions {
        store: Arc::new(server.table("users")),
        policy: POLICY,
        clock: Arc::new(Ago(ago)),
    }
}

/// A session that this user began so many seconds ago.
fn begin(server: &Server, name: &str, ago: u64) -> RefreshToken {
    let table = server.table("users");
    let user = server.wait(table.user(name)).unwrap().unwrap();
    let (sessions, own) = (sessions(server, ago), Client::own());
    let begun = sessions.begin(&user, &user.scopes, &own, sessions.clock.now());
    server.wait(begun).unwrap()
}

fn refresh(server: &Server, token: &RefreshToken, ago: u64) -> Result<(), String> {
    let (sessions, own) = (sessions(server, ago), Client::own());
    let token = token.to_text();
    let refreshed = server.wait(sessions.refresh(&token, &own, None));
    refreshed.map(drop).map_err(|error| error.to_string())
}

fn list(server: &Server) -> Vec<Value> {
    let run = server.run(&["sessions", "johndoe", "--json"], "");
    json_lines(&run.succeeds().stdout)
}

fn end(server: &Server, name: &str, sid: &str) -> Run {
    server.run(&["sessions", name, "--end", sid], "")
}

#[test]
fn a_list_tells_of_each_session_and_of_no_secret() {
    let server = with_johndoe();
    let (old, new) = (
        begin(&server, "johndoe", 7200),
        begin(&server, "johndoe", 60),
    );
    refresh(&server, &old, 600).unwrap();
    let listed = list(&server);
    let times = |ago: &Value| ago.as_u64().unwrap();
    let (first, second) = (&listed[0], &listed[1]);
    let expected = json!({
        "sid": new.sid().0, "client": "default", "scopes": ["items", "me"],
        "auth_time": first["auth_time"], "rotated": first["auth_time"],
        "expires": times(&first["auth_time"]) + POLICY.idle.as_secs(),
    });
    assert_eq!((listed.len(), first), (2, &expected));
    assert_eq!(second["sid"], json!(old.sid().0));
    let (begun, refreshed) = (times(&second["auth_time"]), times(&second["rotated"]));
    assert!((6500..=6700).contains(&(refreshed - begun)), "{second}");
    let until = refreshed + POLICY.idle.as_secs();
    assert_eq!(times(&second["expires"]), until);

    let run = server.run(&["sessions", "johndoe"], "").succeeds();
    let [begun, refreshed, until] = [begun, refreshed, until].map(date);
    let row = format!(
        "{}  default             begun {begun}  refreshed {refreshed}  until {until}  items me",
        old.sid().0
    );
    assert_eq!((run.stdout.lines().nth(1), &*run.stderr), (Some(&*row), ""));
}

#[test]
fn a_session_goes_on_no_longer_than_it_may_in_all() {
    let server = with_johndoe();
    let token = begin(&server, "johndoe", 20 * 3600);
    refresh(&server, &token, 0).unwrap();
    let session = &list(&server)[0];
    let lasts = session["expires"].as_u64().unwrap() - session["auth_time"].as_u64().unwrap();
    assert_eq!(lasts, POLICY.longest.as_secs());
}

#[test]
fn sessions_that_have_ended_and_those_of_others_are_not_listed() {
    let server = with_johndoe();
    server.run(&["add", "jane"], GOOD_PASSWORD).succeeds();
    begin(&server, "jane", 0);
    begin(&server, "johndoe", POLICY.idle.as_secs() + 1);
    begin(&server, "johndoe", 0);
    assert_eq!(list(&server).len(), 1);
    server.run(&["logout", "johndoe"], "").succeeds();
    let none = server.run(&["sessions", "johndoe"], "");
    none.says(0, "", "johndoe: no sessions\n");
    assert_eq!(list(&server), [json!(null); 0]);
    let other = server.run(&["sessions", "jane"], "").succeeds();
    assert_eq!(other.stdout.lines().count(), 1);
}

#[test]
fn one_is_ended_and_the_others_stay() {
    let server = with_johndoe();
    let (one, other) = (begin(&server, "johndoe", 0), begin(&server, "johndoe", 0));
    let sid = one.sid().0;
    let expected = format!("johndoe: session {sid} ended\n");
    end(&server, "johndoe", &sid).says(0, &expected, "");
    let refused = refresh(&server, &one, 0).unwrap_err();
    assert_eq!(refused, "unknown or ended session");
    refresh(&server, &other, 0).unwrap();
    assert_eq!(list(&server).len(), 1);
    let ended = server.json(&["sessions", "johndoe", "--end", &other.sid().0], "");
    assert_eq!(ended, json!({ "ended": other.sid().0 }));
}

#[test]
fn a_session_of_somebody_else_is_not_ended() {
    let server = with_johndoe();
    server.run(&["add", "jane"], GOOD_PASSWORD).succeeds();
    let token = begin(&server, "jane", 0);
    for sid in [&*token.sid().0, "none", ""] {
        let expected = format!(
            "error: no session {sid:?} in the table \"users\"; those of \"johndoe\": users sessions \"johndoe\"\n"
        );
        end(&server, "johndoe", sid).says(3, "", &expected);
    }
    refresh(&server, &token, 0).unwrap();
}

#[test]
fn a_user_who_is_not_there_is_named() {
    let server = with_johndoe();
    begin(&server, "johndoe", 0);
    server.run(&["remove", "johndoe", "--yes"], "").succeeds();
    let run = server.run(&["sessions", "johndoe"], "");
    run.fails(3, "no user \"johndoe\" in the table \"users\"");
}

#[test]
fn a_session_that_somebody_has_spoilt_is_named_and_can_be_ended() {
    let server = with_johndoe();
    let good = begin(&server, "johndoe", 0);
    let key = format!("{SESSION}{}", good.sid().0);
    let item = server.item_of(&key).unwrap();
    // A name may begin so in base64url.
    let (sid, key) = (
        "-tE6RhmPV0SkkRlcSxzzRTA",
        format!("{SESSION}-tE6RhmPV0SkkRlcSxzzRTA"),
    );
    for (attribute, value) in [
        ("auth_time", text("x")),
        ("expires", text("x")),
        ("client", AttributeValue::Null(true)),
    ] {
        let mut item = item.clone();
        item.insert(attribute.to_owned(), value);
        server.put(&key, item.clone());
        // One of somebody else is nothing to johndoe.
        item.insert("user".to_owned(), text("jane"));
        server.put(&format!("{SESSION}other"), item);
        let run = server.run(&["sessions", "johndoe"], "");
        assert_eq!(run.stdout.lines().count(), 1, "{run:?}");
        let expected = format!(
            "error: the item {key:?} has no valid {attribute}; to end it: users sessions \"johndoe\" --end {sid:?}\nerror: 1 session could not be read\n"
        );
        assert_eq!((run.code, run.stderr), (1, expected));
        end(&server, "johndoe", sid).succeeds();
        assert_eq!(server.item_of(&key), None);
    }
}
