//! What is changed of a client, and what is not.

use std::sync::Arc;

use serde_json::json;
use shared::aws::table::text;
use users::items::now;

use super::*;
use crate::support::{GOOD_PASSWORD, finish, json_lines};

#[test]
fn show_tells_what_add_was_told() {
    let server = Server::with_table();
    let grants = "client_credentials password password";
    let arguments = ["Reports", "--scopes", "me items", "--grants", grants];
    let (id, _) = add(&server, &[&arguments[..], &["--introspect"]].concat());
    let shown = show(&server, &id);
    let created = &shown["created"];
    let expected = json!({
        "client_id": id, "name": "Reports", "public": false, "secrets": shown["secrets"],
        "grants": ["client_credentials", "password"], "scopes": ["items", "me"],
        "introspect": true, "disabled": false,
        "created": created, "updated": created, "version": 1,
    });
    assert_eq!(shown, expected);
    let card = run(&server, &["show", &id]).succeeds().stdout;
    for line in [
        &*format!("client_id   {id}\n"),
        "kind        confidential\n",
        "grants      client_credentials password\n",
        "scopes      items me\n",
        "(version 1)",
    ] {
        assert!(card.contains(line), "{line}: {card}");
    }
}

#[test]
fn set_changes_what_is_named_and_leaves_the_rest() {
    let server = Server::with_table();
    let (id, secret) = add(&server, &["Reports", "--scopes", "items"]);
    let mut before = item(&server, &id);
    before.insert("nickname".to_owned(), text("Rep"));
    server.put(&client_key(&id), before.clone());
    for (option, value, attribute, expected) in [
        ("--name", "Nightly", "name", json!("Nightly")),
        ("--scopes", "me items", "scopes", json!(["items", "me"])),
        ("--scopes", "", "scopes", json!([])),
        (
            "--grants",
            "refresh_token",
            "grants",
            json!(["refresh_token"]),
        ),
        ("--grants", "", "grants", json!([])),
        ("--introspect", "true", "introspect", json!(true)),
        ("--introspect", "false", "introspect", json!(false)),
    ] {
        let before = show(&server, &id);
        let changed = server.json(&["clients", "set", &id, option, value], "");
        let mut expected_now = before.clone();
        expected_now[attribute] = expected;
        expected_now["updated"] = changed["updated"].clone();
        expected_now["version"] = json!(before["version"].as_u64().unwrap() + 1);
        assert_eq!(changed, expected_now, "{option}");
        assert_eq!(show(&server, &id), expected_now, "{option}");
    }
    let after = item(&server, &id);
    for name in ["nickname", "secrets", "created", "disabled"] {
        assert_eq!(after.get(name), before.get(name), "{name}");
    }
    // DynamoDB has no empty sets.
    assert!(!after.contains_key("scopes") && !after.contains_key("grants"));
    authenticate(&server, &id, &secret).unwrap();
    run(
        &server,
        &["set", &id, "--name", "x", "--introspect", "true"],
    )
    .says(0, &format!("{id}: changed\n"), "");
    let both = show(&server, &id);
    assert_eq!(
        (&both["name"], &both["introspect"]),
        (&json!("x"), &json!(true))
    );
}

#[test]
fn a_disabled_client_is_refused_until_it_is_enabled() {
    let server = Server::with_table();
    let (id, secret) = add(&server, &["Reports"]);
    let says = |command, text: &str| {
        run(&server, &[command, &id]).says(0, &format!("{id}: {text}\n"), "");
    };
    says("enable", "was enabled already");
    says("disable", "disabled");
    assert_eq!(
        authenticate(&server, &id, &secret).unwrap_err(),
        "disabled client"
    );
    says("disable", "was disabled already");
    let list = run(&server, &["list"]).succeeds().stdout;
    assert!(list.ends_with("client_credentials  disabled\n"), "{list}");
    let ends = not_before(&server, &id).unwrap();
    assert!(
        (now()..=now() + 1).contains(&ends),
        "tokens of its own: {ends}"
    );
    says("enable", "enabled");
    authenticate(&server, &id, &secret).unwrap();
    assert_eq!(not_before(&server, &id), Some(ends), "they stay ended");
    assert_eq!(version(&server, &id), Some(3));
}

