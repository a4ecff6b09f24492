//! Tokens of a ring of keys, over the whole service: the page's flow, a dead key store, and keys that
//! follow one another while everybody works.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde_json::Value;
use shared::domain::accounts::{Stamp, User};
use shared::domain::tokens::keys::key::ALGORITHMS;
use shared::domain::tokens::keys::ring::{LEAD, SHORT_LEAD};
use shared::domain::tokens::keys::{Issuer, Key, Keyring, Ring};
use shared::domain::tokens::{NewToken, Signer};
use tests::keys::{ISSUER, Shelf, key, ring};
use tests::logs::logged;
use tests::stores::{One, cheap, johndoe};
use tests::world::Hands;
use tests::{Answer, Client, Gateway, NOW, World, block_on, world};

/// A ring without keys: where a test's own store replaces what the variables say.
const EMPTY: &str = r#"{"keys":[]}"#;
const LOGIN: &str = "grant_type=password&username=johndoe&password=secret";
const LIFETIME: Duration = Duration::from_mins(30);

/// With a password that costs next to nothing.
fn cheaply() -> World {
    let world = world().memory(cheap(&["johndoe"]));
    world
        .with("PASSWORD_HASH_MEMORY_KIB", 8)
        .with("PASSWORD_HASH_ITERATIONS", 1)
        .without("JWT_SECRET_KEY")
}

/// With this ring in the variables.
fn given(ring: &Ring) -> World {
    cheaply()
        .with("SIGNING_KEYS", ring.to_json().unwrap())
        .with("PUBLIC_KEYS", ring.public().to_json().unwrap())
}

/// With a ring that changes.
fn kept(shelf: &Arc<Shelf>) -> World {
    let world = cheaply()
        .with("SIGNING_KEYS", EMPTY)
        .with("PUBLIC_KEYS", EMPTY);
    World {
        keys: Some(shelf.clone()),
        ..world
    }
}

