//! A DynamoDB that fails: every fault is 503 with `Retry-After`, and never a login.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;
use shared::aws::table::{text, user_key};
use shared::domain::clock::Stopwatch;
use shared::domain::login::attempt::Attempt;
use shared::domain::login::count::Standing;
use shared::domain::login::store::{LoginStore, Outcome, Verdict};
use shared::domain::store::{Patience, StoreError};
use tests::dynamodb::{behind_proxy, cold_start, connect, world_at};
use tests::logs::logged;
use tests::proxy::{Fault, Proxy};
use tests::stores::{self, Call, One, johndoe};
use tests::{Answer, Client, Gateway, NOW, World, block_on, world};

const FAULTS: &[(&str, Fault)] = &[
    (
        "throttled",
        Fault::Answer(400, "ProvisionedThroughputExceededException"),
    ),
    (
        "request limit exceeded",
        Fault::Answer(400, "RequestLimitExceeded"),
    ),
    (
        "no such table",
        Fault::Answer(400, "ResourceNotFoundException"),
    ),
    ("access denied", Fault::Answer(400, "AccessDeniedException")),
    ("500", Fault::Answer(500, "InternalServerError")),
    ("503", Fault::Answer(503, "ServiceUnavailable")),
    ("black hole", Fault::BlackHole),
    ("half closed", Fault::HalfClosed),
    ("closed without a word", Fault::Closed),
    ("cut in the middle", Fault::Cut),
    ("not HTTP", Fault::Garbage),
    (
        "slower than an attempt may be",
        Fault::Slow(Duration::from_millis(700)),
    ),
    ("byte by byte", Fault::Dribble(Duration::from_millis(30))),
];

fn service() -> (Gateway, Proxy) {
    behind_proxy(10, 100)
}

fn unavailable(fault: &str, answer: &Answer) {
    assert_eq!(
        (answer.status, answer.detail()),
        (503, json!("Service Unavailable")),
        "{fault}"
    );
    assert_eq!(answer.header("retry-after"), Some("1"), "{fault}");
}

#[test]
fn every_fault_is_503_and_passes() {
    let token = Gateway::new(world()).login("me items");
    let rows = thread::scope(|scope| {
        let start = |(name, fault)| {
            let token = &token;
            scope.spawn(move || suffer(name, fault, token))
        };
        let running: Vec<_> = FAULTS.iter().copied().map(start).collect();
        running
            .into_iter()
            .map(|row| row.join().unwrap())
            .collect::<Vec<_>>()
    });
    println!(
        "| fault | status | longest, ms | logged |\n|---|---|---|---|\n{}",
        rows.join("\n")
    );
}

/// Sends two logins and a read during a fault, and a read after it. Returns a row of the printed
/// table.
fn suffer(name: &str, fault: Fault, token: &str) -> String {
    let (gateway, proxy) = service();
    gateway.login("me");
    proxy.inject(fault);
    let mut longest: f64 = 0.0;
    let mut timed = |answer: &dyn Fn() -> Answer| {
        let stopwatch = Stopwatch::start();
        let answer = answer();
        longest = longest.max(stopwatch.elapsed_ms());
        answer
    };
    let lines = logged(|| {
        for password in ["secret", "wrong"] {
            let form = format!("username=johndoe&password={password}&scope=me");
            unavailable(name, &timed(&|| gateway.post_form("/token", &form)));
        }
        unavailable(name, &timed(&|| gateway.get("/users/me/", Some(token))));
    });
    let line = lines
        .iter()
        .find(|line| line["outcome"] == "unavailable")
        .unwrap();
    assert_eq!(line["level"], "ERROR", "{name}");
    proxy.inject(Fault::None);
    assert_eq!(
        gateway.get("/users/me/", Some(token)).status,
        200,
        "{name}: all is well"
    );
    format!(
        "| {name} | 503 | {longest:.0} | {} |",
        line["reason"].as_str().unwrap()
    )
}

