//! Logins that last: refresh tokens at POST /token, the same tests on memory and on DynamoDB.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::domain::accounts::User;
use shared::domain::sessions::token::RefreshToken;
use tests::dynamodb::{behind_proxy, names_table, start_with, world_at, world_on_dynamodb};
use tests::logs::{logged, logged_to_the_last_line};
use tests::stores::{Fault, SessionCall, Strange, cheap, johndoe};
use tests::world::{Hands, PATIENT};
use tests::{Answer, Client, Gateway, World, world};

const DAY: u64 = 86_400;

/// The service with sessions that last 30 days unused and 90 in all, and what a test changes.
struct Served {
    gateway: Gateway,
    clock: Arc<Hands>,
    store: Arc<Strange>,
}

impl Served {
    fn new(world: World) -> Self {
        let clock = Hands::at_now();
        let store = Arc::new(Strange::new(world.sessions.clone().unwrap()));
        let world = World {
            clock: clock.clone(),
            sessions: Some(store.clone()),
            ..world
        };
        let world = world
            .with("REFRESH_IDLE_DAYS", 30)
            .with("PASSWORD_HASH_MEMORY_KIB", 8)
            .with("PASSWORD_HASH_ITERATIONS", 1);
        Self {
            gateway: Gateway::new(world),
            clock,
            store,
        }
    }

    /// Logs johndoe in for `me items`.
    fn login(&self) -> Tokens {
        let form = "grant_type=password&username=johndoe&password=secret&scope=me+items";
        Tokens::of(&self.gateway.post_form("/token", form))
    }

    fn refresh(&self, token: &str) -> Answer {
        refresh(&self.gateway, token, "")
    }

    /// Refreshes, which must succeed.
    fn next(&self, token: &str) -> Tokens {
        Tokens::of(&self.refresh(token))
    }

    fn revoke(&self, token: &str) {
        let form = format!("token={token}");
        assert_eq!(self.gateway.post_form("/revoke", &form).status, 200);
    }

    fn opens(&self, tokens: &Tokens) -> u16 {
        let answer = self.gateway.get("/users/me/", Some(&tokens.access));
        answer.status
    }

    fn fails(&self, call: SessionCall, fault: Fault) {
        *self.store.fault.lock().unwrap() = Some((call, fault));
    }

    fn recovers(&self) {
        *self.store.fault.lock().unwrap() = None;
    }

    fn user_is(&self, user: Option<User>) {
        *self.store.user.lock().unwrap() = Some(user);
    }
}

/// Memory, and a database, with a user whose password costs next to nothing.
fn worlds() -> [World; 2] {
    let users = cheap(&["johndoe"]);
    let memory = world().memory(users.clone());
    [memory, world_at(start_with(users.into_values()), PATIENT)]
}

/// Runs a test on each store.
fn on_each_store(test: impl Fn(&Served)) {
    for world in worlds() {
        test(&Served::new(world));
    }
}

/// The same, where access tokens end with their session. The table that the variables name is not
/// used: the stores are the test's own.
fn where_sessions_are_checked(test: impl Fn(&Served)) {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    for world in worlds() {
        let world = names_table(world, nowhere).with("TOKEN_CHECK", "session");
        test(&Served::new(world));
    }
}

fn refresh(gateway: &Gateway, token: &str, more: &str) -> Answer {
    let form = format!("grant_type=refresh_token&refresh_token={token}{more}");
    gateway.post_form("/token", &form)
}

#[derive(Debug, PartialEq, Eq)]
struct Tokens {
    access: String,
    refresh: String,
    /// In the order of the alphabet, since a store may have another.
    scope: String,
}

impl Tokens {
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("pragma"), Some("no-cache"));
        let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
        let scope = text("scope");
        let mut scopes: Vec<_> = scope.split(' ').collect();
        scopes.sort_unstable();
        Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
            scope: scopes.join(" "),
        }
    }

    fn claims(&self) -> Value {
        let payload = self.access.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }
}