#[test]
fn a_client_is_removed_after_a_question() {
    let server = Server::with_table();
    let (id, secret) = add(&server, &["Reports"]);
    run(&server, &["remove", &id]).fails(2, "say --yes");
    authenticate(&server, &id, &secret).unwrap();
    run(&server, &["remove", &id, "--yes"]).says(0, &format!("{id}: removed\n"), "");
    assert_eq!(
        authenticate(&server, &id, &secret).unwrap_err(),
        "unknown client"
    );
}

#[test]
fn a_list_has_every_client_and_nothing_else_of_the_table() {
    let server = Server::with_table();
    server.run(&["add", "johndoe"], GOOD_PASSWORD).succeeds();
    // Together more than DynamoDB answers at a time.
    let large = |_| {
        let (id, _) = add(&server, &["Reports"]);
        let mut item = item(&server, &id);
        item.insert("note".to_owned(), text("x".repeat(300_000)));
        server.put(&client_key(&id), item);
        id
    };
    let mut ids: Vec<String> = (0..5).map(large).collect();
    let list = run(&server, &["list", "--json"]).succeeds().stdout;
    let mut listed: Vec<_> = json_lines(&list)
        .iter()
        .map(|client| client["client_id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, ids);
    let list = run(&server, &["list"]).succeeds().stdout;
    let row = format!(
        "{}  Reports {:<16}  confidential  client_credentials  active",
        ids[0], ""
    );
    assert!(list.lines().any(|line| line == row), "{row}: {list}");
    assert_eq!(server.items(), 1, "users list tells of no clients");
}

/// Runs a command where others write such items whenever it wants to write its own.
fn against(server: &Arc<Server>, arguments: &[&str], id: &str, mut others: Vec<Item>) -> Run {
    let (holder, key) = (Arc::clone(server), client_key(id));
    let url = server.tapped(move |request| {
        if request.contains("UpdateItem")
            && let Some(item) = others.pop()
        {
            holder.put(&key, item);
        }
    });
    let mut command = server.command(&[&["clients"], arguments].concat());
    command.env("AWS_ENDPOINT_URL_DYNAMODB", url);
    finish(command, "")
}

/// The client's item as it is after such a change, which is taken back.
fn changed(server: &Server, id: &str, arguments: &[&str]) -> Item {
    let before = item(server, id);
    run(server, arguments).succeeds();
    let after = item(server, id);
    server.put(&client_key(id), before);
    after
}

#[test]
fn a_change_that_comes_between_is_kept() {
    let server = Arc::new(Server::with_table());
    let (id, first) = add(&server, &["Reports"]);
    let before = item(&server, &id);
    let theirs = server.json(&["clients", "rotate-secret", &id], "");
    let theirs = theirs["client_secret"].as_str().unwrap();
    let rotated = item(&server, &id);
    for (arguments, kept) in [
        (&["set", &id, "--name", "x"][..], [true, true]),
        (&["disable", &id], [true, true]),
        (&["rotate-secret", &id], [false, true]),
    ] {
        server.put(&client_key(&id), before.clone());
        against(&server, arguments, &id, vec![rotated.clone()]).succeeds();
        run(&server, &["enable", &id]).succeeds();
        let valid = [&*first, theirs].map(|secret| authenticate(&server, &id, secret).is_ok());
        assert_eq!(valid, kept, "{arguments:?}");
    }
}

#[test]
fn what_another_change_forbids_is_refused() {
    let server = Arc::new(Server::with_table());
    let (id, _) = add(&server, &["App", "--grants", ""]);
    let mut public = item(&server, &id);
    public.insert(
        "secrets".to_owned(),
        aws_sdk_dynamodb::types::AttributeValue::L(Vec::new()),
    );
    public.insert("version".to_owned(), shared::aws::table::number(2));
    let grants = ["set", &id, "--grants", "client_credentials"];
    let refused = against(&server, &grants, &id, vec![public]);
    refused.fails(2, "a public client has no secret");
    assert_eq!(version(&server, &id), Some(2));
}

#[test]
fn who_is_always_late_changes_nothing() {
    let server = Arc::new(Server::with_table());
    let (id, _) = add(&server, &["Reports"]);
    let other = changed(&server, &id, &["set", &id, "--name", "theirs"]);
    let others = (2..7).map(|version| {
        let mut item = other.clone();
        item.insert("version".to_owned(), shared::aws::table::number(version));
        item
    });
    let others: Vec<_> = others.collect();
    let late = against(&server, &["set", &id, "--name", "ours"], &id, others);
    let expected = format!("the item \"client#{id}\" was changed by others 5 times meanwhile");
    late.fails(1, &expected);
    assert_eq!(show(&server, &id)["name"], "theirs");
}
