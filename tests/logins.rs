//! POST /token when logins fail: the same tests on memory and on DynamoDB.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use shared::domain::accounts::Account;
use shared::domain::accounts::password::{PasswordHash, Passwords, Policy};
use shared::domain::login::attempt::Attempt;
use shared::domain::login::store::Written;
use tests::dynamodb::{start_filled, start_with, world_at, world_on_dynamodb};
use tests::logs::{logged, logged_to_the_last_line};
use tests::stores::{Call, Fault, Judged, One, cheap, johndoes_account};
use tests::world::{Hands, PATIENT};
use tests::{Answer, Client, Gateway, HttpRequest, KEY, NOW, World, block_on, parity, read, world};

/// Runs a test on each store, with limits of 3 failures per account and 8 per address.
fn on_each_store(test: impl Fn(World)) {
    test(world().limits(3, 8));
    test(world_on_dynamodb().limits(3, 8));
}

fn login(gateway: &Gateway, username: &str, password: &str) -> Answer {
    login_from(gateway, "203.0.113.7", username, password)
}

fn login_from(gateway: &Gateway, source_ip: &str, username: &str, password: &str) -> Answer {
    let form = format!("username={username}&password={password}&scope=me");
    gateway.send(
        &HttpRequest::new("POST", "/token")
            .form(form)
            .from(source_ip),
    )
}

const ELSEWHERE: &str = "198.51.100.1";

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
        for number in 0..8 {
            assert_eq!(
                login(&gateway, &format!("name{number}"), "wrong").status,
                400
            );
        }
        refused(&login(&gateway, "johndoe", "secret"), "30");
        let mut event: Value = serde_json::from_str(&read("events/token.json")).unwrap();
        event["headers"]["x-forwarded-for"] = ELSEWHERE.into();
        refused(&gateway.invoke(&event), "30");
        event["requestContext"]["http"]["sourceIp"] = ELSEWHERE.into();
        assert_eq!(
            gateway.invoke(&event).status,
            200,
            "another address is not refused"
        );
    });
}

#[test]
fn right_logins_are_no_failures() {
    on_each_store(|world| {
        let gateway = Gateway::new(world);
        for _ in 0..10 {
            assert_eq!(login(&gateway, "alice", "secretalice").status, 200);
        }
        for number in 0..8 {
            assert_eq!(
                login(&gateway, &format!("name{number}"), "wrong").status,
                400
            );
        }
        refused(&login(&gateway, "name8", "wrong"), "30");
    });
}

/// Whoever has logged in from an address is counted there for themselves.
#[test]
fn an_address_that_the_account_knows_is_refused_for_its_own_failures_only() {
    on_each_store(|world| {
        let gateway = Gateway::new(world);
        assert_eq!(login(&gateway, "johndoe", "secret").status, 200);
        for number in 0..12 {
            login(&gateway, &format!("name{number}"), "wrong");
            login_from(&gateway, ELSEWHERE, "johndoe", "wrong");
        }
        refused(&login(&gateway, "alice", "secretalice"), "30");
        refused(&login_from(&gateway, ELSEWHERE, "johndoe", "secret"), "30");
        assert_eq!(login(&gateway, "johndoe", "secret").status, 200);
        for _ in 0..3 {
            assert_eq!(login(&gateway, "johndoe", "wrong").status, 400);
        }
        refused(&login(&gateway, "johndoe", "secret"), "30");
    });
}

#[test]
fn an_address_is_known_for_30_days_after_the_last_right_login() {
    const DAYS: u64 = 86_400;
    on_each_store(|world| {
        let mut gateway = Gateway::new(world);
        for day in [0, 29, 58] {
            gateway = at(&gateway, day * DAYS);
            assert_eq!(login(&gateway, "johndoe", "secret").status, 200);
        }
        for (seconds, status) in [(88 * DAYS - 1, 200), (118 * DAYS - 1, 429)] {
            gateway = at(&gateway, seconds);
            for _ in 0..3 {
                login_from(&gateway, ELSEWHERE, "johndoe", "wrong");
            }
            assert_eq!(login(&gateway, "johndoe", "secret").status, status);
        }
    });
}