/// RFC 6749 5.2, in both dialects.
fn refused(answer: &Answer, error: &str) {
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &json!(error)),
        "{answer:?}"
    );
    assert!(answer.json()["error_description"].is_string());
    assert_eq!(answer.json().as_object().unwrap().len(), 2, "{answer:?}");
}

#[test]
fn a_refresh_token_gives_the_next_one_and_an_access_token_that_works() {
    on_each_store(|served| {
        let first = served.login();
        served.clock.advance(1800);
        assert_eq!(served.opens(&first), 401, "it has expired");
        let second = served.next(&first.refresh);
        assert_eq!(served.opens(&second), 200);
        assert_ne!(second.refresh, first.refresh);
        assert_eq!(second.scope, "items me");
        for claim in ["sid", "auth_time", "sub"] {
            let claims = (first.claims(), second.claims());
            assert_eq!(claims.0[claim], claims.1[claim], "{claim}");
            assert!(!claims.0[claim].is_null(), "{claim}");
        }
        assert_ne!(first.claims()["jti"], second.claims()["jti"]);
        assert_ne!(served.next(&second.refresh).refresh, second.refresh);
    });
}

#[test]
fn two_logins_are_two_sessions() {
    on_each_store(|served| {
        let (one, other) = (served.login(), served.login());
        assert_ne!(one.claims()["sid"], other.claims()["sid"]);
        served.next(&one.refresh);
        served.clock.advance(60);
        refused(&served.refresh(&one.refresh), "invalid_grant");
        served.next(&other.refresh);
    });
}

#[test]
fn a_token_that_was_replaced_a_moment_ago_gets_the_same_successor() {
    on_each_store(|served| {
        let first = served.login();
        let second = served.next(&first.refresh);
        served.clock.advance(59);
        let again = served.next(&first.refresh);
        assert_eq!(again.refresh, second.refresh);
        assert_ne!(again.access, second.access);
        assert_eq!(served.opens(&again), 200);
        served.next(&second.refresh);
    });
}

#[test]
fn a_token_that_was_replaced_long_ago_ends_the_session_and_is_logged() {
    on_each_store(|served| {
        let first = served.login();
        let second = served.next(&first.refresh);
        served.clock.advance(60);
        let lines = logged(|| refused(&served.refresh(&first.refresh), "invalid_grant"));
        let warned = |line: &&Value| line["level"] == "WARN";
        let warning = lines.iter().find(warned).unwrap();
        let message = warning["message"].as_str().unwrap();
        assert!(message.starts_with("refresh_token_reused"), "{message}");
        assert_eq!(warning["user"], "johndoe");
        refused(&served.refresh(&second.refresh), "invalid_grant");
        refused(&served.refresh(&first.refresh), "invalid_grant");
    });
}

/// The one before the one before is too old at any time: the client has seen that it was replaced.
#[test]
fn only_the_last_token_is_forgiven() {
    on_each_store(|served| {
        let first = served.login();
        let second = served.next(&first.refresh);
        let third = served.next(&second.refresh);
        refused(&served.refresh(&first.refresh), "invalid_grant");
        refused(&served.refresh(&third.refresh), "invalid_grant");
    });
}

/// Half of the token is right, so somebody has seen one of this session.
#[test]
fn a_right_family_with_a_wrong_secret_ends_the_session() {
    on_each_store(|served| {
        let tokens = served.login();
        let mut bytes = URL_SAFE_NO_PAD.decode(&tokens.refresh[3..]).unwrap();
        bytes[47] ^= 1;
        let forged = format!("rt_{}", URL_SAFE_NO_PAD.encode(bytes));
        refused(&served.refresh(&forged), "invalid_grant");
        refused(&served.refresh(&tokens.refresh), "invalid_grant");
    });
}

#[test]
fn a_session_ends_when_it_is_not_used() {
    on_each_store(|served| {
        let first = served.login();
        served.clock.advance(30 * DAY - 1);
        let second = served.next(&first.refresh);
        served.clock.advance(30 * DAY);
        refused(&served.refresh(&second.refresh), "invalid_grant");
    });
}

