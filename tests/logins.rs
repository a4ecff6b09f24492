//! POST /token when somebody guesses passwords: the same tests on memory and on DynamoDB.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};
use shared::domain::clock::{Stopwatch, SystemClock};
use shared::domain::password::PasswordHash;
use shared::domain::users::{Reading, User};
use tests::dynamodb::{block_on, start_filled, world_at, world_on_dynamodb};
use tests::logs::logged;
use tests::stores::{One, OnlyBegins, johndoe};
use tests::world::PATIENT;
use tests::{Answer, Client, Gateway, KEY, World, parity, read, world};

/// Runs a test on each store, with limits of 3 failures per account and 8 per address.
fn on_each_store(test: impl Fn(World)) {
    test(world().limits(3, 8));
    test(world_on_dynamodb().limits(3, 8));
}

fn login(gateway: &Gateway, username: &str, password: &str) -> Answer {
    gateway.post_form(
        "/token",
        &format!("username={username}&password={password}&scope=me"),
    )
}

fn refused(answer: &Answer, retry_after: &str) {
    assert_eq!(
        (answer.status, answer.detail()),
        (429, json!("Too many login attempts"))
    );
    assert_eq!(answer.header("retry-after"), Some(retry_after));
}

fn at(gateway: &Gateway, seconds: u64) -> Gateway {
    Gateway::new(gateway.world.clone().later(seconds))
}

#[test]
fn names_that_exist_and_names_that_do_not_are_refused_alike() {
    on_each_store(|world| {
        let gateway = Gateway::new(world);
        for name in ["johndoe", "nobody"] {
            for _ in 0..3 {
                assert_eq!(login(&gateway, name, "wrong").status, 400);
            }
            refused(&login(&gateway, name, "wrong"), "30");
            refused(&login(&gateway, name, "secret"), "30");
        }
        assert_eq!(
            login(&gateway, "alice", "secretalice").status,
            200,
            "another account is not refused"
        );
    });
}

#[test]
fn the_wait_passes_and_a_success_clears_the_count() {
    on_each_store(|world| {
        let mut gateway = Gateway::new(world);
        for _ in 0..3 {
            login(&gateway, "johndoe", "wrong");
        }
        gateway = at(&gateway, 29);
        refused(&login(&gateway, "johndoe", "secret"), "1");
        gateway = at(&gateway, 30);
        assert_eq!(login(&gateway, "johndoe", "wrong").status, 400);
        refused(&login(&gateway, "johndoe", "secret"), "60");
        gateway = at(&gateway, 90);
        assert_eq!(login(&gateway, "johndoe", "secret").status, 200);
        for _ in 0..3 {
            assert_eq!(login(&gateway, "johndoe", "wrong").status, 400);
        }
        refused(&login(&gateway, "johndoe", "secret"), "30");
    });
}

#[test]
fn an_address_that_guesses_at_many_names_is_refused() {
    on_each_store(|world| {
        let gateway = Gateway::new(world);
        for _ in 0..10 {
            assert_eq!(
                login(&gateway, "alice", "secretalice").status,
                200,
                "successes are no failures"
            );
        }
        for number in 0..8 {
            assert_eq!(
                login(&gateway, &format!("name{number}"), "wrong").status,
                400
            );
        }
        refused(&login(&gateway, "johndoe", "secret"), "30");
        let mut event: Value = serde_json::from_str(&read("events/token.json")).unwrap();
        event["headers"]["x-forwarded-for"] = "198.51.100.1".into();
        refused(&gateway.invoke(&event), "30");
        event["requestContext"]["http"]["sourceIp"] = "198.51.100.1".into();
        assert_eq!(
            gateway.invoke(&event).status,
            200,
            "another address is not refused"
        );
    });
}

/// An attempt that is refused because of its address does not count for the account, nor the other
/// way round.
#[test]
fn what_is_refused_counts_for_nothing() {
    on_each_store(|world| {
        let mut gateway = Gateway::new(world);
        let elsewhere = |gateway: &Gateway| {
            let mut event: Value = serde_json::from_str(&read("events/token.json")).unwrap();
            event["requestContext"]["http"]["sourceIp"] = "198.51.100.1".into();
            gateway.invoke(&event).status
        };
        for _ in 0..3 {
            login(&gateway, "johndoe", "wrong");
        }
        for number in 0..4 {
            refused(&login(&gateway, "johndoe", "wrong"), "30");
            assert_eq!(
                login(&gateway, &format!("name{number}"), "wrong").status,
                400
            );
        }
        assert_eq!(
            login(&gateway, "name4", "wrong").status,
            400,
            "the eighth failure"
        );
        refused(&login(&gateway, "name5", "wrong"), "30");
        // Attempts during a wait do not prolong it: at 30 s johndoe logs in, from another address.
        for _ in 0..3 {
            gateway = at(&gateway, 29);
            refused(&login(&gateway, "johndoe", "wrong"), "1");
        }
        assert_eq!(elsewhere(&at(&gateway, 30)), 200);
    });
}

#[test]
fn a_login_stands_though_its_count_cannot_be_taken_back() {
    let gateway = Gateway::new(world().attempts(OnlyBegins).limits(3, 3));
    let lines = logged(|| assert_eq!(login(&gateway, "johndoe", "secret").status, 200));
    assert_eq!(
        (&lines[0]["level"], &lines[1]["outcome"]),
        (&json!("WARN"), &json!("ok"))
    );
    assert_eq!(login(&gateway, "johndoe", "wrong").status, 400);
}

