//! What is counted of failed logins from new addresses.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::aws::table::{Item, number, number_of, text};
use shared::domain::login::attempt::Key;
use users::items::now;
use users::output::date;

use crate::support::{Run, Server, finish};
use crate::{was_written, with_johndoe};

/// What the functions count of so many failures, if logins wait for so many seconds more and the
/// count is forgotten after so many. An hour is enough for the slowest machine.
fn count(failures: u64, waits: u64, ends: u64) -> Item {
    let attributes = [
        ("failures", failures),
        ("since", now() - 60),
        ("not_before", now() + waits),
        ("ends", now() + ends),
        ("expires", now() + ends),
    ];
    let items = attributes.into_iter();
    items
        .map(|(name, value)| (name.to_owned(), number(value)))
        .collect()
}

fn with_count(item: Item) -> Server {
    let server = with_johndoe();
    server.put(&Key::account("johndoe").text, item);
    server
}

/// Shows johndoe where the functions' limit is this.
fn show(server: &Server, limit: &str, more: &[&str]) -> Run {
    let arguments = [&["show", "johndoe"][..], more].concat();
    let mut command = server.command(&arguments);
    command.env("LOGIN_FAILURES_PER_ACCOUNT", limit);
    finish(command, "")
}

#[test]
fn show_says_who_waits_and_who_has_failed() {
    for (failures, waits, ends, limit, expected) in [
        (12, 3600, 3600, "", Some("wait until W: 12 failures")),
        (10, 3600, 3600, "10", Some("wait until W: 10 failures")),
        (1, 3600, 3600, "1", Some("wait until W: 1 failure")),
        (9, 3600, 3600, "", Some("9 failures")),
        (12, 3600, 3600, "13", Some("12 failures")),
        (12, 3600, 3600, "0", Some("12 failures")),
        (12, 0, 3600, "", Some("12 failures")),
        (12, 3600, 0, "", None),
    ] {
        let item = count(failures, waits, ends);
        let time = |name| date(number_of(&item, name).unwrap());
        let expected = expected.map(|text| {
            let (text, since) = (text.replace('W', &time("not_before")), time("since"));
            format!("logins    {text} from new addresses since {since}")
        });
        let server = with_count(item);
        let card = show(&server, limit, &[]).succeeds().stdout;
        let line = card.lines().find(|line| line.starts_with("logins"));
        assert_eq!(line, expected.as_deref(), "limit {limit:?}: {card}");
    }
}

#[test]
fn show_tells_programs_since_when_and_until_when() {
    let item = count(12, 3600, 3600);
    let (since, until) = (
        number_of(&item, "since").unwrap(),
        number_of(&item, "not_before"),
    );
    let server = with_count(item);
    for (limit, waits_until) in [("12", until), ("13", None)] {
        let card = show(&server, limit, &["--json"]).succeeds().stdout;
        let card: serde_json::Value = serde_json::from_str(&card).unwrap();
        let expected = json!({ "failures": 12, "since": since, "waits_until": waits_until });
        assert_eq!(card["failed_logins"], expected, "limit {limit}");
    }
}

#[test]
fn no_other_command_tells_of_failed_logins() {
    let server = with_count(count(12, 3600, 3600));
    for arguments in [
        &["list"][..],
        &["disable", "johndoe"],
        &["unlock", "johndoe"],
    ] {
        let user = server.json(arguments, "");
        assert_eq!(user["username"], "johndoe");
        assert!(user.get("failed_logins").is_none(), "{arguments:?}: {user}");
    }
}

#[test]
fn a_limit_that_is_no_number_is_named() {
    let run = show(&with_johndoe(), "ten", &[]);
    run.fails(
        2,
        "LOGIN_FAILURES_PER_ACCOUNT: not a whole number from 0 up",
    );
}

#[test]
fn unlock_forgets_the_count_once_and_leaves_the_rest() {
    let mut item = count(12, 3600, 3600);
    item.insert("nickname".to_owned(), text("Jo"));
    let server = with_count(item);
    let unlock = || server.run(&["unlock", "johndoe"], "");
    let begun = now();
    unlock().says(0, "johndoe: unlocked\n", "");
    let card = server.run(&["show", "johndoe"], "").succeeds().stdout;
    assert!(!card.contains("logins"), "{card}");

    let left = server.item_of(&Key::account("johndoe").text).unwrap();
    let mut names: Vec<_> = left.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["expires", "nickname", "pk"]);
    let expires = number_of(&left, "expires").unwrap();
    assert!((begun..=now()).contains(&expires), "{expires}");

    unlock().says(0, "johndoe: no failed logins were counted\n", "");
    was_written(&server, 1);
}

#[test]
fn unlock_makes_no_item_where_none_is() {
    let server = with_johndoe();
    let run = server.run(&["unlock", "johndoe"], "");
    run.says(0, "johndoe: no failed logins were counted\n", "");
    assert_eq!(server.item_of(&Key::account("johndoe").text), None);
}

#[test]
fn a_count_that_a_stranger_has_spoilt_is_named_and_unlock_is_the_way_out() {
    let key = Key::account("johndoe").text;
    for (attribute, value) in [
        ("failures", text("12")),
        ("failures", number(-1)),
        ("failures", AttributeValue::Null(true)),
        ("since", text("yesterday")),
        ("not_before", AttributeValue::Bool(true)),
        ("ends", number(-1)),
    ] {
        let mut item = count(12, 3600, 3600);
        item.insert(attribute.to_owned(), value);
        let server = with_count(item);
        let expected = format!(
            "error: the item {key:?} has no valid {attribute}; to forget it: users unlock \"johndoe\"\n"
        );
        server.run(&["show", "johndoe"], "").says(1, "", &expected);
        let unlocked = server.run(&["unlock", "johndoe"], "");
        unlocked.says(0, "johndoe: unlocked\n", "");
        server.run(&["show", "johndoe"], "").succeeds();
    }
}