#[test]
fn a_session_ends_in_any_case() {
    on_each_store(|served| {
        let mut tokens = served.login();
        for day in [29, 58, 87] {
            served.clock.set(day * DAY);
            tokens = served.next(&tokens.refresh);
        }
        served.clock.set(90 * DAY - 1);
        tokens = served.next(&tokens.refresh);
        served.clock.set(90 * DAY);
        refused(&served.refresh(&tokens.refresh), "invalid_grant");
    });
}

/// RFC 6749 6: less than was granted, never more, and then all of it again.
#[test]
fn a_refresh_may_ask_for_less_and_never_for_more() {
    on_each_store(|served| {
        let form = "username=johndoe&password=secret&scope=me";
        let narrow = Tokens::of(&served.gateway.post_form("/token", form));
        for wider in ["items", "me+items", "me+admin", "me+%22"] {
            let answer = refresh(&served.gateway, &narrow.refresh, &format!("&scope={wider}"));
            refused(&answer, "invalid_scope");
        }
        let narrow = served.next(&narrow.refresh);
        assert_eq!(narrow.scope, "me", "nothing was consumed");

        let all = served.login();
        let less = Tokens::of(&refresh(&served.gateway, &all.refresh, "&scope=me"));
        assert_eq!(less.scope, "me");
        let items = |tokens: &Tokens| served.gateway.get("/users/me/items/", Some(&tokens.access));
        assert_eq!(items(&less).status, 401);
        let none_named = Tokens::of(&refresh(&served.gateway, &less.refresh, "&scope="));
        assert_eq!(none_named.scope, "items me");
        assert_eq!(items(&none_named).status, 200);
    });
}

#[test]
fn a_scope_that_was_taken_from_the_user_is_not_granted_any_more() {
    on_each_store(|served| {
        let tokens = served.login();
        let scopes = shared::domain::scope::Scopes::parse("me").unwrap();
        served.user_is(Some(User {
            scopes,
            ..johndoe()
        }));
        let tokens = served.next(&tokens.refresh);
        assert_eq!(tokens.scope, "me");
        let tokens = Tokens::of(&refresh(&served.gateway, &tokens.refresh, "&scope=items"));
        assert_eq!(tokens.scope, "");
        served.user_is(Some(johndoe()));
        assert_eq!(served.next(&tokens.refresh).scope, "items me", "given back");
    });
}

/// `set-password`, logging out everywhere and a new user of the old name give another stamp.
#[test]
fn a_session_ends_with_its_user() {
    on_each_store(|served| {
        let other_stamp = User {
            stamp: Some("another".to_owned().into()),
            ..johndoe()
        };
        let disabled = User {
            disabled: true,
            ..johndoe()
        };
        for user in [None, Some(other_stamp), Some(disabled)] {
            let tokens = served.login();
            served.user_is(user.clone());
            refused(&served.refresh(&tokens.refresh), "invalid_grant");
            served.user_is(Some(johndoe()));
            let answer = served.refresh(&tokens.refresh);
            refused(&answer, "invalid_grant");
        }
    });
}