/// The gateway always says where a request comes from. One that came without would otherwise be known
/// together with all others.
#[test]
fn an_address_that_cannot_be_read_is_known_to_no_account() {
    on_each_store(|world| {
        let gateway = Gateway::new(world);
        assert_eq!(login_from(&gateway, "", "johndoe", "secret").status, 200);
        for _ in 0..3 {
            login_from(&gateway, ELSEWHERE, "johndoe", "wrong");
        }
        refused(&login_from(&gateway, "", "johndoe", "secret"), "30");
        refused(&login_from(&gateway, "garbage", "johndoe", "secret"), "30");
    });
}

/// An attempt that is refused because of its address does not count for the account, nor the other
/// way round.
#[test]
fn what_is_refused_counts_for_nothing() {
    on_each_store(|world| {
        let mut gateway = Gateway::new(world);
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
        let gateway = at(&gateway, 30);
        assert_eq!(
            login_from(&gateway, ELSEWHERE, "johndoe", "secret").status,
            200
        );
    });
}

/// Where a disabled user may not log in, the right password counts as a wrong one: the answer is
/// the same, so the count must be.
#[test]
fn a_disabled_users_right_password_counts_as_wrong() {
    on_each_store(|world| {
        let gateway = Gateway::new(world.with("API_DIALECT", "rfc"));
        let form = "grant_type=password&username=alice&password=secretalice";
        let statuses = [(); 4].map(|()| gateway.post_form("/token", form).status);
        assert_eq!(statuses, [400, 400, 400, 429]);
    });
}

#[test]
fn the_log_says_why_a_login_failed() {
    let unusable = Account {
        password_hash: None,
        ..johndoes_account()
    };
    let dear = "$argon2id$v=19$m=262144,t=40,p=1$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc";
    let too_expensive = Account {
        password_hash: PasswordHash::parse(dear).ok(),
        ..johndoes_account()
    };
    for (user, reason) in [
        (
            Some(too_expensive),
            "a hash that is too expensive for this function",
        ),
        (None, "unknown user"),
        (Some(johndoes_account()), "wrong password"),
        (Some(unusable), "not an argon2id hash that can be used"),
    ] {
        let gateway = Gateway::new(world().users(One(user)));
        let lines = logged(|| assert_eq!(login(&gateway, "johndoe", "wrong").status, 400));
        assert_eq!((lines.len(), &lines[0]["reason"]), (1, &json!(reason)));
    }
}

