//! The contracts of the stores, run against every implementation: memory, dynoxide, and with
//! `make store-test` moto's server.

mod clients;

use std::collections::HashMap;
use std::env;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use local_dynamodb::tables;
use serde_json::json;
use shared::aws::table::{self, Item, Table, credentials_key, number, number_of, text, user_key};
use shared::domain::accounts::password::PasswordHash;
use shared::domain::accounts::{Account, MemoryUsers, User, UserStore, from_json, is_name};
use shared::domain::clients::memory::MemoryClients;
use shared::domain::login::attempt::{Attempt, Counted, KNOWN, Key};
use shared::domain::login::count::{Count, Standing};
use shared::domain::login::memory::MemoryLogins;
use shared::domain::login::store::{LoginStore, Outcome, Verdict, Written};
use shared::domain::scope::{CATALOGUE, Scopes};
use shared::domain::sessions::memory::MemorySessions;
use shared::domain::sessions::session::{Rotated, Rotation, Session, SessionSummary};
use shared::domain::sessions::store::{Owner, SessionStore};
use shared::domain::sessions::token::RefreshToken;
use shared::domain::store::StoreError;
use tests::curl::Curl;
use tests::dynamodb::{connect, fill, start, start_as_make_dev};
use tests::{Client as _, HttpRequest, block_on};

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm8tc3VjaC11c2VyLi4uLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const OTHER_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$YW5vdGhlciBzYWx0Li4uLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const NOW: Duration = Duration::from_secs(tests::NOW);

/// Names that a careless store would confuse with one another, or could not handle.
const NAMES: &[&str] = &[
    "johndoe",
    "JohnDoe",
    "johndoe ",
    " johndoe",
    "jöhndoe",
    "john\"doe",
    "john'doe",
    "john\\doe",
    "{}",
    "%",
    "😀",
    "null",
    "0",
    "user#johndoe",
    "account#x",
];

fn users() -> HashMap<String, Account> {
    let users = NAMES.iter().map(|name| {
        json!({"username": name, "full_name": "Some Body", "disabled": *name == "null",
            "scopes": ["items", "me"], "password_hash": HASH, "stamp": format!("of {name}")})
    });
    from_json(&json!(users.collect::<Vec<_>>()).to_string(), CATALOGUE).unwrap()
}

/// What every store must do. `store` holds a user for each of these [`NAMES`], in both its roles.
async fn contract(users: &impl UserStore, logins: &impl LoginStore) {
    every_name_finds_its_own_user(users, logins).await;
    another_name_finds_nobody(users, logins).await;
    a_hash_is_replaced_if_it_is_the_one_that_was_read(logins).await;
    the_wait_grows_and_is_forgotten(logins).await;
    few_failures_are_forgotten_after_the_window(logins).await;
    a_limit_of_one_waits_after_the_first_failure(logins).await;
    a_second_that_has_begun_is_not_over(logins).await;
    a_right_login_clears_the_count_of_its_pair_and_no_other(logins).await;
    each_key_counts_for_itself(logins).await;
    a_verdict_is_written_only_on_the_count_that_was_seen(logins).await;
}

/// The account as a login finds it, with the user as a resource does.
async fn found(users: &impl UserStore, logins: &impl LoginStore, name: &str) -> Option<Account> {
    let seen = logins.look(&Attempt::new("203.0.113.7", name)).await;
    let found = seen.unwrap().found;
    if is_name(name) {
        let user = found.as_ref().map(|account| account.user.clone());
        assert_eq!(users.find(name).await.unwrap(), user, "{name}");
    }
    found
}

async fn every_name_finds_its_own_user(users: &impl UserStore, logins: &impl LoginStore) {
    for name in NAMES {
        let account = found(users, logins, name).await;
        let account = account.unwrap_or_else(|| panic!("{name:?} is not found"));
        let user = account.user;
        assert_eq!(user.username, *name, "compared byte for byte");
        assert_eq!(
            (user.full_name.as_deref(), user.email),
            (Some("Some Body"), None)
        );
        assert_eq!(user.disabled, *name == "null");
        assert!(user.scopes.contains_all(["me", "items"]) && user.scopes.iter().count() == 2);
        assert_eq!(account.password_hash.unwrap().to_string(), HASH);
        assert_eq!(user.stamp, Some(format!("of {name}").into()));
    }
}

