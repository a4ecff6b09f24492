//! The list of what the password hashes cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::aws::table::{Item, credentials_key, text};

use crate::support::{GOOD_PASSWORD, HASH, Server, bare, finish};
use crate::{user, with_bob, with_johndoe};

/// What the hash of [`user`] costs, and what a new one costs.
const BOBS: &str = "m=65536,t=3,p=4";
const NEW: &str = "m=19456,t=2,p=1";

/// A user with a hash of this cost, as a line to import.
fn with_cost(name: &str, cost: &str) -> String {
    user(name).replace(BOBS, cost)
}

/// The list as it is in the table.
fn listed(server: &Server) -> Vec<String> {
    let item = server.item_of("hashes").unwrap_or_default();
    let costs = item.get("costs").map(|costs| costs.as_ss().unwrap());
    let mut costs = costs.cloned().unwrap_or_default();
    costs.sort_unstable();
    costs
}

/// Puts something into the place of the list.
fn put_costs(server: &Server, costs: AttributeValue) {
    let item = Item::from([("costs".to_owned(), costs)]);
    server.put("hashes", item);
}

fn set(costs: &[&str]) -> AttributeValue {
    AttributeValue::Ss(costs.iter().map(ToString::to_string).collect())
}

#[test]
fn whoever_writes_a_hash_lists_its_cost() {
    let server = with_johndoe();
    assert_eq!(listed(&server), [NEW], "add");

    let mut command = server.command(&["set-password", "johndoe"]);
    command.env("PASSWORD_HASH_ITERATIONS", "3");
    finish(command, GOOD_PASSWORD).succeeds();
    let set_password = "m=19456,t=3,p=1";
    assert_eq!(listed(&server), [NEW, set_password], "set-password");

    server.run(&["import", "-"], &user("bob")).succeeds();
    assert_eq!(listed(&server), [NEW, set_password, BOBS], "import");

    let other = with_cost("bob", "m=8,t=1,p=1");
    let replaced = server.run(&["import", "-", "--replace"], &other);
    assert!(replaced.succeeds().stdout.contains("1 replaced"));
    let expected = [NEW, set_password, BOBS, "m=8,t=1,p=1"];
    assert_eq!(listed(&server), expected, "import --replace");
}

#[test]
fn whatever_writes_no_hash_lists_no_cost() {
    let server = Server::with_table();
    let bad = with_cost("bob", "m=8,t=1,p=1").replace("argon2id", "argon2i");
    let run = server.run(&["import", "-", "--keep-going"], &bad);
    run.fails(1, "not an argon2id hash");
    server.run(&["hash"], GOOD_PASSWORD).succeeds();
    server
        .run(&["add", "john"], "too short")
        .fails(2, "15 or more");
    assert_eq!(server.item_of("hashes"), None);
}