/// Whose failures they were, and at whose account, if there is one.
#[test]
fn the_log_says_why_a_login_must_wait() {
    let gateway = Gateway::new(world().limits(1, 2));
    let line = |source_ip: &str, username: &str| {
        let refuse = || refused(&login_from(&gateway, source_ip, username, "x"), "30");
        let lines = logged(refuse);
        assert_eq!(lines[0]["outcome"], "too_many_attempts");
        (lines[0]["span"]["sub"].clone(), lines[0]["reason"].clone())
    };
    login(&gateway, "johndoe", "secret");
    login(&gateway, "johndoe", "wrong");
    login_from(&gateway, ELSEWHERE, "johndoe", "wrong");
    login_from(&gateway, ELSEWHERE, "nobody", "wrong");
    for (source_ip, username, sub, reason) in [
        (
            "203.0.113.7",
            "johndoe",
            json!("johndoe"),
            "at the account, from an address that is known to it",
        ),
        (
            "198.51.100.2",
            "johndoe",
            json!("johndoe"),
            "at the account, from addresses that are not known to it",
        ),
        (
            "198.51.100.2",
            "nobody",
            json!(null),
            "at the account, from addresses that are not known to it",
        ),
        (
            ELSEWHERE,
            "alice",
            json!("alice"),
            "from the address, at accounts to which it is not known",
        ),
    ] {
        assert_eq!(
            line(source_ip, username),
            (sub, json!(reason)),
            "{source_ip} {username}"
        );
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
    parity::run(&Gateway::new(world_on_dynamodb()), Some(KEY), &cases);
}

/// From as many addresses, so that only the account's limit counts.
#[test]
fn of_guesses_at_the_same_moment_no_more_are_told_than_the_limit() {
    let address = start_filled();
    let told = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 0..20 {
            let told = &told;
            scope.spawn(move || {
                let gateway = Gateway::new(world_at(address, PATIENT).limits(3, 8));
                let source_ip = format!("203.0.113.{number}");
                let status = login_from(&gateway, &source_ip, "johndoe", "wrong").status;
                assert!([400, 429].contains(&status), "{status}");
                told.fetch_add(usize::from(status == 400), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(told.into_inner(), 3);
}

/// Each of the three tries is made at its own time, and none of them tells whether the password was
/// right.
#[test]
fn a_login_that_others_overtake_three_times_is_refused_right_or_wrong() {
    for password in ["secret", "wrong"] {
        let (clock, tries) = (Hands::at_now(), Arc::new(Mutex::new(Vec::new())));
        let (hands, log) = (Arc::clone(&clock), Arc::clone(&tries));
        let overtaken = Judged::new(johndoes_account(), move |verdict| {
            log.lock().unwrap().push(verdict.now.as_secs() - NOW);
            hands.advance(1);
            Written::No(None)
        });
        let world = World {
            clock,
            logins: Some(Arc::new(overtaken)),
            ..world().limits(3, 8)
        };
        refused(&login(&Gateway::new(world), "johndoe", password), "30");
        assert_eq!(*tries.lock().unwrap(), [0, 1, 2], "{password}");
    }
}

/// What a login does, by the log: the costs of the hashes that it computes, and its verdict.
fn steps(world: &World, username: &str, password: &str) -> Vec<String> {
    let gateway = Gateway::new(world.clone().flaky(|call| {
        if call == Call::Write {
            tracing::debug!(cost = "verdict", "a hash is computed");
        }
        Fault::None
    }));
    let lines = logged_to_the_last_line(|| drop(login(&gateway, username, password)));
    let hashes = lines
        .iter()
        .filter(|line| line["message"] == "a hash is computed");
    hashes
        .map(|line| line["cost"].as_str().unwrap().to_owned())
        .collect()
}

/// Between hash and verdict, right and wrong would otherwise arrive at different times.
#[test]
fn a_login_computes_one_hash_and_a_new_one_after_the_verdict() {
    let (cheap_cost, other) = ("m=8,t=1,p=1", "m=16,t=1,p=1");
    let mut users = cheap(&["johndoe", "jane"]);
    let jane = Passwords::new(Policy::new(16, 1, 1, None).unwrap()).hash("secret");
    users.get_mut("jane").unwrap().password_hash = jane.ok();
    let world = world().memory(users).limits(0, 1000);
    let world = world.with("PASSWORD_HASH_MEMORY_KIB", 8);
    let world = world.with("PASSWORD_HASH_ITERATIONS", 1);
    let refused = |cost| vec![cost, "verdict", "verdict"];
    for (username, password, expected) in [
        ("nobody", "wrong", refused(cheap_cost)),
        ("johndoe", "wrong", refused(cheap_cost)),
        ("jane", "wrong", refused(other)),
        ("johndoe", "secret", vec![cheap_cost, "verdict"]),
        // A new hash, by the policy.
        ("jane", "secret", vec![other, "verdict", cheap_cost]),
    ] {
        assert_eq!(
            steps(&world, username, password),
            expected,
            "{username} {password}"
        );
    }
}

/// A password that NFC changes is tried in NFC and as it was typed. Whether the user exists does not show.
#[test]
fn a_refused_password_that_nfc_changes_costs_two_hashes_for_every_name() {
    let cost = "m=8,t=1,p=1";
    let world = world().memory(cheap(&["johndoe"])).limits(0, 1000);
    let world = world.with("PASSWORD_HASH_MEMORY_KIB", 8);
    let world = world.with("PASSWORD_HASH_ITERATIONS", 1);
    for (password, hashes) in [("u%CC%88", 2), ("%C3%BC", 1), ("u", 1)] {
        let mut expected = vec![cost; hashes];
        expected.extend(["verdict", "verdict"]);
        for username in ["johndoe", "nobody"] {
            assert_eq!(steps(&world, username, password), expected, "{password}");
        }
    }
}

/// A phone writes a capital at the beginning; keyboards compose letters or do not.
#[test]
fn a_name_is_found_however_it_was_typed() {
    let names = ["jane@example.com", "zo\u{eb}", "JohnDoe"];
    let address = start_with(cheap(&names).into_values());
    for world in [world().memory(cheap(&names)), world_at(address, PATIENT)] {
        let gateway = Gateway::new(world.limits(2, 0).with("PASSWORD_HASH_ITERATIONS", 1));
        for (typed, status) in [
            ("Jane@Example.com", 200),
            ("JANE@EXAMPLE.COM", 200),
            ("zoe%CC%88", 200),
            ("Zo%C3%AB", 400),
            ("JohnDoe", 200),
            ("johndoe", 400),
        ] {
            assert_eq!(login(&gateway, typed, "secret").status, status, "{typed}");
        }
        for (typed, status) in [
            ("JANE@example.com", 400),
            ("jane@EXAMPLE.com", 400),
            ("jane@example.com", 429),
        ] {
            let answer = login_from(&gateway, ELSEWHERE, typed, "wrong");
            assert_eq!(answer.status, status, "one count: {typed}");
        }
    }
}

/// Of `u`, U+0308, `ber`, by libargon2.
const AS_TYPED: &str =
    "$argon2id$v=19$m=8,t=1,p=1$YXMgaXQgd2FzIHR5cGVkLg$OHd7nFNCIimRYIAah4U2y5ParcucbEJaXtADgI1eVdo";

/// An earlier version hashed what was typed.
#[test]
fn a_password_that_was_hashed_as_typed_is_hashed_anew_in_nfc() {
    let (composed, decomposed) = ("%C3%BCber", "u%CC%88ber");
    let mut users = cheap(&["johndoe"]);
    users.get_mut("johndoe").unwrap().password_hash = PasswordHash::parse(AS_TYPED).ok();
    let world = world().memory(users).limits(0, 0);
    let world = world.with("PASSWORD_HASH_MEMORY_KIB", 8);
    let gateway = Gateway::new(world.with("PASSWORD_HASH_ITERATIONS", 1));
    assert_eq!(
        login(&gateway, "johndoe", composed).status,
        400,
        "not hashed so"
    );
    assert_eq!(stored_hash(&gateway), AS_TYPED);
    assert_eq!(login(&gateway, "johndoe", decomposed).status, 200);
    assert_ne!(stored_hash(&gateway), AS_TYPED);
    for typed in [composed, decomposed] {
        assert_eq!(login(&gateway, "johndoe", typed).status, 200, "{typed}");
    }
}

/// 120,000 KiB are more than a function of 128 MB has.
#[test]
fn a_larger_function_verifies_what_a_smaller_one_cannot() {
    let costly = Passwords::new(Policy::new(120_000, 1, 1, None).unwrap());
    let account = Account {
        password_hash: costly.hash("secret").ok(),
        ..johndoes_account()
    };
    for (megabytes, status) in [(128, 400), (256, 200)] {
        let world = world().memory([("johndoe".to_owned(), account.clone())]);
        let gateway = Gateway::new(world.with("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", megabytes));
        assert_eq!(
            login(&gateway, "johndoe", "secret").status,
            status,
            "{megabytes} MB"
        );
    }
}

/// A weaker one, and FastAPI's, which is stronger.
#[test]
fn a_hash_of_another_cost_is_made_anew_once() {
    on_each_store(|world| {
        for (iterations, memory) in [(3, 19_456), (1, 8_192)] {
            let world = world.clone().limits(0, 0);
            let world = world.with("PASSWORD_HASH_ITERATIONS", iterations);
            let gateway = Gateway::new(world.with("PASSWORD_HASH_MEMORY_KIB", memory));
            let expected = format!("$argon2id$v=19$m={memory},t={iterations},p=1$");
            let hash = || stored_hash(&gateway);
            assert!(!hash().starts_with(&expected), "{}", hash());
            assert_eq!(login(&gateway, "johndoe", "wrong").status, 400);
            assert!(!hash().starts_with(&expected), "{}", hash());
            assert_eq!(login(&gateway, "johndoe", "secret").status, 200);
            let new = hash();
            assert!(new.starts_with(&expected), "{new}");
            assert_eq!(login(&gateway, "johndoe", "secret").status, 200);
            assert_eq!(hash(), new);
        }
    });
}

fn stored_hash(gateway: &Gateway) -> String {
    let logins = gateway.world.logins.as_ref().unwrap();
    let attempt = Attempt::new("203.0.113.7", "johndoe");
    let found = block_on(logins.look(&attempt)).unwrap().found;
    found.unwrap().password_hash.unwrap().to_string()
}