/// Right and wrong have the same time for their verdicts.
#[test]
fn calls_that_are_just_fast_enough_are_no_fault() {
    let (gateway, proxy) = service();
    let token = gateway.login("me");
    proxy.inject(Fault::Slow(Duration::from_millis(450)));
    assert_eq!(gateway.get("/users/me/", Some(&token)).status, 200);
    for (password, status) in [("secret", 200), ("wrong", 400)] {
        let form = format!("username=johndoe&password={password}");
        assert_eq!(gateway.post_form("/token", &form).status, status);
    }
}

#[test]
fn a_refused_connection_is_503() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let gateway = Gateway::new(world_at(free, Patience::default()).limits(10, 100));
    unavailable(
        "refused",
        &gateway.post_form("/token", "username=johndoe&password=secret"),
    );
    let token = Gateway::new(world()).login("me");
    unavailable("refused", &gateway.get("/users/me/", Some(&token)));
}

/// A cold start waits for the table for a second at most, and then starts without it.
#[test]
fn a_connection_that_cannot_be_opened_is_a_warning() {
    let (_, proxy) = service();
    for (function, message) in [
        ("users-me", "no connection to the table yet"),
        ("token", "no connection to the table yet"),
    ] {
        for fault in [Fault::BlackHole, Fault::Answer(500, "InternalServerError")] {
            proxy.inject(fault);
            let lines = logged(|| cold_start(function, proxy.address));
            let line = lines.last().unwrap();
            assert_eq!(
                (&line["level"], &line["message"]),
                (&json!("WARN"), &json!(message)),
                "{fault:?}"
            );
            let reason = line["reason"].as_str().unwrap();
            assert_eq!(
                reason.contains("deadline"),
                fault == Fault::BlackHole,
                "{reason}"
            );
        }
    }
}

/// What fails before the hash counts for nothing: a user who retried is not locked out afterwards.
#[test]
fn attempts_during_a_fault_are_no_failures() {
    let (gateway, proxy) = behind_proxy(3, 5);
    let login = || gateway.post_form("/token", "username=johndoe&password=secret");
    proxy.inject(Fault::Answer(500, "InternalServerError"));
    for _ in 0..12 {
        unavailable("look", &login());
    }
    proxy.inject(Fault::None);
    assert_eq!(login().status, 200);
}

/// If the verdict cannot be written, right and wrong are told alike: a guess that was not counted
/// must not be told.
#[test]
fn a_verdict_that_cannot_be_written_is_503_right_or_wrong() {
    for fault in [stores::Fault::Lost, stores::Fault::Unanswered] {
        let world = world().limits(3, 5).flaky(move |call| match call {
            Call::Write => fault,
            _ => stores::Fault::None,
        });
        let gateway = Gateway::new(world);
        for password in ["secret", "wrong"] {
            let form = format!("username=johndoe&password={password}");
            unavailable(password, &gateway.post_form("/token", &form));
        }
    }
}

/// It would be tried again, and then be 429, though nobody has failed too often.
#[test]
fn a_verdict_that_dynamodb_refuses_is_no_count_that_has_changed() {
    let (_, proxy) = service();
    let table = connect(format!("http://{}", proxy.address), "users");
    let attempt = Attempt::new("203.0.113.7", "johndoe");
    for error in ["AccessDeniedException", "ResourceNotFoundException"] {
        proxy.inject(Fault::Answer(400, error));
        let written = block_on(table.write(Verdict {
            key: &attempt.account,
            standing: Standing::Open,
            outcome: Outcome::Right,
            limit: 3,
            now: Duration::from_secs(NOW),
        }));
        assert!(
            matches!(written, Err(StoreError::Unavailable(_))),
            "{error}: {written:?}"
        );
    }
}

