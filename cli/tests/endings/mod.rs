//! What has ended stays ended: an import of an earlier export brings no token and no session back.

use std::sync::Arc;
use std::time::Duration;

use shared::domain::access::{Access, Guard, Holders};
use shared::domain::clients::Client;
use shared::domain::clock::SystemClock;
use shared::domain::sessions::store::SessionStore;
use shared::domain::sessions::{Policy, Sessions};
use shared::domain::tokens::{NewToken, Published, Signer, Verifier};
use users::items::now;

use crate::support::{GOOD_PASSWORD, Server};
use crate::{file, path, with_johndoe};

const KEY: &str = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";
const LIFETIME: Duration = Duration::from_mins(30);

/// What a login gives.
pub struct Tokens {
    access: String,
    refresh: String,
}

fn sessions(server: &Server) -> Sessions {
    Sessions {
        store: Arc::new(server.table("users")),
        policy: Policy {
            idle: Duration::from_hours(24),
            longest: Duration::from_hours(48),
            grace: Duration::from_mins(1),
        },
        clock: Arc::new(SystemClock),
    }
}

pub fn login(server: &Server) -> Tokens {
    let user = server.wait(server.table("users").user("johndoe"));
    let user = user.unwrap().unwrap();
    let scopes = user.scopes.clone();
    let auth_time = Duration::from_secs(now());
    let (sessions, own) = (sessions(server), Client::own());
    let refresh = server.wait(sessions.begin(&user, &scopes, &own, auth_time));
    let signer = Signer::shared(&KEY.into(), None, LIFETIME);
    let access = server.wait(signer.sign(&NewToken::of_user(&user, &scopes), auth_time));
    Tokens {
        access: access.unwrap(),
        refresh: refresh.unwrap().to_text(),
    }
}

/// Whether each of them is still worth something: the access token, and the refresh token.
pub fn are_valid(server: &Server, tokens: &Tokens) -> (bool, bool) {
    let published = Published {
        keyring: None,
        issuer: None,
        lifetime: LIFETIME,
        clock: Arc::new(SystemClock),
    };
    let guard = Guard {
        verifier: Verifier::new(published).or(&KEY.into()),
        holders: Holders::Users(Arc::new(server.table("users"))),
        clock: Arc::new(SystemClock),
    };
    let access = server.wait(guard.check(&tokens.access, Access::AnyUser(&["me"])));
    let sessions = sessions(server);
    let own = Client::own();
    let refresh = sessions.refresh(&tokens.refresh, &own, None);
    (access.is_ok(), server.wait(refresh).is_ok())
}

const IMPORT: &[&str] = &["import"];
const REPLACE: &[&str] = &["import", "--replace"];
const MOVE: &[&str] = &["import", "--replace", "--keep-stamps"];

/// Everything that ends tokens, then each way to import an export from before.
#[test]
fn an_import_brings_nothing_back_that_had_ended() {
    for ending in [
        &[&["set-password", "johndoe"][..]][..],
        &[&["logout", "johndoe"]],
        &[&["disable", "johndoe"], &["enable", "johndoe"]],
        &[&["remove", "johndoe", "--yes"]],
        &[
            &["remove", "johndoe", "--yes"],
            &["add", "johndoe", "--scopes", "me"],
        ],
    ] {
        for (import, valid) in [
            (&[][..], false),
            (&[IMPORT][..], false),
            (&[REPLACE], false),
            (&[IMPORT, REPLACE], false),
            (&[MOVE], true),
        ] {
            let server = with_johndoe();
            let tokens = login(&server);
            assert_eq!(are_valid(&server, &tokens), (true, true));
            let export = file(&server.run(&["export"], "").succeeds().stdout);
            let password = GOOD_PASSWORD.replace("horse", "mule");
            for command in ending {
                server.run(command, &password).succeeds();
            }
            for import in import.iter().copied() {
                server.run(&[import, &[path(&export)][..]].concat(), "");
            }
            // Who is added again is another user, with an id that no import changes.
            let valid = valid && !ending.iter().any(|command| command[0] == "add");
            let is = are_valid(&server, &tokens);
            assert_eq!(is, (valid, valid), "{ending:?} {import:?}");
        }
    }
}

/// FastAPI's dialect lets a disabled user log in.
#[test]
fn what_a_disabled_user_got_ends_when_the_user_is_enabled() {
    let server = with_johndoe();
    server.run(&["disable", "johndoe"], "").succeeds();
    let tokens = login(&server);
    server.run(&["enable", "johndoe"], "").succeeds();
    assert_eq!(are_valid(&server, &tokens), (false, false));
}

#[test]
fn a_user_who_was_disabled_after_the_export_stays_disabled() {
    let server = with_johndoe();
    let export = file(&server.run(&["export"], "").succeeds().stdout);
    server.run(&["disable", "johndoe"], "").succeeds();
    let before = server.item("johndoe");
    for import in [REPLACE, MOVE] {
        let run = server.run(&[import, &[path(&export)][..]].concat(), "");
        let what = "\"johndoe\" is there already, and disabled, unlike in the file; first: users enable \"johndoe\"";
        run.fails(1, what);
        assert_eq!(server.item("johndoe"), before);
    }
    server.run(&["enable", "johndoe"], "").succeeds();
    let run = server.run(&["import", path(&export), "--replace"], "");
    run.says(0, "0 added, 1 already there, 0 conflicts, 0 invalid\n", "");
}
