//! GET /users/me/sessions/ and DELETE /users/me/sessions/{sid}, and the bound on a user's sessions.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::domain::accounts::{MemoryUsers, Stamp, User};
use shared::domain::clients::Client as OAuthClient;
use shared::domain::scope::Scopes;
use shared::domain::sessions::memory::MemorySessions;
use shared::domain::sessions::session::{Rotated, Rotation, Session, SessionSummary};
use shared::domain::sessions::store::{Owner, Seen, SessionStore};
use shared::domain::sessions::token::Sid;
use shared::domain::sessions::{MOST_SESSIONS, Policy, Sessions};
use shared::domain::store::Asking;
use tests::dynamodb::{start_with, world_at};
use tests::stores::{Fault, SessionCall, Strange, cheap, johndoe, unavailable};
use tests::world::{Hands, PATIENT};
use tests::{Answer, Client, Gateway, HttpRequest, NOW, World, block_on, world};

const SESSIONS: &str = "/users/me/sessions/";

/// The service with sessions, on memory and on DynamoDB, with the clock that it looks at.
fn services() -> [(Gateway, Arc<Hands>); 2] {
    let users = cheap(&["johndoe", "jane"]);
    let memory = world().memory(users.clone());
    [memory, world_at(start_with(users.into_values()), PATIENT)].map(|world| {
        let clock = Hands::at_now();
        let world = World {
            clock: clock.clone(),
            ..world
        };
        (Gateway::new(lasting(world)), clock)
    })
}

fn lasting(world: World) -> World {
    world
        .with("REFRESH_IDLE_DAYS", 30)
        .with("PASSWORD_HASH_MEMORY_KIB", 8)
        .with("PASSWORD_HASH_ITERATIONS", 1)
}

/// The tokens that a login gives.
struct Tokens {
    access: String,
    refresh: String,
}

fn login(gateway: &Gateway, name: &str) -> Tokens {
    let form = format!("username={name}&password=secret&scope=me");
    tokens(&gateway.post_form("/token", &form))
}

fn tokens(answer: &Answer) -> Tokens {
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
    Tokens {
        access: text("access_token"),
        refresh: text("refresh_token"),
    }
}

fn list(gateway: &Gateway, token: &Tokens) -> Vec<Value> {
    let answer = gateway.get(SESSIONS, Some(&token.access));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json().as_array().unwrap().clone()
}

fn end(gateway: &Gateway, token: &Tokens, sid: &str) -> Answer {
    let path = format!("{SESSIONS}{sid}");
    gateway.send(&HttpRequest::new("DELETE", &path).bearer(Some(&token.access)))
}

fn refresh(gateway: &Gateway, token: &Tokens) -> Answer {
    let form = format!("grant_type=refresh_token&refresh_token={}", token.refresh);
    gateway.post_form("/token", &form)
}

fn sid(session: &Value) -> &str {
    session["sid"].as_str().unwrap()
}

#[test]
fn a_user_sees_each_login_and_which_one_asks() {
    for (gateway, clock) in services() {
        let phone = login(&gateway, "johndoe");
        clock.set(60);
        let laptop = login(&gateway, "johndoe");
        login(&gateway, "jane");
        clock.set(1200);
        let phone = tokens(&refresh(&gateway, &phone));
        let all = list(&gateway, &phone);
        let expected = |session: &Value, auth_time, last_used, current| {
            json!({
                "sid": session["sid"], "client_id": "default", "scope": "me", "current": current,
                "auth_time": NOW + auth_time, "last_used": NOW + last_used,
                "expires": NOW + last_used + 30 * 86_400,
            })
        };
        assert_eq!(
            all,
            [
                expected(&all[0], 0, 1200, true),
                expected(&all[1], 60, 60, false)
            ],
            "the last used first"
        );
        let seen_by_laptop = list(&gateway, &laptop);
        assert_eq!(seen_by_laptop[0]["current"], false);
        assert_eq!(seen_by_laptop[1]["current"], true);
    }
}