async fn another_name_finds_nobody(users: &impl UserStore, logins: &impl LoginStore) {
    let long = "x".repeat(100_000);
    for name in ["nobody", "JOHNDOE", "johndo", "username", &long[..1024]] {
        assert_eq!(
            found(users, logins, name).await,
            None,
            "not found is no error"
        );
    }
    for name in ["", "johndoe\0", &long, &long[..1025]] {
        assert_eq!(users.find(name).await.unwrap(), None, "no user can have it");
    }
}

async fn a_hash_is_replaced_if_it_is_the_one_that_was_read(store: &impl LoginStore) {
    let (old, new) = (hash(HASH), hash(OTHER_HASH));
    for (name, from, to, expected) in [
        ("johndoe", &new, &old, false),
        ("johndoe", &old, &new, true),
        ("johndoe", &old, &new, false),
        ("nobody", &old, &new, false),
    ] {
        assert_eq!(
            store.replace_hash(name, from, to, NOW).await.unwrap(),
            expected,
            "{name}"
        );
    }
    let stored = async |name| {
        store
            .look(&Attempt::new("203.0.113.7", name))
            .await
            .unwrap()
            .found
    };
    assert_eq!(stored("johndoe").await.unwrap().password_hash, Some(new));
    assert_eq!(stored("JohnDoe").await.unwrap().password_hash, Some(old));
    assert_eq!(stored("nobody").await, None);
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::parse(text).unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One login, so many seconds after [`NOW`], counted by one key alone: whether it is tried, or how
/// long it must wait.
async fn login(
    store: &impl LoginStore,
    (attempt, what): (&Attempt, Counted),
    outcome: Outcome,
    limit: u32,
    at: u64,
) -> Result<(), Duration> {
    let now = NOW + seconds(at);
    let standing = Standing::of(count(store, attempt, what).await, limit, now)?;
    let key = key(attempt, what);
    let written = store
        .write(Verdict {
            key,
            standing,
            outcome,
            limit,
            now,
        })
        .await;
    assert_eq!(written.unwrap(), Written::Yes, "{key:?} at {at} s");
    Ok(())
}

fn key(attempt: &Attempt, what: Counted) -> &Key {
    match what {
        Counted::Pair => &attempt.pair,
        Counted::Account => &attempt.account,
        Counted::Address => &attempt.address,
    }
}

async fn count(store: &impl LoginStore, attempt: &Attempt, what: Counted) -> Option<Count> {
    let seen = store.look(attempt).await.unwrap();
    match what {
        Counted::Pair => seen.pair,
        Counted::Account => seen.account,
        Counted::Address => seen.address,
    }
}

const TRIED: Result<(), u64> = Ok(());

/// Wrong logins at these times, and whether each is tried.
async fn guesses(
    store: &impl LoginStore,
    counted: (&Attempt, Counted),
    limit: u32,
    expected: &[(u64, Result<(), u64>)],
) {
    for (at, expected) in expected {
        let tried = login(store, counted, Outcome::Wrong, limit, *at).await;
        let wait = tried.map_err(|wait| wait.as_secs());
        assert_eq!(wait, *expected, "{counted:?} at {at} s");
    }
}

const KINDS: [Counted; 3] = [Counted::Pair, Counted::Account, Counted::Address];
const DAY: u64 = 86_400;

fn window(what: Counted) -> u64 {
    match what {
        Counted::Pair | Counted::Account => DAY,
        Counted::Address => 900,
    }
}

async fn the_wait_grows_and_is_forgotten(store: &impl LoginStore) {
    let attempt = &Attempt::new("203.0.113.10", "grows");
    for what in KINDS {
        let forgotten = 3632 + window(what);
        let expected = [
            (0, TRIED),
            (0, TRIED),
            (2, TRIED),
            (3, Err(29)),
            (31, Err(1)),
            (32, TRIED),
            (33, Err(59)),
            (92, TRIED),
            (212, TRIED),
            (213, Err(239)),
            (452, TRIED),
            (932, TRIED),
            (1832, TRIED),
            (1833, Err(899)),
            (2732, TRIED),
            (2733, Err(899)),
            // The wait ended at 3632, and was the last.
            (forgotten, TRIED),
            (forgotten, TRIED),
            (forgotten, TRIED),
            (forgotten, Err(30)),
        ];
        guesses(store, (attempt, what), 3, &expected).await;
    }
}

/// Fewer failures than the limit are forgotten so long after the first of them.
async fn few_failures_are_forgotten_after_the_window(store: &impl LoginStore) {
    let attempt = &Attempt::new("203.0.113.11", "window");
    for what in KINDS {
        let window = window(what);
        let expected = [
            (0, TRIED),
            (window - 1, TRIED),
            (window, TRIED),
            (window + 1, TRIED),
            (window + 2, TRIED),
            (window + 3, Err(29)),
        ];
        guesses(store, (attempt, what), 3, &expected).await;
    }
}

/// The clock knows parts of a second, of which an item keeps nothing: what is allowed until then is
/// written until then.
async fn a_second_that_has_begun_is_not_over(store: &impl LoginStore) {
    let attempt = &Attempt::new("203.0.113.17", "part");
    guesses(store, (attempt, Counted::Account), 3, &[(0, TRIED)]).await;
    let (key, limit, outcome) = (&attempt.account, 3, Outcome::Wrong);
    for (milliseconds, standing) in [(86_399_500, Standing::Open), (86_400_500, Standing::Ended)] {
        let now = NOW + Duration::from_millis(milliseconds);
        let seen = count(store, attempt, Counted::Account).await;
        assert_eq!(Standing::of(seen, limit, now), Ok(standing));
        let verdict = Verdict {
            key,
            standing,
            outcome,
            limit,
            now,
        };
        assert_eq!(store.write(verdict).await.unwrap(), Written::Yes);
    }
}

async fn a_limit_of_one_waits_after_the_first_failure(store: &impl LoginStore) {
    let attempt = &Attempt::new("203.0.113.12", "once");
    let expected = [
        (0, TRIED),
        (1, Err(29)),
        (30, TRIED),
        (31, Err(59)),
        (90, TRIED),
        (90, Err(120)),
    ];
    guesses(store, (attempt, Counted::Address), 1, &expected).await;
}

async fn a_right_login_clears_the_count_of_its_pair_and_no_other(store: &impl LoginStore) {
    let attempt = &Attempt::new("203.0.113.13", "johndoe");
    let three = [(0, TRIED), (0, TRIED), (0, TRIED), (0, Err(30))];
    for what in [Counted::Account, Counted::Pair] {
        let counted = (attempt, what);
        guesses(store, counted, 3, &three).await;
        let known_until = store.look(attempt).await.unwrap().known_until;
        assert_eq!(known_until, None, "failures make nobody known");
        let before = count(store, attempt, what).await;
        login(store, counted, Outcome::Right, 3, 30).await.unwrap();
        let after = count(store, attempt, what).await;
        match what {
            Counted::Pair => assert_eq!(after, None),
            Counted::Account | Counted::Address => assert_eq!(after, before),
        }
    }
    let known_until = store.look(attempt).await.unwrap().known_until;
    assert_eq!(known_until, Some(NOW + seconds(30) + KNOWN));
}

async fn each_key_counts_for_itself(store: &impl LoginStore) {
    let known = &Attempt::new("203.0.113.14", "0");
    store.make_known(&known.pair, NOW).await.unwrap();
    for what in KINDS {
        guesses(store, (known, what), 3, &[(0, TRIED), (1, TRIED)]).await;
        assert_eq!(count(store, known, what).await.unwrap().failures, 2);
    }
    let seen = store.look(known).await.unwrap();
    assert_eq!(
        seen.known_until,
        Some(NOW + KNOWN),
        "failures make nobody unknown"
    );
    let begun = seen.account.unwrap();
    assert_eq!((begun.since, begun.not_before), (NOW, NOW + seconds(31)));
    for other in [
        Attempt::new("203.0.113.15", "0"),
        Attempt::new("203.0.113.14", "null"),
    ] {
        let seen = store.look(&other).await.unwrap();
        let others = (seen.pair, seen.known_until);
        assert_eq!(others, (None, None), "{other:?}");
        assert_eq!(seen.account.is_some(), other.account == known.account);
        assert_eq!(seen.address.is_some(), other.address == known.address);
    }
    store.make_known(&known.pair, NOW).await.unwrap();
    assert_eq!(store.look(known).await.unwrap().pair, None);
}

/// Each count, met by each verdict: where the count does not stand as the verdict says, nothing is
/// written, and the count is the answer.
async fn a_verdict_is_written_only_on_the_count_that_was_seen(store: &impl LoginStore) {
    let over = |failures| Standing::WaitOver { failures };
    let mut number = 0;
    for (failures, at, stands) in [
        (0, 0, Some(Standing::Open)),
        (2, 0, Some(Standing::Open)),
        (2, DAY, Some(Standing::Ended)),
        (3, 29, None),
        (3, 30, Some(over(3))),
        (3, DAY, Some(Standing::Ended)),
    ] {
        for standing in [Standing::Open, Standing::Ended, over(3), over(2)] {
            for outcome in [Outcome::Right, Outcome::Wrong] {
                number += 1;
                let attempt = &Attempt::new("203.0.113.16", &format!("seen {number}"));
                let counted = (attempt, Counted::Account);
                let wrong = vec![(0, TRIED); failures];
                guesses(store, counted, 3, &wrong).await;
                let before = count(store, attempt, Counted::Account).await;
                let (key, limit, now) = (&attempt.account, 3, NOW + seconds(at));
                let verdict = Verdict {
                    key,
                    standing,
                    outcome,
                    limit,
                    now,
                };
                let written = store.write(verdict).await.unwrap();
                let after = count(store, attempt, Counted::Account).await;
                let case = format!("{failures} at {at}: {standing:?} {outcome:?}");
                // A new count may begin where there is none, whatever was seen.
                let begins = failures == 0 && standing == Standing::Ended;
                match written {
                    Written::Yes => assert!(stands == Some(standing) || begins, "{case}"),
                    Written::No(seen) => {
                        assert!(stands != Some(standing), "{case}");
                        assert_eq!((seen, after), (before, before), "{case}");
                    }
                }
                if written == Written::Yes {
                    let failures = after.map_or(0, |count| count.failures);
                    let expected = match (outcome, standing) {
                        (Outcome::Right, _) => before.map_or(0, |count| count.failures),
                        (Outcome::Wrong, Standing::Ended) => 1,
                        (Outcome::Wrong, _) => before.map_or(0, |count| count.failures) + 1,
                    };
                    assert_eq!(failures, expected, "{case}");
                }
            }
        }
    }
}

/// What every store of sessions must do. It knows a user for each of these [`NAMES`].
async fn sessions_contract(store: &impl SessionStore) {
    a_rotation_is_written_if_the_session_allows_it(store).await;
    a_session_ends_for_its_owner(store).await;
    the_sessions_of_a_user_are_found(store).await;
    a_session_is_seen_with_its_user(store).await;
}

fn session(user: &str, scopes: &str, stamp: Option<&str>) -> (RefreshToken, Session) {
    let token = RefreshToken::random().unwrap();
    let session = Session {
        sid: token.sid(),
        user: user.to_owned(),
        client: "one".to_owned(),
        scopes: Scopes::parse(scopes).unwrap(),
        stamp: stamp.map(|stamp| stamp.to_owned().into()),
        auth_time: seconds(tests::NOW - 2 * DAY),
        current: token.hash(),
        previous: None,
        salt: [7; 16],
        rotated: seconds(tests::NOW - DAY),
        expires: NOW + seconds(100),
        ends: NOW + seconds(200),
    };
    (token, session)
}

fn rotation(token: &RefreshToken) -> Rotation {
    Rotation {
        sid: token.sid(),
        client: "one".to_owned(),
        asked: None,
        presented: token.hash(),
        next: token.successor(&[9; 16]).hash(),
        salt: [9; 16],
        now: NOW,
        expires: NOW + seconds(1000),
    }
}

/// The session as the store has it.
async fn seen(store: &impl SessionStore, session: &Session) -> Option<Session> {
    store.session(&session.sid).await.unwrap().map(in_order)
}

/// A set of DynamoDB's has no order.
fn in_order(session: Session) -> Session {
    let scopes = sorted(&session.scopes);
    Session { scopes, ..session }
}

fn sorted(scopes: &Scopes) -> Scopes {
    let mut scopes: Vec<_> = scopes.iter().map(str::to_owned).collect();
    scopes.sort_unstable();
    Scopes::from_tokens(&scopes)
}

/// [`Session::allows`] and [`Session::rotated`] say what a store does; a refusal changes nothing.
async fn a_rotation_is_written_if_the_session_allows_it(store: &impl SessionStore) {
    type Change = fn(&mut Rotation);
    let changes: [(Change, bool); 12] = [
        (|_| {}, true),
        (|rotation| rotation.presented[0] ^= 1, false),
        (|rotation| "two".clone_into(&mut rotation.client), false),
        (|rotation| "ONE".clone_into(&mut rotation.client), false),
        (|rotation| rotation.now += seconds(99), true),
        (|rotation| rotation.now += seconds(100), false),
        (|rotation| rotation.now += seconds(300), false),
        (|rotation| rotation.asked = scopes_of(""), true),
        (|rotation| rotation.asked = scopes_of("me"), true),
        (|rotation| rotation.asked = scopes_of("items me"), true),
        (|rotation| rotation.asked = scopes_of("me item"), false),
        (
            |rotation| rotation.asked = scopes_of("me items admin"),
            false,
        ),
    ];
    for (at, (change, written)) in changes.into_iter().enumerate() {
        let (token, session) = session("johndoe", "items me", Some("a stamp"));
        store.begin(&session, &[]).await.unwrap();
        let mut rotation = rotation(&token);
        change(&mut rotation);
        assert_eq!(session.allows(&rotation), written, "{at}");
        let rotated = match store.rotate(&rotation).await.unwrap() {
            Rotated::Yes(session) => Rotated::Yes(in_order(session)),
            Rotated::No(session) => Rotated::No(session.map(in_order)),
        };
        let (expected, now) = if written {
            let now = session.rotated(&rotation);
            (Rotated::Yes(now.clone()), now)
        } else {
            (Rotated::No(Some(session.clone())), session)
        };
        assert_eq!(rotated, expected, "{at}");
        assert_eq!(seen(store, &now).await, Some(now), "{at}");
    }
    let (token, mut late) = session("johndoe", "", None);
    late.expires = NOW + seconds(500);
    store.begin(&late, &[]).await.unwrap();
    for (after, written) in [(200, false), (199, true)] {
        let now = NOW + seconds(after);
        let rotation = Rotation {
            now,
            ..rotation(&token)
        };
        let rotated = store.rotate(&rotation).await.unwrap();
        assert_eq!(matches!(rotated, Rotated::Yes(_)), written, "{after}");
    }
    let unknown = rotation(&RefreshToken::random().unwrap());
    assert_eq!(store.rotate(&unknown).await.unwrap(), Rotated::No(None));
}

async fn a_session_ends_for_its_owner(store: &impl SessionStore) {
    let (_, session) = session("johndoe", "me", None);
    for (owner, ends) in [
        (Owner::Client("two"), false),
        (Owner::User("JohnDoe"), false),
        (Owner::User("one"), false),
        (Owner::Client("one"), true),
        (Owner::User("johndoe"), true),
        (Owner::Any, true),
    ] {
        store.begin(&session, &[]).await.unwrap();
        for ends in [ends, false] {
            let ended = store.end(&session.sid, owner).await.unwrap();
            assert_eq!(ended, ends, "{owner:?}");
        }
        let expected = (!ends).then(|| session.clone());
        assert_eq!(seen(store, &session).await, expected, "{owner:?}");
    }
}

/// Of a user, in the order of their ends: no other user's, and none that a login has ended.
async fn the_sessions_of_a_user_are_found(store: &impl SessionStore) {
    let mut all = Vec::new();
    for at in 0..5 {
        let (_, mut session) = session("%", "items me", Some("a stamp"));
        session.ends = NOW + seconds(100 - at);
        store.begin(&session, &[]).await.unwrap();
        all.push(session);
    }
    all.reverse();
    let sids = |all: &[Session]| {
        all.iter()
            .map(|session| session.sid.clone())
            .collect::<Vec<_>>()
    };
    for most in [1, 3, 5, 7] {
        let most_of = most.min(all.len());
        assert_eq!(
            store.oldest("%", most).await.unwrap(),
            sids(&all[..most_of])
        );
        let newest = store.newest("%", most).await.unwrap();
        let expected: Vec<_> = all.iter().rev().take(most).map(Session::summary).collect();
        let in_order = |one: SessionSummary| SessionSummary {
            scopes: sorted(&one.scopes),
            ..one
        };
        let newest: Vec<_> = newest.into_iter().map(in_order).collect();
        assert_eq!(newest, expected);
    }
    assert_eq!(store.oldest("nobody", 9).await.unwrap(), []);
    assert_eq!(store.newest("nobody", 9).await.unwrap(), []);
    let (_, new) = session("%", "", None);
    store.begin(&new, &sids(&all[..2])).await.unwrap();
    let left = store.oldest("%", 9).await.unwrap();
    assert_eq!(left, [sids(&all[2..]), vec![new.sid]].concat());
}

async fn a_session_is_seen_with_its_user(store: &impl SessionStore) {
    for name in NAMES {
        for (scopes, stamp) in [("items me", Some("a stamp")), ("", None)] {
            let (_, session) = session(name, scopes, stamp);
            store.begin(&session, &[]).await.unwrap();
            let user = store.user(name).await.unwrap();
            assert_eq!(user.as_ref().map(|user| &*user.username), Some(*name));
            let seen = store.look(name, &session.sid).await.unwrap();
            assert_eq!((seen.user, seen.session), (user, Some(session.state())));
            assert_eq!(self::seen(store, &session).await, Some(session));
        }
    }
    assert_eq!(store.user("nobody").await.unwrap(), None);
    let unknown = RefreshToken::random().unwrap().sid();
    let seen = store.look("johndoe", &unknown).await.unwrap();
    assert!(seen.user.is_some() && seen.session.is_none());
}

fn scopes_of(text: &str) -> Option<Scopes> {
    Scopes::parse(text).ok()
}

/// A guess in the place of what is missing might let somebody in.
async fn a_session_with_a_missing_or_wrong_attribute_is_named(table: &Table) {
    for attribute in [
        "user",
        "client",
        "auth_time",
        "current",
        "salt",
        "rotated",
        "expires",
        "ends",
    ] {
        // The index lets nothing else be written to what it is made of.
        let other = (!["user", "ends"].contains(&attribute)).then_some(AttributeValue::Bool(true));
        for value in [None].into_iter().chain(other.map(Some)) {
            let (_, session) = session("johndoe", "me", None);
            table.begin(&session, &[]).await.unwrap();
            let key = format!("session#{}", session.sid.0);
            let mut changed = item(table, &key).await;
            changed.remove(attribute);
            changed.extend(value.map(|value| (attribute.to_owned(), value)));
            put(table, changed).await;
            let expected = format!("the item {key:?} has no valid {attribute}");
            let error = table.session(&session.sid).await.unwrap_err();
            assert_eq!(error.to_string(), expected);
            let seen = SessionStore::look(table, "johndoe", &session.sid).await;
            let error = seen.err().map(|error| error.to_string());
            let needed = ["user", "expires", "ends"].contains(&attribute);
            assert_eq!(error, needed.then_some(expected));
        }
    }
}

#[test]
fn memory_keeps_the_contract() {
    block_on(async {
        let users = Arc::new(MemoryUsers::new(users()));
        sessions_contract(&MemorySessions::new(Arc::clone(&users))).await;
        let known = clients::all();
        clients::contract(&MemoryClients::new(known.clone()).unwrap(), &known).await;
        let logins = MemoryLogins::new(Arc::clone(&users));
        contract(users.as_ref(), &logins).await;
    });
}

/// The contract, and what applies to DynamoDB alone: items that other versions wrote.
async fn dynamodb_contract(table: &Table) {
    fill(table, users().into_values()).await;
    assert!(!table::create(table).await.unwrap(), "it is there already");
    contract(table, table).await;
    sessions_contract(table).await;
    a_session_with_a_missing_or_wrong_attribute_is_named(table).await;
    clients::dynamodb_contract(table).await;
    a_count_of_an_earlier_version_is_old(table).await;
    an_item_expires_when_it_holds_nothing_more(table).await;
    rehashing_leaves_the_rest_alone(table).await;
    an_attribute_more_or_an_optional_one_less_is_fine(table).await;
    another_schemes_hash_is_no_hash(table).await;
    credentials_that_are_not_the_users_let_nobody_in(table).await;
    a_user_of_an_earlier_version_is_named(table).await;
    a_missing_or_wrong_attribute_is_named(table).await;
}

#[test]
fn dynoxide_keeps_the_contract() {
    let url = format!("http://{}", start());
    block_on(async { dynamodb_contract(&connect(url, "users")).await });
}

#[test]
fn the_local_dynamodb_of_make_dev_keeps_the_contract() {
    let url = format!("http://{}", start_as_make_dev());
    block_on(async { dynamodb_contract(&connect(url, "users")).await });
}

/// A page of a site whose name leads to 127.0.0.1, and one that only sends (S10).
#[test]
fn no_web_page_may_use_the_local_dynamodb() {
    let address = start_as_make_dev();
    let service = Curl {
        base_url: format!("http://{address}"),
    };
    let list = HttpRequest::new("POST", "/").header("x-amz-target", "DynamoDB_20120810.ListTables");
    let list = |name: &str, value: &str| {
        let mut list = list.clone().header(name, value);
        list.body = Some(b"{}".to_vec());
        service.send(&list)
    };
    assert_eq!(list("accept", "*/*").body, "{\"TableNames\":[]}");
    for (name, value) in [("host", "attacker.example"), ("origin", "null")] {
        let answer = list(name, value);
        assert_eq!(answer.status, 403, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

/// A route of one's own asks for a new scope, which the tutorial's users then have; what was taken from them they do
/// not get back.
#[test]
fn the_tutorials_users_get_scopes_that_were_added_since() {
    let url = format!("http://{}", start_as_make_dev());
    block_on(async {
        let [users, keys] = ["users", "keys"].map(|name| connect(url.clone(), name));
        tables::fill(&users, &keys, tests::NOW).await.unwrap();
        let scopes = async || {
            let user = users.find("johndoe").await.unwrap().unwrap();
            let mut scopes: Vec<String> = user.scopes.iter().map(str::to_owned).collect();
            scopes.sort_unstable();
            scopes
        };
        let take = async || {
            let update = users.client.update_item().table_name("users");
            let update = update.key("pk", text(user_key("johndoe")));
            let update = update.update_expression("SET scopes = :none");
            let none = AttributeValue::Ss(vec!["none".to_owned()]);
            update
                .expression_attribute_values(":none", none)
                .send()
                .await
                .unwrap();
        };
        take().await;
        tables::add_scopes(&users, &["items", "me"]).await.unwrap();
        assert_eq!(scopes().await, ["none"]);
        tables::add_scopes(&users, &["me"]).await.unwrap();
        assert_eq!(scopes().await, ["items", "none"]);
    });
}

#[test]
#[ignore = "needs DYNAMODB_URL"]
#[expect(clippy::disallowed_methods, reason = "told where the server is")]
fn another_server_keeps_the_contract() {
    let url = env::var("DYNAMODB_URL").expect("DYNAMODB_URL names a server");
    block_on(async { dynamodb_contract(&connect(url, "users")).await });
}

async fn get(table: &Table, name: &str) -> Item {
    item(table, &user_key(name)).await
}

async fn item(table: &Table, key: &str) -> Item {
    let get = table.client.get_item().table_name(&table.name);
    let output = get.key("pk", text(key)).send().await;
    output.unwrap().item.unwrap()
}

/// An earlier version wrote no `ends`; its counts lasted for a quarter of an hour.
async fn a_count_of_an_earlier_version_is_old(table: &Table) {
    let attempt = &Attempt::new("203.0.113.20", "earlier");
    let mut old = Item::from([("pk".to_owned(), text(&attempt.account.text))]);
    for (name, value) in [
        ("failures", 50),
        ("not_before", NOW.as_secs() + 900),
        ("expires", 1),
    ] {
        old.insert(name.to_owned(), number(value));
    }
    put(table, old).await;
    let counted = (attempt, Counted::Account);
    guesses(table, counted, 2, &[(0, TRIED), (0, TRIED), (0, Err(30))]).await;
}

/// The table's TTL may delete an item once `expires` has passed, and must not before.
async fn an_item_expires_when_it_holds_nothing_more(table: &Table) {
    let attempt = &Attempt::new("203.0.113.21", "expires");
    let expires = async |what| {
        let item = item(table, &key(attempt, what).text).await;
        number_of(&item, "expires").unwrap() - NOW.as_secs()
    };
    for what in [Counted::Account, Counted::Address] {
        for (at, outcome, expected) in [
            (5, Outcome::Wrong, 5 + window(what)),
            (6, Outcome::Wrong, 6 + window(what)),
            (36, Outcome::Wrong, 96 + window(what)),
            (96, Outcome::Right, 96 + window(what)),
            (96, Outcome::Wrong, 96 + 120 + window(what)),
        ] {
            login(table, (attempt, what), outcome, 2, at).await.unwrap();
            assert_eq!(expires(what).await, expected, "{what:?} at {at} s");
        }
    }
    table.make_known(&attempt.pair, NOW).await.unwrap();
    for at in [1, 2, 32] {
        login(table, (attempt, Counted::Pair), Outcome::Wrong, 2, at)
            .await
            .unwrap();
        assert_eq!(expires(Counted::Pair).await, KNOWN.as_secs());
    }
}

async fn put(table: &Table, item: Item) {
    table
        .client
        .put_item()
        .table_name(&table.name)
        .set_item(Some(item))
        .send()
        .await
        .unwrap();
}

/// A second factor will lie in the same item.
async fn rehashing_leaves_the_rest_alone(table: &Table) {
    let key = credentials_key("0");
    let mut credentials = item(table, &key).await;
    let user = get(table, "0").await;
    credentials.insert("invented_later".into(), text("x"));
    put(table, credentials.clone()).await;
    let (old, other) = (hash(HASH), hash(OTHER_HASH));
    let replaced = table.replace_hash("0", &old, &other, NOW + seconds(5));
    assert!(replaced.await.unwrap());
    let new = item(table, &key).await;
    credentials.insert("password_hash".into(), text(OTHER_HASH));
    credentials.insert("updated".into(), number(NOW.as_secs() + 5));
    assert_eq!((new, get(table, "0").await), (credentials, user));
}

/// Reads a user whose items are those of `JohnDoe`, apart from these attributes of the user's own; `None`
/// removes one.
async fn find_with(
    table: &Table,
    changes: &[(&str, Option<AttributeValue>)],
) -> Result<User, StoreError> {
    put_with(table, &user_key("JohnDoe"), &user_key("other"), changes).await;
    let user = table.find("other").await?;
    Ok(user.unwrap())
}

/// The same as a login finds it, with other credentials.
async fn look_with(
    table: &Table,
    changes: &[(&str, Option<AttributeValue>)],
) -> Result<Option<Account>, StoreError> {
    let keys = [credentials_key("JohnDoe"), credentials_key("other")];
    put_with(table, &keys[0], &keys[1], changes).await;
    let attempt = Attempt::new("203.0.113.7", "other");
    let seen = LoginStore::look(table, &attempt).await?;
    Ok(seen.found)
}

async fn put_with(
    table: &Table,
    key: &str,
    other: &str,
    changes: &[(&str, Option<AttributeValue>)],
) {
    let mut item = item(table, key).await;
    item.insert("pk".into(), text(other));
    for (name, value) in changes {
        match value {
            Some(value) => item.insert((*name).into(), value.clone()),
            None => item.remove(*name),
        };
    }
    put(table, item).await;
}

async fn an_attribute_more_or_an_optional_one_less_is_fine(table: &Table) {
    let changes = [
        ("invented_later", Some(AttributeValue::Bool(true))),
        ("scopes", None),
        ("created", None),
        ("stamp", None),
    ];
    let user = find_with(table, &changes).await.unwrap();
    assert_eq!(user.scopes.to_string(), "");
}

async fn another_schemes_hash_is_no_hash(table: &Table) {
    find_with(table, &[]).await.unwrap();
    let bcrypt = text("$2b$12$EixZaYVK1fsbw1ZfbX3OXe");
    let found = look_with(table, &[("password_hash", Some(bcrypt))]).await;
    assert_eq!(found.unwrap().unwrap().password_hash, None);
}

/// Credentials of another id were set after the user was read, or before: neither may be taken for the user's.
async fn credentials_that_are_not_the_users_let_nobody_in(table: &Table) {
    find_with(table, &[]).await.unwrap();
    assert!(look_with(table, &[]).await.unwrap().is_some());
    for id in [Some(text("another")), None, Some(number(1))] {
        let missing = id.as_ref() != Some(&text("another"));
        let error = look_with(table, &[("credentials_id", id)]).await;
        let error = error.unwrap_err().to_string();
        let expected = if missing {
            "the item \"credentials#other\" has no valid credentials_id"
        } else {
            "the two items of the user \"other\" do not belong together"
        };
        assert!(error.contains(expected), "{error}");
    }
    let gone = table.client.delete_item().table_name(&table.name);
    let gone = gone.key("pk", text(user_key("other"))).send().await;
    gone.unwrap();
    assert_eq!(look_with(table, &[]).await.unwrap(), None, "without a user");
}

/// An earlier version kept the hash with the user, where every function could read it.
async fn a_user_of_an_earlier_version_is_named(table: &Table) {
    for changes in [
        [
            ("password_hash", Some(text(HASH))),
            ("credentials_id", None),
        ],
        [("password_hash", Some(text(HASH))), ("created", None)],
        [("credentials_id", None), ("created", None)],
    ] {
        let user = find_with(table, &changes).await;
        assert!(user.is_ok(), "the others do not need it: {user:?}");
        let error = look_with(table, &[]).await.unwrap_err();
        assert!(matches!(error, StoreError::Outdated(_)), "{error}");
        let expected = "the item \"user#other\" is of an earlier version; run: users upgrade-table";
        assert_eq!(error.to_string(), expected);
    }
}

async fn a_missing_or_wrong_attribute_is_named(table: &Table) {
    for (attribute, value) in [
        ("disabled", None),
        ("disabled", Some(text("false"))),
        ("scopes", Some(text("me items"))),
        ("scopes", Some(AttributeValue::L(vec![text("me")]))),
        ("email", Some(AttributeValue::Bool(false))),
        ("full_name", Some(AttributeValue::Null(true))),
        ("stamp", Some(AttributeValue::Bool(true))),
    ] {
        let error = find_with(table, &[(attribute, value)]).await.unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            format!("the item \"user#other\" has no valid {attribute}")
        );
    }
    find_with(table, &[]).await.unwrap();
    for value in [None, Some(AttributeValue::Bool(true))] {
        let error = look_with(table, &[("password_hash", value)]).await;
        let expected = "the item \"credentials#other\" has no valid password_hash";
        assert_eq!(error.unwrap_err().to_string(), expected);
    }
}
