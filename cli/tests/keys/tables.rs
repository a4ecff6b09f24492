//! Rings in two tables, as a stack has them.

use std::process::Command;
use std::sync::Arc;

use shared::aws::table::{Item, PRIVATE_KEYS, PUBLIC_KEYS, RING, text};

use super::*;
use crate::support::{Run, Server, finish};

const GENERATE: [&str; 4] = ["generate", "--algorithm", "EdDSA", "--no-issuer"];

/// A server with the two tables of a stack.
fn stack() -> Server {
    let server = Server::without_table();
    for table in ["prod-users", "prod-keys"] {
        let run = server.run(&["--table", table, "create-table"], "");
        run.succeeds();
    }
    server
}

fn command(server: &Server, arguments: &[&str]) -> Command {
    server.command(&[&["--stack", "prod", "keys"], arguments].concat())
}

fn run(server: &Server, arguments: &[&str]) -> Run {
    finish(command(server, arguments), "")
}

/// The private ring, when it was seen that the public one belongs to it.
fn read(server: &Server) -> Ring {
    let private = server.ring("prod-keys", PRIVATE_KEYS).unwrap();
    belong_together(&private, &server.ring("prod-users", PUBLIC_KEYS).unwrap());
    private
}

fn put(server: &Server, table: &str, key: &str, ring: &Ring) {
    let ring = text(ring.to_json().unwrap());
    server.put_into(table, key, Item::from([(RING.to_owned(), ring)]));
}

#[test]
fn the_functions_read_what_is_generated_rotated_retired_and_revoked() {
    let server = stack();
    run(&server, &GENERATE).succeeds();
    run(&server, &GENERATE).succeeds();
    let first = read(&server).keys[0].kid.clone();
    run(&server, &["rotate"]).succeeds();
    run(&server, &["rotate", "--now"]).succeeds();
    let ring = read(&server);
    assert_eq!(ring.keys.len(), 2);
    let time = signs_in(&ring.keys[1]);
    assert!(time <= 60, "{time}");
    run(&server, &["retire", &ring.keys[1].kid]).succeeds();
    assert_eq!(kids(&read(&server)), [&first]);
    run(&server, &["revoke", &first]).succeeds();
    let ring = read(&server);
    assert!(ring.keys[0].revoked && !ring.keys[1].revoked);
    let list = run(&server, &["list"]).succeeds();
    assert_eq!((list.stdout.lines().count(), &*list.stderr), (3, ""));
}

#[test]
fn a_stacks_first_key_needs_an_issuer_or_the_word_that_there_is_none() {
    let server = stack();
    let refused = run(&server, &["generate"]);
    refused.fails(
        2,
        "whose tokens are they? --issuer URL is the stack's ApiUrl",
    );
    let remedy = "aws cloudformation describe-stacks --stack-name prod --query";
    assert!(refused.stderr.contains(remedy), "{refused:?}");
    assert!(server.ring("prod-keys", PRIVATE_KEYS).is_none());

    let issuer = "https://abc.execute-api.eu-west-1.amazonaws.com";
    let arguments = ["generate", "--algorithm", "EdDSA", "--issuer", issuer];
    let made = run(&server, &arguments).succeeds().stdout;
    assert!(
        made.ends_with(&format!("signs now, for {issuer}\n")),
        "{made}"
    );
    run(&server, &["generate"]).succeeds();
    assert_eq!(read(&server).issuer.unwrap().url, issuer);
}

#[test]
fn the_tables_can_be_named_one_by_one() {
    let server = stack();
    let arguments = [
        "keys",
        "--table",
        "prod-users",
        "generate",
        "--algorithm",
        "EdDSA",
    ];
    let place = ["--signing-keys", "dynamodb:prod-keys"];
    server
        .run(&[&arguments[..], &place].concat(), "")
        .succeeds();
    assert_eq!(read(&server).issuer, None);
    // The stack's tables win over a variable, which may be that of another stack.
    let mut command = command(&server, &["list"]);
    command.env("SIGNING_KEYS", "dynamodb:other-keys");
    finish(command, "").succeeds();
}