#[test]
fn an_import_lists_each_cost_once() {
    let server = Server::with_table();
    let costs = [BOBS, NEW, "m=8,t=1,p=1"];
    let line = |number: usize| with_cost(&format!("user-{number}"), costs[number % 3]);
    let lines: Vec<_> = (0..300).map(line).collect();
    let writes = Arc::new(AtomicUsize::new(0));
    let heard = Arc::clone(&writes);
    let url = server.tapped(move |request| {
        heard.fetch_add(request.matches(r#""hashes""#).count(), Ordering::Relaxed);
    });
    let arguments = ["import", "-", "--endpoint-url", &url];
    let run = server.run(&arguments, &lines.join("\n")).succeeds();
    assert!(run.stdout.starts_with("300 added"), "{run:?}");
    assert_eq!(writes.load(Ordering::Relaxed), costs.len());
    assert_eq!(listed(&server).len(), costs.len());
}

#[test]
fn where_a_cost_cannot_be_listed_no_hash_is_written_and_users_hashes_is_the_way_out() {
    let expected = "the item \"hashes\" has no valid costs: ValidationException";
    let way_out = "\n  to replace them: users hashes\n";
    for (arguments, input) in [
        (&["add", "jane"][..], GOOD_PASSWORD),
        (&["set-password", "bob"], GOOD_PASSWORD),
        (&["import", "-"], &user("jane")),
    ] {
        let server = with_bob();
        put_costs(&server, text(BOBS));
        let before = server.export();
        let run = server.run(arguments, input);
        run.fails(1, expected);
        assert!(run.stderr.contains(way_out), "{arguments:?}: {run:?}");
        assert_eq!(server.export(), before, "{arguments:?}");

        server.run(&["hashes"], "").succeeds();
        assert_eq!(listed(&server), [BOBS]);
        server.run(arguments, input).succeeds();
    }
}

/// Users with hashes of two costs; one with bcrypt, one without a hash, and one whom nobody can read
/// but whose hash can be read.
fn with_all_kinds() -> Server {
    let server = with_johndoe();
    let lines = [user("bob"), user("carol")].join("\n");
    server.run(&["import", "-"], &lines).succeeds();
    let attribute = |name: &str, value| (name.to_owned(), value);
    let disabled = attribute("disabled", AttributeValue::Bool(false));
    let bcrypt = attribute("password_hash", text("$2b$12$EixZaYVK1fsbw1ZfbX3OXe"));
    let argon2id = attribute("password_hash", text(HASH));
    for (name, item) in [
        ("dave", Item::from([disabled.clone(), bcrypt])),
        ("erin", Item::from([disabled])),
        ("frank", Item::from([argon2id])),
    ] {
        server.put(&credentials_key(name), item);
    }
    server
}

#[test]
fn hashes_are_counted_by_their_cost() {
    let server = with_all_kinds();
    server.run(&["hashes"], "").says(
        0,
        "m=19456,t=2,p=1           1 user\n\
         m=65536,t=3,p=4           3 users\n\
         no argon2id hash          2 users\n",
        "",
    );
    let expected = json!({
        "hashes": [{ "cost": NEW, "users": 1 }, { "cost": BOBS, "users": 3 }],
        "unusable": 2, "removed": [],
    });
    assert_eq!(server.json(&["hashes"], ""), expected);
}

#[test]
fn the_list_becomes_what_was_found() {
    let lost = "not computed any more after the functions' next cold starts:";
    for (before, expected) in [
        (None, String::new()),
        (Some(set(&[NEW, BOBS])), String::new()),
        (Some(set(&[NEW])), String::new()),
        (
            Some(set(&["m=9,t=1,p=1", BOBS, "m=8,t=1,p=1"])),
            format!("{lost} m=8,t=1,p=1 m=9,t=1,p=1\n"),
        ),
        (
            Some(set(&["\u{1b}[2J", NEW])),
            format!("{lost} \\u{{1b}}[2J\n"),
        ),
        (Some(text(BOBS)), String::new()),
        (Some(AttributeValue::Null(true)), String::new()),
    ] {
        let server = with_all_kinds();
        match before.clone() {
            Some(costs) => put_costs(&server, costs),
            None => server.put("hashes", Item::new()),
        }
        let run = server.run(&["hashes"], "").succeeds();
        assert_eq!(run.stderr, expected, "{before:?}");
        assert_eq!(listed(&server), [NEW, BOBS], "{before:?}");
        assert_eq!(server.run(&["hashes"], "").stderr, "", "{before:?}");
    }
}

#[test]
fn without_users_nothing_is_listed() {
    let server = Server::with_table();
    let nobody = "no argon2id hash          0 users\n";
    server.run(&["hashes"], "").says(0, nobody, "");
    assert_eq!(server.item_of("hashes"), None);

    server.run(&["import", "-"], &user("bob")).succeeds();
    server.run(&["remove", "bob", "--yes"], "").succeeds();
    let expected = json!({ "hashes": [], "unusable": 0, "removed": [BOBS] });
    assert_eq!(server.json(&["hashes"], ""), expected);
    assert_eq!(listed(&server), [""; 0]);
}

#[test]
fn the_list_is_no_user() {
    let server = with_johndoe();
    assert_eq!((server.items(), server.export().len()), (1, 1));
    server.run(&["show", "hashes"], "").fails(3, "no user");
}

/// Counts the hashes while somebody else adds a user with a hash of a new cost, so many times, each
/// time just before the list is replaced.
fn while_others_add(server: &Server, times: usize) -> crate::support::Run {
    let (url, mut added) = (server.url().to_owned(), 0);
    let tapped = server.tapped(move |request| {
        if request.contains("UpdateItem") && added < times {
            added += 1;
            let line = with_cost(&format!("user-{added}"), &format!("m=8,t={added},p=1"));
            let arguments = ["import", "-", "--table", "users", "--endpoint-url", &url];
            finish(bare(&arguments), &line).succeeds();
        }
    });
    server.run(&["hashes", "--json", "--endpoint-url", &tapped], "")
}

#[test]
fn a_cost_that_comes_up_meanwhile_is_not_lost() {
    let server = with_bob();
    put_costs(&server, set(&["m=9,t=1,p=1"]));
    let run = while_others_add(&server, 2).succeeds();
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(found["hashes"].as_array().map(Vec::len), Some(3), "{found}");
    assert_eq!(listed(&server), [BOBS, "m=8,t=1,p=1", "m=8,t=2,p=1"]);
}

#[test]
fn when_new_costs_keep_coming_the_list_stays_and_the_command_says_so() {
    let server = with_bob();
    put_costs(&server, set(&["m=9,t=1,p=1"]));
    let run = while_others_add(&server, usize::MAX);
    run.fails(1, "others wrote hashes of new costs 5 times meanwhile");
    assert_eq!(listed(&server).len(), 6, "the old one, and the new ones");
}