fn log_in(gateway: &Gateway, scope: &str) -> String {
    let answer = gateway.post_form("/token", &format!("{LOGIN}&scope={scope}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

fn read(gateway: &Gateway, token: &str) -> Answer {
    gateway.get("/users/me/", Some(token))
}

/// A token of this ring for a user, as POST /token signs it.
fn issue(ring: &Ring, user: &User) -> String {
    let signer = Signer::ring(Keyring::new(Arc::new(ring.clone())), None, LIFETIME);
    let token = NewToken::of_user(user, &user.scopes);
    block_on(signer.sign(&token, Duration::from_secs(NOW))).unwrap()
}

fn with_issuer(ring: Ring) -> Ring {
    let issuer = Some(Issuer::new(ISSUER, None).unwrap());
    Ring { issuer, ..ring }
}

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
    assert_eq!(answer.header("www-authenticate"), None);
}

#[test]
fn the_pages_flow_with_each_algorithm() {
    for algorithm in ALGORITHMS {
        let plain = ring(algorithm);
        for (issuer, ring) in [
            ("", plain.clone()),
            ("", with_issuer(plain.clone())),
            (ISSUER, plain.clone()),
        ] {
            for (dialect, missing) in [("fastapi", 401), ("rfc", 403)] {
                let world = given(&ring).with("API_DIALECT", dialect);
                let gateway = Gateway::new(world.with("ISSUER", issuer));
                let me = log_in(&gateway, "me");
                assert_eq!(read(&gateway, &me).json()["username"], "johndoe");
                let items = |token| gateway.get("/users/me/items/", Some(token)).status;
                assert_eq!(items(&me), missing, "{algorithm:?} {dialect}");
                assert_eq!(items(&log_in(&gateway, "me+items")), 200);
                assert_eq!(gateway.get("/status/", Some(&me)).status, 200);
                for bad in [&me[..me.len() - 4], &me.replacen('.', "..", 1)] {
                    assert_eq!(read(&gateway, bad).status, 401);
                }
            }
        }
    }
}

/// FastAPI's service with the same shared key knows no stamps; a ring has no second owner.
#[test]
fn a_token_of_a_ring_lives_as_long_as_its_users_stamp() {
    let ring = ring(Algorithm::EdDSA);
    let [one, other] = ["one", "other"].map(|stamp| Some(Stamp::from(stamp.to_owned())));
    for ring in [ring.clone(), with_issuer(ring)] {
        for (issued, now, status) in [
            (&None, &None, 200),
            (&one, &one, 200),
            (&one, &other, 401),
            (&None, &one, 401),
            (&one, &None, 401),
        ] {
            let with = |stamp: &Option<Stamp>| User {
                stamp: stamp.clone(),
                ..johndoe()
            };
            let gateway = Gateway::new(given(&ring).users(One::knowing(with(now))));
            let answer = read(&gateway, &issue(&ring, &with(issued)));
            assert_eq!(answer.status, status, "{issued:?} {now:?}");
        }
    }
}

#[test]
fn a_dead_key_store_is_a_503_until_it_is_back() {
    for dialect in ["fastapi", "rfc"] {
        let ring = ring(Algorithm::ES256);
        let token = issue(&ring, &johndoe());
        let shelf = Shelf::with(ring);
        *shelf.dead.lock().unwrap() = true;
        let gateway = Gateway::new(kept(&shelf).with("API_DIALECT", dialect));
        for (request, first) in [("a route", true), ("a login", true), ("again", false)] {
            let lines = logged(|| {
                assert_unavailable(&match request {
                    "a login" => gateway.post_form("/token", LOGIN),
                    _ => read(&gateway, &token),
                });
            });
            let messages: Vec<&Value> = lines.iter().map(|line| &line["message"]).collect();
            let cold =
                lines[0]["level"] == "WARN" && lines[0]["message"] == "the keys are not known yet";
            assert_eq!(cold, first, "{request}: {messages:?}");
        }
        assert_eq!(
            gateway.get("/users/me/", None).status,
            401,
            "no token at all"
        );
        let wrong = gateway.post_form("/token", &LOGIN.replace("secret", "wrong"));
        assert_eq!(wrong.status, 400);
        *shelf.dead.lock().unwrap() = false;
        assert_eq!(read(&gateway, &token).status, 200);
        let new = log_in(&gateway, "me");
        assert_eq!(read(&gateway, &new).status, 200);
    }
}

#[test]
fn without_a_ring_the_log_says_how_to_make_one() {
    let shelf = Arc::new(Shelf::default());
    let gateway = Gateway::new(kept(&shelf));
    let token = issue(&ring(Algorithm::EdDSA), &johndoe());
    let lines = logged(|| {
        assert_unavailable(&read(&gateway, &token));
        assert_unavailable(&gateway.post_form("/token", LOGIN));
    });
    let reasons = lines.iter().map(|line| line["reason"].to_string());
    assert_eq!(reasons.len(), 2);
    for reason in reasons {
        assert!(
            reason.contains("users --stack STACK keys generate"),
            "{reason}"
        );
    }
}

/// While the store does not answer, a key that is known verifies, and one that is not may be new.
#[test]
fn a_store_that_dies_later_refuses_nobody() {
    let hands = Hands::at_now();
    let shelf = Shelf::with(ring(Algorithm::EdDSA));
    let mut world = kept(&shelf).with("ACCESS_TOKEN_EXPIRE_MINUTES", 600);
    world.clock = hands.clone();
    let gateway = Gateway::new(world);
    let token = log_in(&gateway, "me");
    let foreign = issue(&ring(Algorithm::EdDSA), &johndoe());
    assert_eq!(read(&gateway, &foreign).status, 401);
    *shelf.dead.lock().unwrap() = true;
    hands.set(600);
    for _ in 0..3 {
        assert_eq!(read(&gateway, &token).status, 200);
        assert_unavailable(&read(&gateway, &foreign));
        log_in(&gateway, "me");
    }
    *shelf.dead.lock().unwrap() = false;
    hands.set(630);
    assert_eq!(read(&gateway, &foreign).status, 401);
}

#[test]
fn a_ring_whose_keys_do_not_sign_yet_is_a_503_for_logins_alone() {
    let next = Key {
        sign_from: Duration::from_secs(NOW + 60),
        ..key(Algorithm::EdDSA, 0)
    };
    let mut public = key(Algorithm::EdDSA, 3600);
    public.signing = None;
    for (keys, reason) in [
        (vec![next], "no key signs yet"),
        (vec![public], "private part"),
    ] {
        let shelf = Shelf::with(Ring { issuer: None, keys });
        let gateway = Gateway::new(kept(&shelf));
        let lines = logged(|| assert_unavailable(&gateway.post_form("/token", LOGIN)));
        let last = lines.last().unwrap()["reason"].to_string();
        assert!(
            last.contains(reason) && last.contains("keys rotate --now"),
            "{last}"
        );
        let foreign = issue(&ring(Algorithm::EdDSA), &johndoe());
        assert_eq!(read(&gateway, &foreign).status, 401);
    }
}

#[test]
fn a_thousand_unknown_keys_cost_a_function_one_read_in_30_seconds() {
    let hands = Hands::at_now();
    let shelf = Shelf::with(ring(Algorithm::EdDSA));
    let mut world = kept(&shelf);
    world.clock = hands.clone();
    let gateway = Gateway::new(world);
    let foreign = issue(&ring(Algorithm::EdDSA), &johndoe());
    assert_eq!(read(&gateway, &foreign).status, 401);
    assert_eq!(shelf.reads(), 1, "the cold start");
    for at in 1..=1000 {
        hands.set(29 * at / 1000);
        assert_eq!(read(&gateway, &foreign).status, 401);
    }
    assert_eq!(shelf.reads(), 0);
    hands.set(30);
    for _ in 0..1000 {
        assert_eq!(read(&gateway, &foreign).status, 401);
    }
    assert_eq!(shelf.reads(), 1);
}

/// `JWT_SECRET_KEY` gives way to a ring: nobody is logged out, and its tokens end at the named time.
#[test]
fn changing_from_the_shared_key_to_a_ring_logs_nobody_out() {
    let hands = Hands::at_now();
    let mut before = world();
    before.clock = hands.clone();
    let old = Gateway::new(before).login("me");
    let ring = with_issuer(ring(Algorithm::RS256));
    for shared in ["JWT_SECRET_KEY", "JWT_SECRET_KEY_PREVIOUS"] {
        let mut changing = given(&ring).with(shared, tests::KEY);
        changing.clock = hands.clone();
        let changing = changing.with("ACCEPT_HS256_UNTIL", "2026-07-01T00:10:00Z");
        let gateway = Gateway::new(changing);
        hands.set(0);
        let new = log_in(&gateway, "me");
        for (seconds, status) in [(0, 200), (599, 200), (600, 401), (601, 401)] {
            hands.set(seconds);
            assert_eq!(read(&gateway, &old).status, status, "at {seconds}");
            assert_eq!(read(&gateway, &new).status, 200);
        }
    }
    hands.set(0);
    let mut after = given(&ring);
    after.clock = hands;
    assert_eq!(read(&Gateway::new(after), &old).status, 401);
}

/// What everybody does while keys change: somebody logs in, everybody asks with the tokens that they
/// have, and a stranger names keys that nobody has.
struct Load {
    gateway: Gateway,
    hands: Arc<Hands>,
    shelf: Arc<Shelf>,
    foreign: String,
    /// Seconds after [`NOW`].
    at: u64,
    /// The tokens that have not expired, and when they do.
    tokens: Vec<(String, u64)>,
    /// The statuses of requests with those tokens.
    answers: BTreeMap<u16, u32>,
}

impl Load {
    fn new(ring: Ring) -> Self {
        let hands = Hands::at_now();
        let shelf = Shelf::with(ring);
        let mut world = kept(&shelf);
        world.clock = hands.clone();
        Self {
            gateway: Gateway::new(world),
            hands,
            shelf,
            foreign: issue(&self::ring(Algorithm::EdDSA), &johndoe()),
            at: 0,
            tokens: Vec::new(),
            answers: BTreeMap::new(),
        }
    }

    fn now(&self) -> Duration {
        Duration::from_secs(NOW + self.at)
    }

    /// Changes the ring, as the `users` command does.
    fn write(&self, change: impl FnOnce(&mut Vec<Key>)) {
        let mut ring = self.shelf.ring.lock().unwrap();
        let ring = ring.as_mut().unwrap();
        ring.tidy(self.now());
        change(&mut ring.keys);
    }

    /// A key that begins to sign after this time.
    fn next(&self, lead: Duration) -> Key {
        Key {
            sign_from: self.now() + lead,
            ..key(Algorithm::EdDSA, 0)
        }
    }

    /// One login, and requests with the newest tokens, the oldest ones, and some between.
    fn step(&mut self, seconds: u64) {
        self.at += seconds;
        self.hands.set(self.at);
        self.tokens.retain(|(_, end)| *end > self.at);
        // While the keys cannot be read, a stranger's key may be a new one.
        let dead = *self.shelf.dead.lock().unwrap();
        let status = read(&self.gateway, &self.foreign).status;
        assert!(status == 401 || (dead && status == 503), "{status}");
        let token = log_in(&self.gateway, "me");
        self.tokens.push((token, self.at + LIFETIME.as_secs()));
        let count = self.tokens.len();
        for (at, (token, _)) in self.tokens.iter().enumerate() {
            if at < 2 || at + 2 >= count || at % 23 == 0 {
                let status = read(&self.gateway, token).status;
                *self.answers.entry(status).or_default() += 1;
            }
        }
    }

    fn steps(&mut self, until: u64, seconds: u64) {
        while self.at < until {
            self.step(seconds);
        }
    }

    fn newest_kid(&self) -> String {
        let (token, _) = self.tokens.last().unwrap();
        kid(token)
    }
}

fn kid(token: &str) -> String {
    let header = jsonwebtoken::decode_header(token).unwrap();
    header.kid.unwrap()
}

/// A rotation with its three hours, while the store fails for ten minutes at a time.
#[test]
fn no_valid_token_is_refused_while_a_key_follows_another() {
    let first = ring(Algorithm::EdDSA);
    let old = first.keys[0].kid.clone();
    let mut load = Load::new(first);
    load.steps(600, 30);
    let next = load.next(LEAD);
    let new = next.kid.clone();
    let change = next.sign_from.as_secs() - NOW;
    load.write(|keys| keys.push(next));
    while load.at < change + 2 * LIFETIME.as_secs() {
        *load.shelf.dead.lock().unwrap() = load.at % 3600 > 3000;
        load.step(30);
        let signs = if load.at < change { &old } else { &new };
        assert_eq!(&load.newest_kid(), signs, "at {}", load.at);
    }
    println!(
        "a rotation in {} s: {:?} of {} reads",
        load.at,
        load.answers,
        load.shelf.reads()
    );
    assert_eq!(load.answers.keys().collect::<Vec<_>>(), [&200]);
}

/// `rotate --now`, while a stranger takes care that nobody may ask for new keys.
#[test]
fn no_valid_token_is_refused_while_a_key_follows_that_cannot_wait() {
    let mut load = Load::new(ring(Algorithm::EdDSA));
    load.steps(100, 1);
    let next = load.next(SHORT_LEAD);
    let new = next.kid.clone();
    load.write(|keys| keys.push(next));
    load.steps(420, 1);
    println!("a rotation that cannot wait: {:?}", load.answers);
    assert_eq!(load.answers.keys().collect::<Vec<_>>(), [&200]);
    assert_eq!(load.newest_kid(), new);
}

/// A key has leaked: another one signs at once. Somebody who has a token of it asks every second,
/// alone or beside everybody else, whose new tokens make the functions ask for the keys.
#[test]
fn a_revoked_key_ends_in_five_minutes() {
    for alone in [true, false] {
        let mut load = Load::new(ring(Algorithm::EdDSA));
        load.step(1);
        let (stolen, _) = load.tokens[0].clone();
        let instead = load.next(Duration::ZERO);
        load.write(|keys| {
            keys[0].revoked = true;
            keys.push(instead);
        });
        let mut statuses = Vec::new();
        for _ in 0..360 {
            if alone {
                load.at += 1;
                load.hands.set(load.at);
            } else {
                load.step(1);
            }
            statuses.push(read(&load.gateway, &stolen).status);
        }
        let valid = statuses.iter().filter(|status| **status == 200).count();
        println!("a revoked key was valid for {valid} s more, alone: {alone}");
        assert!(valid <= if alone { 300 } else { 30 }, "{valid}");
        assert!(statuses[valid..].iter().all(|status| *status == 401));
        let new = log_in(&load.gateway, "me");
        assert_ne!(kid(&new), kid(&stolen));
        assert_eq!(read(&load.gateway, &new).status, 200);
    }
}