#[test]
fn a_public_ring_that_is_another_is_told_of_and_written_anew() {
    let server = stack();
    put(&server, "prod-keys", PRIVATE_KEYS, &ring(&[100]));
    let note = "the public keys are not those of these keys";
    let told = |expected: bool| {
        let list = run(&server, &["list"]).succeeds();
        assert_eq!(list.stderr.starts_with(note), expected, "{list:?}");
    };
    told(true);
    put(&server, "prod-users", PUBLIC_KEYS, &ring(&[100]).public());
    told(true);
    run(&server, &["generate"]).succeeds();
    told(false);
    assert_eq!(read(&server).keys.len(), 1);
}

/// Runs `rotate` where others write such rings whenever it wants to write its own.
fn rotate_against(server: &Arc<Server>, mut others: Vec<Ring>) -> Run {
    let holder = Arc::clone(server);
    let url = server.tapped(move |request| {
        if request.contains("TransactWriteItems")
            && let Some(ring) = others.pop()
        {
            put(&holder, "prod-keys", PRIVATE_KEYS, &ring);
        }
    });
    let mut command = command(server, &["rotate"]);
    command.env("AWS_ENDPOINT_URL_DYNAMODB", url);
    finish(command, "")
}

#[test]
fn a_change_that_comes_between_is_kept() {
    let server = Arc::new(stack());
    put(&server, "prod-keys", PRIVATE_KEYS, &ring(&[100]));
    let theirs = ring(&[100]);
    rotate_against(&server, vec![theirs.clone()]).succeeds();
    let ring = read(&server);
    assert_eq!((ring.keys.len(), kids(&ring)[0]), (2, kids(&theirs)[0]));
}

#[test]
fn who_is_always_late_changes_nothing() {
    let server = Arc::new(stack());
    put(&server, "prod-keys", PRIVATE_KEYS, &ring(&[100]));
    let others: Vec<_> = (0..5).map(|_| ring(&[100])).collect();
    let last = others[0].clone();
    rotate_against(&server, others).fails(1, "somebody else changed the keys 5 times meanwhile");
    let ring = server.ring("prod-keys", PRIVATE_KEYS).unwrap();
    assert_eq!(kids(&ring), kids(&last));
    assert!(
        server.ring("prod-users", PUBLIC_KEYS).is_none(),
        "both or none"
    );
}

#[test]
fn two_at_once_make_one_key() {
    let server = stack();
    let start = |_| command(&server, &GENERATE).spawn().unwrap();
    let children: Vec<_> = (0..4).map(start).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(read(&server).keys.len(), 1);
}

#[test]
fn a_table_that_is_missing_is_named_with_the_way_out() {
    let server = Server::with_table();
    let place = ["keys", "--signing-keys", "dynamodb:dev-keys"];
    for command in [&["generate"][..], &["list"]] {
        let run = server.run(&[&place, command].concat(), "");
        run.fails(1, "no table \"dev-keys\" for the private keys");
        assert!(
            run.stderr.contains("users --table dev-keys create-table"),
            "{run:?}"
        );
        let run = self::run(&server, &[command, &["--json"]].concat());
        run.fails(1, "no table \\\"prod-keys\\\" for the private keys");
        assert!(run.stderr.contains("make deploy"), "{run:?}");
    }
    server
        .run(&["--table", "prod-keys", "create-table"], "")
        .succeeds();
    let refused = run(&server, &GENERATE);
    refused.fails(1, "no table \"prod-users\" of the stack \"prod\"");
    assert!(
        server.ring("prod-keys", PRIVATE_KEYS).is_none(),
        "both or none"
    );
}

#[test]
fn an_item_that_is_no_ring_is_named_and_left_alone() {
    let server = stack();
    let item = Item::from([(RING.to_owned(), text("{}")), ("x".to_owned(), text("y"))]);
    for item in [item, Item::new()] {
        server.put_into("prod-keys", PRIVATE_KEYS, item);
        let refused = run(&server, &GENERATE);
        refused.fails(
            1,
            "the private keys in the table \"prod-keys\" cannot be read: ",
        );
    }
}
