//! What is refused, and what is said of it.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::aws::table::text;

use super::*;
use crate::support::{GOOD_PASSWORD, HASH};

#[test]
fn a_client_that_could_not_prove_who_it_is_is_refused() {
    let server = Server::with_table();
    let (id, _) = add(&server, &["App", "--public"]);
    for (arguments, what) in [
        (
            &["add", "x", "--public", "--grants", "client_credentials"][..],
            "have the grant client_credentials",
        ),
        (&["add", "x", "--public", "--introspect"], "introspect"),
        (
            &["set", &id, "--grants", "password client_credentials"],
            "have the grant client_credentials",
        ),
        (&["set", &id, "--introspect", "true"], "introspect"),
    ] {
        let expected = format!(
            "error: a public client has no secret, so it cannot prove who it is and may not {what}; leave that out, or add a confidential one, without --public\n"
        );
        run(&server, arguments).says(2, "", &expected);
    }
    let list = run(&server, &["list"]).succeeds();
    assert_eq!(list.stdout.lines().count(), 1);
    assert_eq!(version(&server, &id), Some(1));
}

#[test]
fn what_is_no_grant_no_scope_or_no_name_is_refused() {
    let server = Server::with_table();
    server.run(&["scopes", "me items"], "").succeeds();
    let (id, _) = add(&server, &["Reports"]);
    for (option, value, expected) in [
        (
            "--grants",
            "password code",
            "\"code\" is no grant; a grant is one of: password, refresh_token",
        ),
        ("--scopes", "itmes", "unknown scope \"itmes\""),
        ("--scopes", "m\"e", "a scope is made of printable ASCII"),
    ] {
        run(&server, &["add", "x", option, value]).fails(2, expected);
        run(&server, &["set", &id, option, value]).fails(2, expected);
    }
    let control = "the client's name holds U+001B, a control character";
    run(&server, &["add", "x\u{1b}[2J"]).fails(2, control);
    run(&server, &["set", &id, "--name", "x\u{1b}[2J"]).fails(2, control);
    run(&server, &["set", &id]).fails(2, "required arguments were not provided");
    run(&server, &["set", &id, "--introspect", "maybe"]).fails(2, "maybe");
    assert_eq!(version(&server, &id), Some(1));
    assert_eq!(run(&server, &["list"]).stdout.lines().count(), 1);
}

#[test]
fn nothing_of_a_name_reaches_the_terminal_as_a_command() {
    let server = Server::with_table();
    let (id, _) = add(&server, &["x\u{202e}y"]);
    for command in [&["list"][..], &["show", &id]] {
        let told = run(&server, command).succeeds().stdout;
        assert!(told.contains("x\\u{202e}y"), "{told}");
    }
}

#[test]
fn a_client_that_is_not_there_is_named() {
    let server = Server::with_table();
    server.run(&["add", "johndoe"], GOOD_PASSWORD).succeeds();
    let long = "x".repeat(3000);
    for id in ["c_none", "johndoe", "", &long] {
        for arguments in [
            &["show", id][..],
            &["set", id, "--name", "x"],
            &["rotate-secret", id],
            &["disable", id],
            &["enable", id],
            &["remove", id],
        ] {
            let expected = format!(
                "error: no client {id:?} in the table \"users\"; which there are: users clients list\n"
            );
            run(&server, arguments).says(3, "", &expected);
        }
    }
    run(&server, &["remove", "c_none", "--yes"]).fails(3, "no client \"c_none\"");
    assert_eq!(run(&server, &["list"]).stdout, "");
}

#[test]
fn an_item_that_somebody_has_spoilt_is_named_and_can_be_removed() {
    let server = Server::with_table();
    let (good, _) = add(&server, &["Good"]);
    for (attribute, value) in [
        ("name", None),
        ("secrets", Some(text("cs_x"))),
        ("secrets", Some(AttributeValue::L(vec![text("cs_x")]))),
        ("grants", Some(AttributeValue::Ss(vec!["code".to_owned()]))),
        ("scopes", Some(text("me"))),
        ("introspect", None),
        ("disabled", Some(text("no"))),
    ] {
        let (id, _) = add(&server, &["Bad"]);
        let mut item = item(&server, &id);
        item.remove(attribute);
        item.extend(value.map(|value| (attribute.to_owned(), value)));
        server.put(&client_key(&id), item);
        let expected = format!(
            "error: the item \"client#{id}\" has no valid {attribute}; the client can do nothing: remove it, or repair it in the console of DynamoDB\n"
        );
        for command in ["show", "disable", "rotate-secret", "remove"] {
            run(&server, &[command, &id]).says(1, "", &expected);
        }
        let list = run(&server, &["list"]);
        list.fails(1, &expected);
        assert!(list.stdout.starts_with(&good) && list.stdout.lines().count() == 1);
        assert!(list.stderr.ends_with("error: 1 client could not be read\n"));
        run(&server, &["remove", &id, "--yes"]).succeeds();
    }
    run(&server, &["list"]).succeeds();
}

#[test]
fn errors_and_a_missing_table_are_told_to_programs_as_well() {
    let server = Server::without_table();
    let missing = run(&server, &["list", "--json"]);
    missing.fails(1, "{\"error\":\"no table \\\"users\\\"");
    run(&server, &["add", "x"]).fails(1, "no table \"users\"");
}

#[test]
fn a_user_cannot_have_the_name_of_a_client() {
    let server = Server::with_table();
    let name = "client:c_1";
    let expected = "the user name \"client:c_1\" begins with \"client:\", as the sub of a client's token does; let it begin otherwise";
    server.run(&["add", name], GOOD_PASSWORD).fails(2, expected);
    let line = json!({ "username": name, "password_hash": HASH, "scopes": [] }).to_string();
    server.run(&["import", "-"], &line).fails(1, expected);
    assert_eq!(server.items(), 0);
}