/// FastAPI's page gives a disabled user a token. A session would outlast the disabling.
#[test]
fn a_disabled_user_gets_a_token_and_no_session() {
    let served = Served::new(world());
    for (login, lasts) in [
        ("johndoe&password=secret", true),
        ("alice&password=secretalice", false),
    ] {
        let answer = served
            .gateway
            .post_form("/token", &format!("username={login}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(
            answer.json().get("refresh_token").is_some(),
            lasts,
            "{login}"
        );
    }
}

/// The bodies of refreshes that are none, with their errors. None of them harms the session.
fn garbage(tokens: &Tokens) -> Vec<(String, &'static str)> {
    let refresh = &tokens.refresh;
    let sid = tokens.claims()["sid"].as_str().unwrap().to_owned();
    let sid = URL_SAFE_NO_PAD.decode(sid).unwrap();
    let of_sid = URL_SAFE_NO_PAD.encode([&sid[..], &[0; 32]].concat());
    let invalid = [
        tokens.access.clone(),
        "rt_".to_owned(),
        "x".to_owned(),
        refresh[3..].to_owned(),
        format!("RT_{}", &refresh[3..]),
        format!("rt-{}", &refresh[3..]),
        format!("{refresh}A"),
        format!("{refresh}%3D"),
        format!("+{refresh}"),
        format!("{refresh}+"),
        refresh[..refresh.len() - 1].to_owned(),
        format!("rt_{}", "%2B".repeat(64)),
        format!("rt_{}", "A".repeat(64)),
        format!("rt_{}", "A".repeat(60_000)),
        format!("rt_{of_sid}"),
    ];
    let malformed = [
        String::new(),
        format!("{refresh}&refresh_token={refresh}"),
        format!("{refresh}%0A"),
        format!("%0D{refresh}"),
        format!("{refresh}&scope=me&scope=me"),
    ];
    let row = |error: &'static str| move |token: String| (token, error);
    let invalid = invalid.into_iter().map(row("invalid_grant"));
    invalid
        .chain(malformed.into_iter().map(row("invalid_request")))
        .collect()
}

#[test]
fn garbage_is_refused_as_in_rfc_6749_and_harms_nothing() {
    for world in worlds() {
        for dialect in ["fastapi", "rfc"] {
            let served = Served::new(world.clone().with("API_DIALECT", dialect));
            let tokens = served.login();
            for (token, error) in garbage(&tokens) {
                refused(&served.refresh(&token), error);
            }
            served.next(&tokens.refresh);
        }
    }
}

/// One conditional write if it could be a token, else nothing.
#[test]
fn garbage_costs_one_request_or_none() {
    let (gateway, proxy) = behind_proxy(0, 0);
    let served = Served::new(gateway.world);
    let tokens = served.login();
    proxy.take();
    let mut could_be_tokens = 0;
    for (token, _) in garbage(&tokens) {
        served.refresh(&token);
        let sent = proxy.take();
        assert_eq!(sent.len(), usize::from(is_token(&token)), "{token}");
        for (operation, request) in sent {
            assert_eq!(operation, "UpdateItem", "{token}");
            let condition = request["ConditionExpression"].as_str().unwrap();
            assert!(condition.contains("#current = :presented"), "{condition}");
            could_be_tokens += 1;
        }
    }
    assert_eq!(could_be_tokens, 2);
}

fn is_token(text: &str) -> bool {
    RefreshToken::parse(text).is_some()
}

#[test]
fn neither_token_is_ever_logged() {
    on_each_store(|served| {
        let mut tokens = Vec::new();
        let lines = logged_to_the_last_line(|| {
            let first = served.login();
            let second = served.next(&first.refresh);
            served.clock.advance(60);
            served.refresh(&first.refresh);
            tokens.extend([first.access, first.refresh, second.access, second.refresh]);
        });
        let text = json!(lines).to_string();
        for token in tokens {
            assert!(!text.contains(&token[3..]), "{text}");
        }
    });
}

/// Each call fails in turn, before or after it reaches the store; the client sends the same again.
#[test]
fn after_a_503_the_same_token_is_good() {
    on_each_store(|served| {
        for call in [SessionCall::Rotate, SessionCall::User] {
            for fault in [Fault::Lost, Fault::Unanswered] {
                let tokens = served.login();
                served.fails(call, fault);
                for _ in 0..2 {
                    let answer = served.refresh(&tokens.refresh);
                    assert_eq!(answer.status, 503, "{call:?} {fault:?}");
                    assert_eq!(answer.json()["error"], "temporarily_unavailable");
                }
                served.recovers();
                let next = served.next(&tokens.refresh);
                served.next(&next.refresh);
            }
        }
    });
}

/// Whose refresh token somebody sends.
#[derive(Debug, Clone, Copy)]
enum Sent {
    /// It is the one that is valid.
    Current,
    /// It was replaced a moment ago.
    Replaced,
    /// It was replaced long ago.
    Stale,
    /// It is the one that is valid, but its user is gone.
    Orphaned,
}

impl Sent {
    fn prepare(self, served: &Served) -> Tokens {
        let first = served.login();
        match self {
            Self::Current => {}
            Self::Replaced => drop(served.next(&first.refresh)),
            Self::Stale => {
                served.next(&first.refresh);
                served.clock.advance(60);
            }
            Self::Orphaned => served.user_is(None),
        }
        first
    }
}

/// A function that is killed before or after a call to the store leaves there what a call or an
/// answer leaves that is lost. Then the client sends the same token again, within the grace or after
/// it: it gets tokens that work, or the session is over. docs/operating.md has this table.
#[test]
fn wherever_a_refresh_breaks_off_its_client_can_go_on_or_must_log_in() {
    use Fault::{Lost, Unanswered};
    use SessionCall::{End, Rotate, User};
    let table = [
        (Sent::Current, Rotate, Lost, 200, 200),
        (Sent::Current, Rotate, Unanswered, 200, 400),
        (Sent::Current, User, Lost, 200, 400),
        (Sent::Current, User, Unanswered, 200, 400),
        (Sent::Replaced, Rotate, Lost, 200, 400),
        (Sent::Replaced, Rotate, Unanswered, 200, 400),
        (Sent::Replaced, User, Lost, 200, 400),
        (Sent::Replaced, User, Unanswered, 200, 400),
        (Sent::Stale, Rotate, Lost, 400, 400),
        (Sent::Stale, Rotate, Unanswered, 400, 400),
        (Sent::Stale, End, Lost, 400, 400),
        (Sent::Stale, End, Unanswered, 400, 400),
        (Sent::Orphaned, Rotate, Lost, 400, 400),
        (Sent::Orphaned, Rotate, Unanswered, 400, 400),
        (Sent::Orphaned, User, Lost, 400, 400),
        (Sent::Orphaned, User, Unanswered, 400, 400),
        (Sent::Orphaned, End, Lost, 400, 400),
        (Sent::Orphaned, End, Unanswered, 400, 400),
    ];
    where_sessions_are_checked(|served| {
        for (sent, call, fault, within, after) in table {
            for (seconds, status) in [(0, within), (60, after)] {
                let row = format!("{sent:?} {call:?} {fault:?} {seconds}");
                let tokens = sent.prepare(served);
                served.fails(call, fault);
                assert_eq!(served.refresh(&tokens.refresh).status, 503, "{row}");
                served.recovers();
                served.clock.advance(seconds);
                let again = served.refresh(&tokens.refresh);
                assert_eq!(again.status, status, "{row}: {again:?}");
                *served.store.user.lock().unwrap() = None;
                if status == 200 {
                    assert_eq!(served.opens(&tokens), 200, "{row}");
                    served.next(&Tokens::of(&again).refresh);
                } else {
                    refused(&again, "invalid_grant");
                    assert_eq!(served.opens(&tokens), 401, "{row}");
                }
            }
        }
    });
}

#[test]
fn a_login_whose_session_is_not_written_is_503_and_can_be_repeated() {
    on_each_store(|served| {
        for fault in [Fault::Lost, Fault::Unanswered] {
            served.fails(SessionCall::Begin, fault);
            let form = "username=johndoe&password=secret";
            let answer = served.gateway.post_form("/token", form);
            assert_eq!(
                (answer.status, answer.detail()),
                (503, json!("Service Unavailable"))
            );
            served.recovers();
            served.login();
        }
    });
}

#[test]
fn without_sessions_all_is_as_it_was() {
    for world in [world(), world_on_dynamodb()] {
        for off in [world.clone(), world.with("REFRESH_IDLE_DAYS", 0)] {
            let gateway = Gateway::new(off.clone());
            let form = "username=johndoe&password=secret&scope=me";
            let answer = gateway.post_form("/token", form).json();
            assert!(answer["access_token"].is_string() && answer.get("refresh_token").is_none());
            let refused = refresh(&gateway, "rt_x", "");
            let kinds: Vec<_> = refused.detail().as_array().unwrap().clone();
            let kinds: Vec<_> = kinds.iter().map(|kind| kind["type"].clone()).collect();
            assert_eq!(refused.status, 422);
            assert_eq!(
                kinds,
                ["string_pattern_mismatch", "missing", "missing"],
                "FastAPI's"
            );
            let gateway = Gateway::new(off.with("API_DIALECT", "rfc"));
            let refused = refresh(&gateway, "rt_x", "");
            assert_eq!(
                (refused.status, &refused.json()["error"]),
                (400, &json!("unsupported_grant_type"))
            );
        }
    }
}

#[test]
fn an_access_token_ends_with_its_session_where_that_is_checked() {
    where_sessions_are_checked(|served| {
        for (way, end) in WAYS_TO_END {
            let other = served.login();
            let first = served.login();
            served.clock.advance(1700);
            let second = served.next(&first.refresh);
            for tokens in [&first, &second] {
                assert_eq!(served.opens(tokens), 200, "{way}: the session goes on");
            }
            end(served, &first, &second);
            for tokens in [&first, &second] {
                assert_eq!(served.opens(tokens), 401, "{way}");
                refused(&served.refresh(&tokens.refresh), "invalid_grant");
            }
            assert_eq!(served.opens(&other), 200, "{way}");
        }
    });
}

/// Does something to a session, of which the first and the second tokens are given.
type End = fn(&Served, &Tokens, &Tokens);

/// All that ends one session of a user.
const WAYS_TO_END: [(&str, End); 4] = [
    ("revoked", |served, _, second| {
        served.revoke(&second.refresh);
    }),
    (
        "revoked by a token that was replaced",
        |served, first, _| {
            served.revoke(&first.refresh);
        },
    ),
    ("revoked by an access token", |served, first, _| {
        served.revoke(&first.access);
    }),
    ("used again", |served, first, _| {
        served.clock.advance(60);
        refused(&served.refresh(&first.refresh), "invalid_grant");
    }),
];

/// The access token would be good for half an hour more.
#[test]
fn no_access_token_outlives_the_longest_session() {
    where_sessions_are_checked(|served| {
        let mut tokens = served.login();
        for seconds in [29 * DAY, 58 * DAY, 87 * DAY, 90 * DAY - 1] {
            served.clock.set(seconds);
            tokens = served.next(&tokens.refresh);
        }
        assert_eq!(served.opens(&tokens), 200);
        served.clock.set(90 * DAY);
        assert_eq!(served.opens(&tokens), 401);
    });
}

/// A logout of the user; set-password, disable and a new user of the old name.
#[test]
fn no_token_outlives_the_stamp_of_its_user() {
    let other_stamp = |user: User| User {
        stamp: Some("another".to_owned().into()),
        ..user
    };
    let disabled = |user: User| User {
        disabled: true,
        ..other_stamp(user)
    };
    where_sessions_are_checked(|served| {
        for now in [
            None,
            Some(other_stamp(johndoe())),
            Some(disabled(johndoe())),
        ] {
            let first = served.login();
            let second = served.next(&first.refresh);
            served.user_is(now);
            for tokens in [&first, &second] {
                assert_eq!(served.opens(tokens), 401);
                refused(&served.refresh(&tokens.refresh), "invalid_grant");
            }
            served.user_is(Some(johndoe()));
        }
    });
}

#[test]
fn where_only_users_are_checked_it_works_until_it_expires() {
    on_each_store(|served| {
        let first = served.login();
        served.next(&first.refresh);
        served.clock.advance(60);
        refused(&served.refresh(&first.refresh), "invalid_grant");
        assert_eq!(served.opens(&first), 200);
    });
}

#[test]
fn where_sessions_are_checked_the_store_may_be_away() {
    where_sessions_are_checked(|served| {
        let tokens = served.login();
        served.fails(SessionCall::Look, Fault::Lost);
        assert_eq!(served.opens(&tokens), 503);
        served.recovers();
        assert_eq!(served.opens(&tokens), 200);
    });
}

/// A token that was issued before there were sessions, or by another service, has none to end with.
#[test]
fn a_token_that_names_no_session_is_checked_as_before() {
    let token = Gateway::new(world()).login("me");
    where_sessions_are_checked(|served| {
        let answer = served.gateway.get("/users/me/", Some(&token));
        assert_eq!(answer.status, 200);
    });
}