#[test]
fn a_user_ends_one_session_and_no_other() {
    for (gateway, _) in services() {
        let [phone, laptop] = [(); 2].map(|()| login(&gateway, "johndoe"));
        let jane = login(&gateway, "jane");
        let janes = list(&gateway, &jane)[0].clone();
        let all = list(&gateway, &phone);
        let other = all.iter().find(|session| session["current"] == false);
        let other = sid(other.unwrap());
        for (token, sid) in [
            (&jane, other),
            (&phone, sid(&janes)),
            (&phone, "x"),
            (&phone, "%20"),
        ] {
            let answer = end(&gateway, token, sid);
            assert_eq!(
                (answer.status, answer.detail()),
                (404, "Session not found".into())
            );
        }
        let answer = end(&gateway, &phone, other);
        assert_eq!((answer.status, answer.json()), (200, json!({})));
        assert_eq!(end(&gateway, &phone, other).status, 404, "it has ended");
        assert_eq!(list(&gateway, &phone).len(), 1);
        assert_eq!(refresh(&gateway, &laptop).status, 400);
        assert_eq!(refresh(&gateway, &phone).status, 200);
        assert_eq!(refresh(&gateway, &jane).status, 200);
    }
}

/// A new password and a logout give the user another stamp; what has expired may still be in the table.
#[test]
fn a_session_that_has_ended_is_not_shown() {
    for (gateway, clock) in services() {
        login(&gateway, "johndoe");
        clock.set(31 * 86_400);
        let token = login(&gateway, "johndoe");
        assert_eq!(list(&gateway, &token).len(), 1, "the first has expired");
        let stamp = Stamp::random();
        let store = gateway.world.sessions.clone().unwrap();
        block_on(store.end_all("johndoe", &stamp, Duration::from_secs(NOW))).unwrap();
        let token = login(&gateway, "johndoe");
        assert_eq!(
            list(&gateway, &token).len(),
            1,
            "the second is of another stamp"
        );
    }
}

#[test]
fn both_need_a_token_with_the_scope_me() {
    let (gateway, _) = services().into_iter().next().unwrap();
    let form = "username=johndoe&password=secret&scope=items";
    let items = tokens(&gateway.post_form("/token", form));
    for (method, path) in [("GET", SESSIONS), ("DELETE", "/users/me/sessions/x")] {
        for (token, challenge) in [
            (None, "Bearer"),
            (Some("x"), "Bearer scope=\"me\""),
            (Some(&*items.access), "Bearer scope=\"me\""),
        ] {
            let answer = gateway.send(&HttpRequest::new(method, path).bearer(token));
            let told = (answer.status, answer.header("www-authenticate"));
            assert_eq!(told, (401, Some(challenge)), "{method} {token:?}");
        }
    }
}

/// As if there were no such paths, which come before any question for a token.
#[test]
fn without_sessions_there_are_no_such_paths() {
    let gateway = Gateway::new(world());
    let token = gateway.login("me");
    for method in ["GET", "DELETE", "POST", "OPTIONS"] {
        for path in [
            SESSIONS,
            "/users/me/sessions",
            "/users/me/sessions/x",
            "/users/me/sessions/x/",
        ] {
            for token in [None, Some(&*token)] {
                let answer = gateway.send(&HttpRequest::new(method, path).bearer(token));
                assert_eq!((answer.status, answer.detail()), (404, "Not Found".into()));
                assert_eq!(answer.header("allow"), None);
            }
        }
    }
}

/// The index may be throttled, or not be there yet.
#[test]
fn a_login_does_not_fail_for_the_index() {
    let users = cheap(&["johndoe"]);
    let world = world().memory(users);
    let store = Arc::new(Strange::new(world.sessions.clone().unwrap()));
    *store.fault.lock().unwrap() = Some((SessionCall::Index, Fault::Lost));
    let sessions: Arc<dyn SessionStore> = store;
    let gateway = Gateway::new(lasting(World {
        sessions: Some(sessions),
        ..world
    }));
    let token = login(&gateway, "johndoe");
    assert_eq!(refresh(&gateway, &token).status, 200);
    assert_eq!(gateway.get(SESSIONS, Some(&token.access)).status, 503);
}

/// An index that is late by so many logins, as DynamoDB's may be: memory and dynoxide answer at once.
struct Late {
    store: MemorySessions,
    lag: AtomicUsize,
    /// A user's sessions after each login, those first that end first.
    past: Mutex<Vec<Vec<Sid>>>,
}

impl Late {
    fn now(&self) -> Vec<Sid> {
        self.past
            .lock()
            .unwrap()
            .last()
            .cloned()
            .unwrap_or_default()
    }
}