/// Nor is a guess told that its address cannot count, though its account has counted it.
#[test]
fn a_guess_that_only_the_account_has_counted_is_503() {
    for fault in [stores::Fault::Lost, stores::Fault::Unanswered] {
        let writes = AtomicUsize::new(0);
        let gateway = Gateway::new(world().limits(1, 5).flaky(move |call| match call {
            Call::Write if writes.fetch_add(1, Ordering::SeqCst) == 1 => fault,
            _ => stores::Fault::None,
        }));
        let guess = || gateway.post_form("/token", "username=johndoe&password=wrong");
        unavailable("address", &guess());
        assert_eq!(guess().status, 429);
    }
}

/// No call waits longer than the login lets it, and only what decides is 503.
#[test]
fn a_call_that_hangs_is_given_up() {
    for (hangs, nth, password, status) in [
        (Call::Look, 0, "secret", 503),
        (Call::Write, 0, "secret", 503),
        (Call::Write, 0, "wrong", 503),
        (Call::Write, 1, "wrong", 503),
        (Call::MakeKnown, 0, "secret", 200),
        (Call::ReplaceHash, 0, "secret", 200),
    ] {
        let calls = AtomicUsize::new(0);
        let world = world()
            .with("PASSWORD_HASH_ITERATIONS", 3)
            .flaky(move |call| {
                let hung = call == hangs && calls.fetch_add(1, Ordering::SeqCst) == nth;
                [stores::Fault::None, stores::Fault::Hangs][usize::from(hung)]
            });
        let patience = Patience::default();
        let gateway = Gateway::new(World { patience, ..world });
        let form = format!("username=johndoe&password={password}");
        let answer = gateway.post_form("/token", &form);
        assert_eq!(answer.status, status, "{hangs:?} {nth} {password}");
    }
}

/// What comes after the verdict changes nothing for a user who knows the password.
#[test]
fn a_login_stands_though_its_address_does_not_become_known() {
    let world = world().limits(3, 5).flaky(|call| match call {
        Call::MakeKnown => stores::Fault::Lost,
        _ => stores::Fault::None,
    });
    let gateway = Gateway::new(world);
    let login = || gateway.post_form("/token", "username=johndoe&password=secret");
    let lines = logged(|| assert_eq!(login().status, 200));
    assert_eq!(
        (&lines[0]["level"], &lines[1]["outcome"]),
        (&json!("WARN"), &json!("ok"))
    );
}

/// A user who knows the password is let in, even if the hash cannot be replaced.
#[test]
fn a_failed_rehash_leaves_the_login() {
    let world = world().with("PASSWORD_HASH_ITERATIONS", 3);
    let gateway = Gateway::new(world.users(One::knowing(johndoe())));
    let lines = logged(|| {
        assert_eq!(
            gateway
                .post_form("/token", "username=johndoe&password=secret")
                .status,
            200
        );
    });
    assert_eq!(
        (&lines[0]["level"], &lines[1]["outcome"]),
        (&json!("WARN"), &json!("ok"))
    );
}

/// An item that somebody must repair is an error of this service; the log says which item it is.
#[test]
fn a_corrupt_item_is_500_and_never_a_login() {
    let (gateway, proxy) = service();
    block_on(async {
        let table = connect(format!("http://{}", proxy.address), "users");
        let update = table
            .client
            .update_item()
            .table_name("users")
            .key("pk", text(user_key("johndoe")));
        update
            .update_expression("REMOVE disabled")
            .send()
            .await
            .unwrap();
    });
    let token = Gateway::new(world()).login("me");
    let lines = logged(|| {
        for answer in [
            gateway.post_form("/token", "username=johndoe&password=secret"),
            gateway.get("/users/me/", Some(&token)),
        ] {
            assert_eq!(
                (answer.status, answer.detail()),
                (500, json!("Internal Server Error"))
            );
        }
    });
    for line in lines.iter().filter(|line| line["outcome"] != json!(null)) {
        assert_eq!(
            line["reason"],
            "the item \"user#johndoe\" has no valid disabled"
        );
    }
}