#[test]
fn the_log_says_why_a_login_failed() {
    let unusable = User {
        password_hash: None,
        ..johndoe()
    };
    let dear = "$argon2id$v=19$m=262144,t=12,p=1$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc";
    let too_expensive = User {
        password_hash: PasswordHash::parse(dear).ok(),
        ..johndoe()
    };
    for (user, reason) in [
        (
            Some(too_expensive),
            "a hash that is too expensive for this function",
        ),
        (None, "unknown user"),
        (Some(johndoe()), "wrong password"),
        (Some(unusable), "not an argon2id hash that can be used"),
    ] {
        let gateway = Gateway::new(world().users(One(user)));
        let lines = logged(|| assert_eq!(login(&gateway, "johndoe", "wrong").status, 400));
        assert_eq!((lines.len(), &lines[0]["reason"]), (1, &json!(reason)));
    }
}

#[test]
fn no_limit_is_no_limit() {
    on_each_store(|world| {
        let gateway = Gateway::new(world.limits(0, 0));
        for _ in 0..12 {
            assert_eq!(login(&gateway, "johndoe", "wrong").status, 400);
        }
        assert_eq!(login(&gateway, "johndoe", "secret").status, 200);
    });
}

/// Every recorded answer of FastAPI, with the users in DynamoDB.
#[test]
fn dynamodb_answers_as_fastapi_does() {
    let cases = parity::cases(&["core", "framework", "edge"]);
    parity::run(&Gateway::new(world_on_dynamodb()), KEY, &cases);
}

#[test]
fn guesses_at_the_same_moment_do_not_pass_the_limit() {
    let address = start_filled();
    let hashed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let gateway = Gateway::new(world_at(address, PATIENT).limits(3, 8));
                let status = login(&gateway, "johndoe", "wrong").status;
                assert!([400, 429].contains(&status), "{status}");
                hashed.fetch_add(usize::from(status == 400), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(hashed.into_inner(), 3);
}

#[test]
fn a_weaker_hash_is_made_anew_once() {
    on_each_store(|world| {
        let world = world.with("PASSWORD_HASH_ITERATIONS", 3).limits(0, 0);
        let gateway = Gateway::new(world);
        for _ in 0..2 {
            assert_eq!(login(&gateway, "johndoe", "wrong").status, 400);
            assert_eq!(login(&gateway, "johndoe", "secret").status, 200);
        }
        let users = gateway.world.users.unwrap();
        let find = users.find("johndoe", Reading::Strong);
        let hash = block_on(find).unwrap().unwrap().password_hash.unwrap();
        assert!(
            hash.to_string()
                .starts_with("$argon2id$v=19$m=19456,t=3,p=1$"),
            "{hash}"
        );
    });
}

/// Fifty guessers for 30 seconds of real time, which is too long for `make test`.
#[test]
#[ignore = "takes half a minute: cargo test --release -p tests --test logins fifty -- --ignored --nocapture"]
fn fifty_guessers() {
    let address = start_filled();
    let gateway = |per_account| {
        let mut world = world_at(address, PATIENT).limits(per_account, 0);
        world.clock = Arc::new(SystemClock);
        Gateway::new(world)
    };
    let (hashed, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let stopwatch = Stopwatch::start();
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                let gateway = gateway(10);
                while stopwatch.elapsed_ms() < 30_000.0 {
                    match login(&gateway, "johndoe", "wrong").status {
                        400 => hashed.fetch_add(1, Ordering::Relaxed),
                        429 => refused.fetch_add(1, Ordering::Relaxed),
                        status => panic!("{status}"),
                    };
                }
            });
        }
    });
    let victim = login(&gateway(10), "johndoe", "secret");
    println!(
        "in 30 s: {} attempts hashed, {} refused",
        hashed.load(Ordering::Relaxed),
        refused.load(Ordering::Relaxed)
    );
    println!(
        "the victim's login right afterwards: {} Retry-After {:?}",
        victim.status,
        victim.header("retry-after")
    );
    println!(
        "the victim's login without limits: {}",
        login(&gateway(0), "johndoe", "secret").status
    );
}

/// Medians of how long each kind of refused login takes: printed, never asserted.
#[test]
#[ignore = "a measurement: cargo test --release -p tests --test logins median -- --ignored --nocapture"]
fn medians_of_refused_logins() {
    let unusable = User {
        password_hash: None,
        ..johndoe()
    };
    let mut kinds = [
        (
            "wrong password",
            Gateway::new(world_on_dynamodb().users(One(Some(johndoe())))),
            Vec::new(),
        ),
        (
            "unknown user",
            Gateway::new(world_on_dynamodb().users(One(None))),
            Vec::new(),
        ),
        (
            "unusable hash",
            Gateway::new(world_on_dynamodb().users(One(Some(unusable)))),
            Vec::new(),
        ),
    ];
    for _ in 0..200 {
        for (_, gateway, times) in &mut kinds {
            let stopwatch = Stopwatch::start();
            assert_eq!(login(gateway, "johndoe", "wrong").status, 400);
            times.push(stopwatch.elapsed_ms());
        }
    }
    for (kind, _, mut times) in kinds {
        times.sort_by(f64::total_cmp);
        println!(
            "{kind}: median {:.2} ms of {}",
            times[times.len() / 2],
            times.len()
        );
    }
}