impl SessionStore for Late {
    fn begin<'a>(&'a self, session: &'a Session, ending: &'a [Sid]) -> Asking<'a, ()> {
        Box::pin(async {
            self.store.begin(session, ending).await?;
            let now = self.store.oldest("johndoe", usize::MAX).await?;
            self.past.lock().unwrap().push(now);
            Ok(())
        })
    }

    fn oldest<'a>(&'a self, _: &'a str, most: usize) -> Asking<'a, Vec<Sid>> {
        let past = self.past.lock().unwrap();
        let at = past.len().checked_sub(1 + self.lag.load(Ordering::SeqCst));
        let seen = at.map(|at| past[at].clone()).unwrap_or_default();
        Box::pin(async move { Ok(seen.into_iter().take(most).collect()) })
    }

    fn newest<'a>(&'a self, _: &'a str, _: usize) -> Asking<'a, Vec<SessionSummary>> {
        Box::pin(async { Err(unavailable()) })
    }

    fn rotate<'a>(&'a self, rotation: &'a Rotation) -> Asking<'a, Rotated> {
        self.store.rotate(rotation)
    }

    fn end<'a>(&'a self, sid: &'a Sid, owner: Owner<'a>) -> Asking<'a, bool> {
        self.store.end(sid, owner)
    }

    fn end_all<'a>(&'a self, name: &'a str, stamp: &'a Stamp, now: Duration) -> Asking<'a, ()> {
        self.store.end_all(name, stamp, now)
    }

    fn session<'a>(&'a self, sid: &'a Sid) -> Asking<'a, Option<Session>> {
        self.store.session(sid)
    }

    fn user<'a>(&'a self, username: &'a str) -> Asking<'a, Option<User>> {
        self.store.user(username)
    }

    fn look<'a>(&'a self, username: &'a str, sid: &'a Sid) -> Asking<'a, Seen> {
        self.store.look(username, sid)
    }
}

/// Logins of one user, each a second after the one before, with an index that is late.
struct Logins {
    store: Arc<Late>,
    clock: Arc<Hands>,
    sessions: Sessions,
    /// Every session that began, in that order.
    begun: Vec<Sid>,
}

impl Logins {
    fn new() -> Self {
        let users = Arc::new(MemoryUsers::new(cheap(&["johndoe"])));
        let store = Arc::new(Late {
            store: MemorySessions::new(users),
            lag: AtomicUsize::new(0),
            past: Mutex::default(),
        });
        let clock = Hands::at_now();
        let day = Duration::from_hours(24);
        let sessions = Sessions {
            store: store.clone(),
            policy: Policy {
                idle: 30 * day,
                longest: 90 * day,
                grace: Duration::ZERO,
            },
            clock: clock.clone(),
        };
        Self {
            store,
            clock,
            sessions,
            begun: Vec::new(),
        }
    }

    /// A login that sees the index as it was so many logins ago; how many sessions there are after it.
    fn login(&mut self, lag: usize) -> usize {
        self.store.lag.store(lag, Ordering::SeqCst);
        self.clock.advance(1);
        let (user, scopes, own) = (johndoe(), Scopes::default(), OAuthClient::own());
        let now = self.sessions.clock.now();
        let begun = block_on(self.sessions.begin(&user, &scopes, &own, now));
        self.begun.push(begun.unwrap().sid());
        self.store.now().len()
    }

    /// Panics if any session has ended that is not among the oldest.
    fn only_the_oldest_have_ended(&self) {
        let now = self.store.now();
        let expected = &self.begun[self.begun.len() - now.len()..];
        assert_eq!(now, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    /// With up to five logins while the index is late, nearly as many end as begin.
    #[test]
    fn a_user_has_about_a_hundred_sessions(lags in prop::collection::vec(0..=5_usize, 150..400)) {
        let mut logins = Logins::new();
        for lag in lags {
            let sessions = logins.login(lag);
            prop_assert!(sessions <= MOST_SESSIONS + 10, "{sessions}");
            logins.only_the_oldest_have_ended();
        }
    }

    /// However late the index was: once it is not, each login ends more sessions than it begins.
    #[test]
    fn too_many_sessions_become_a_hundred(lags in prop::collection::vec(0..=300_usize, 100..400)) {
        let mut logins = Logins::new();
        let mut sessions = 0;
        for lag in lags {
            sessions = logins.login(lag);
            logins.only_the_oldest_have_ended();
        }
        while sessions > MOST_SESSIONS {
            let after = logins.login(0);
            prop_assert_eq!(after, MOST_SESSIONS.max(sessions - 4));
            sessions = after;
        }
        prop_assert_eq!(logins.login(0), MOST_SESSIONS.min(logins.begun.len()));
    }
}
