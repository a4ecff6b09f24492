//! The built command against a DynamoDB in the test process.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod clients;
mod endings;
mod ids;
mod keys;
mod logins;
mod sessions;
mod support;
mod upgrade;

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::thread::{self, sleep};
use std::time::Duration;

use serde_json::{Value, json};
use shared::aws::table::{Item, text};
use support::{GOOD_PASSWORD, HASH, Run, Server, finish, json_lines};
use tempfile::NamedTempFile;

fn file(content: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file
}

fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

fn user(name: &str) -> String {
    json!({ "username": name, "password_hash": HASH, "scopes": ["me"] }).to_string()
}

const ADD_JOHNDOE: [&str; 8] = [
    "add",
    "johndoe",
    "--scopes",
    "me items me",
    "--email",
    "j@x.org",
    "--full-name",
    "John Doe",
];

/// A table in which only johndoe is.
fn with_johndoe() -> Server {
    let server = Server::with_table();
    server.run(&ADD_JOHNDOE, GOOD_PASSWORD).succeeds();
    server
}

/// Checks that johndoe was written so many times, and that what no command changes is as it was.
fn was_written(server: &Server, times: u64) {
    let user = server.json(&["show", "johndoe"], "");
    assert_eq!(
        (&user["version"], &user["email"], &user["full_name"]),
        (&json!(times), &json!("j@x.org"), &json!("John Doe"))
    );
}

/// A proxy that nobody answers at, as a company's network may have for everything but this machine.
#[test]
fn no_proxy_is_asked_for_a_server_on_this_machine() {
    let server = with_johndoe();
    let mut command = server.command(&["show", "johndoe"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"] {
        command.env(name, "http://127.0.0.1:1");
    }
    finish(command, "").succeeds();
}

#[test]
fn a_name_is_added_once() {
    let server = Server::with_table();
    server
        .run(&ADD_JOHNDOE, GOOD_PASSWORD)
        .says(0, "johndoe: added\n", "");
    server
        .run(&ADD_JOHNDOE, GOOD_PASSWORD)
        .fails(4, "\"johndoe\" is in the table \"users\" already");
    was_written(&server, 1);
}

#[test]
fn show_tells_what_add_was_told() {
    let server = with_johndoe();
    let shown = server.json(&["show", "johndoe"], "");
    let expected = json!({
        "username": "johndoe", "id": shown["id"], "scopes": ["items", "me"], "disabled": false,
        "email": "j@x.org", "full_name": "John Doe", "password": "argon2id m=19456,t=2,p=1",
        "created": shown["created"], "updated": shown["created"], "version": 1,
        "failed_logins": null,
    });
    assert_eq!(shown, expected);
    let card = server.run(&["show", "johndoe"], "").stdout;
    for line in [
        "scopes    items me\n",
        "full name John Doe\n",
        "(version 1)",
    ] {
        assert!(card.contains(line), "{card}");
    }
}

#[test]
fn set_scopes_replaces_the_scopes() {
    let server = with_johndoe();
    server
        .run(&["set-scopes", "johndoe", "me"], "")
        .says(0, "johndoe: scopes are now: me\n", "");
    let after = server.json(&["set-scopes", "johndoe", ""], "");
    assert_eq!(after["scopes"], json!([]));
    was_written(&server, 3);
}

#[test]
fn set_email_replaces_or_removes_the_address() {
    let server = with_johndoe();
    server
        .run(&["set-email", "johndoe", "john@x.org"], "")
        .says(0, "johndoe: email is now: john@x.org\n", "");
    let shown = server.json(&["show", "johndoe"], "");
    assert_eq!(
        (&shown["email"], &shown["full_name"], &shown["version"]),
        (&json!("john@x.org"), &json!("John Doe"), &json!(2))
    );
    server
        .run(&["set-email", "johndoe", ""], "")
        .says(0, "johndoe: email is now: none\n", "");
    assert!(!server.item("johndoe").contains_key("email"));
    let after = server.json(&["set-email", "johndoe", "j@x.org"], "");
    assert_eq!(after["email"], json!("j@x.org"));
    was_written(&server, 4);
}

#[test]
fn set_name_replaces_or_removes_the_full_name() {
    let server = with_johndoe();
    server
        .run(&["set-name", "johndoe", "Jonathan Doe"], "")
        .says(0, "johndoe: full name is now: Jonathan Doe\n", "");
    server
        .run(&["set-name", "johndoe", ""], "")
        .says(0, "johndoe: full name is now: none\n", "");
    assert!(!server.item("johndoe").contains_key("full_name"));
    let after = server.json(&["set-name", "johndoe", "John Doe"], "");
    assert_eq!(after["full_name"], json!("John Doe"));
    was_written(&server, 4);
}

#[test]
fn a_text_that_would_control_the_terminal_is_not_set() {
    let server = with_johndoe();
    server
        .run(&["set-email", "johndoe", "j\u{1b}[2J"], "")
        .fails(2, "EMAIL holds U+001B, a control character");
    server
        .run(&["set-name", "johndoe", "J\nD"], "")
        .fails(2, "FULL_NAME holds U+000A, a control character");
    server.run(&["set-name", "johndoe", "J\u{202e}D"], "").says(
        0,
        "johndoe: full name is now: J\\u{202e}D\n",
        "",
    );
}

/// A user with these scopes, as a line to import.
fn with_scopes(name: &str, scopes: &[&str]) -> String {
    json!({ "username": name, "password_hash": HASH, "scopes": scopes }).to_string()
}

#[test]
fn without_a_catalogue_any_well_formed_scope_is_accepted() {
    let server = with_johndoe();
    let (well_formed, orders) = ("https://x.org/auth orders:write", "orders:write");
    server
        .run(&["add", "jane", "--scopes", well_formed], GOOD_PASSWORD)
        .says(0, "jane: added\n", "");
    server.run(&["set-scopes", "johndoe", orders], "").says(
        0,
        "johndoe: scopes are now: orders:write\n",
        "",
    );
    let line = with_scopes("bob", &[orders]);
    server.run(&["import", "-"], &line).succeeds();
    assert_eq!(server.items(), 3);

    let malformed = "a scope is made of printable ASCII without space";
    for arguments in [
        &["add", "zoë", "--scopes", "m\"e"][..],
        &["set-scopes", "johndoe", "mé"],
        &["scopes", "me\titems"],
    ] {
        server.run(arguments, GOOD_PASSWORD).fails(2, malformed);
    }
    for scope in ["", "me items"] {
        let lines = [user("dave"), with_scopes("zoë", &["me", scope])].join("\n");
        let expected = format!("-: line 2: the scopes of \"zoë\": {malformed}");
        server.run(&["import", "-"], &lines).fails(1, &expected);
    }
}

/// A table with johndoe and a catalogue.
fn with_catalogue() -> Server {
    let server = with_johndoe();
    server.run(&["scopes", "me items"], "").succeeds();
    server
}

const UNKNOWN: &str = "unknown scope \"itmes\", the service's scopes are: items, me; \
                       to replace them: users scopes \"...\"\n";

#[test]
fn a_scope_that_is_not_in_the_catalogue_is_refused_with_the_way_out() {
    let server = with_catalogue();
    for arguments in [
        &["add", "jane", "--scopes", "me itmes"][..],
        &["set-scopes", "johndoe", "itmes"],
    ] {
        // No password is asked for in vain.
        let expected = format!("error: {UNKNOWN}");
        server.run(arguments, "").says(2, "", &expected);
    }
    was_written(&server, 1);
    assert_eq!(server.items(), 1);
    for scopes in ["items", ""] {
        let arguments = ["set-scopes", "johndoe", scopes];
        server.run(&arguments, "").succeeds();
    }
}

#[test]
fn an_import_names_the_line_whose_scope_is_not_in_the_catalogue() {
    let server = with_catalogue();
    let bad = with_scopes("carol", &["me", "itmes"]);
    let lines = file(&[user("bob"), bad, user("dave")].join("\n"));
    let expected = format!(
        "{}: line 2: the scopes of \"carol\": {UNKNOWN}",
        path(&lines)
    );
    let stopped = server.run(&["import", path(&lines)], "");
    stopped.fails(1, &expected);
    let run = server.run(&["import", path(&lines), "--keep-going"], "");
    run.fails(1, &expected);
    assert_eq!(
        run.stdout,
        "1 added, 1 already there, 0 conflicts, 1 invalid\n"
    );
    assert_eq!(server.items(), 3);
}

#[test]
fn the_catalogue_is_shown_replaced_and_removed() {
    let server = Server::with_table();
    let none = "catalogue: none, any well-formed scope is accepted\n";
    // create-table has written none, and to remove none is no failure.
    for arguments in [&["scopes"][..], &["scopes", ""]] {
        server.run(arguments, "").says(0, none, "");
        assert_eq!(server.json(arguments, ""), json!({ "scopes": null }));
    }
    for (scopes, expected) in [
        ("me items  me", &["items", "me"][..]),
        ("me items orders", &["items", "me", "orders"]),
        ("orders", &["orders"]),
    ] {
        let text = format!("catalogue: {}\n", expected.join(" "));
        for arguments in [&["scopes", scopes][..], &["scopes"]] {
            server.run(arguments, "").says(0, &text, "");
            assert_eq!(server.json(arguments, ""), json!({ "scopes": expected }));
        }
    }
    server.run(&["scopes", " "], "").says(0, none, "");
    assert_eq!(server.json(&["scopes"], ""), json!({ "scopes": null }));
}

#[test]
fn a_new_catalogue_counts_at_once_and_takes_nothing_from_the_users() {
    let server = with_catalogue();
    server.run(&["scopes", "orders"], "").succeeds();
    let shown = server.json(&["show", "johndoe"], "");
    assert_eq!(shown["scopes"], json!(["items", "me"]));
    let set = |scopes| server.run(&["set-scopes", "johndoe", scopes], "");
    set("me").fails(2, "the service's scopes are: orders;");
    set("orders").succeeds();
    server.run(&["scopes", ""], "").succeeds();
    set("me").succeeds();
}

#[test]
fn the_catalogue_is_no_user() {
    let server = with_catalogue();
    assert_eq!(server.export().len(), 1);
    let export = server.run(&["export"], "").succeeds();
    assert_eq!(export.stderr, "1 user exported\n");
    let list = server.run(&["list"], "").succeeds();
    assert!(list.stdout.starts_with("johndoe "), "{list:?}");
    assert_eq!((list.stdout.lines().count(), &*list.stderr), (1, ""));
    server
        .run(&["show", "catalogue"], "")
        .fails(3, "no user \"catalogue\"");
    server
        .run(&["add", "catalogue", "--scopes", "me"], GOOD_PASSWORD)
        .succeeds();
    server.run(&["remove", "catalogue", "--yes"], "").succeeds();
    let catalogue = server.json(&["scopes"], "");
    assert_eq!(catalogue, json!({ "scopes": ["items", "me"] }));
}

/// A table in which only a user is whose name, with a space, was allowed once.
fn with_john_doe() -> Server {
    let server = with_johndoe();
    server.copy("johndoe", "john doe");
    server.run(&["remove", "johndoe", "--yes"], "").succeeds();
    server
}

#[test]
fn a_user_whose_name_has_a_space_is_shown_changed_and_removed() {
    let server = with_john_doe();
    let show = server.run(&["show", "john doe"], "").succeeds().stdout;
    assert!(show.starts_with("username  john doe\n"), "{show}");
    for command in [
        &["set-scopes", "john doe", "me"][..],
        &["set-email", "john doe", ""],
        &["set-name", "john doe", ""],
        &["set-password", "john doe"],
        &["disable", "john doe"],
        &["enable", "john doe"],
    ] {
        server.run(command, GOOD_PASSWORD).succeeds();
    }
    let list = server.run(&["list"], "").succeeds().stdout;
    assert!(list.starts_with("john doe  "), "{list}");
    server
        .run(&["remove", "john doe", "--yes"], "")
        .says(0, "john doe: removed\n", "");
    assert_eq!(server.items(), 0);
}

#[test]
fn a_user_whose_name_has_a_space_is_exported_but_not_imported() {
    let server = with_john_doe();
    let export = server.run(&["export"], "").succeeds();
    assert_eq!(export.stderr, "1 user exported\n");
    let other = Server::with_table();
    let run = other.run(&["import", "-", "--keep-going"], &export.stdout);
    run.fails(1, "-: line 1: the user name \"john doe\" holds white space");
    assert!(
        run.stderr.ends_with("error: 1 line was not imported\n"),
        "{}",
        run.stderr
    );
    assert_eq!(other.items(), 0);
}

#[test]
fn a_user_is_disabled_and_enabled_and_listed_as_such() {
    let server = with_johndoe();
    let listed_as = |state: &str| {
        let list = server.run(&["list"], "").stdout;
        assert!(
            list.starts_with("johndoe ") && list.ends_with(&format!("items me      {state}\n")),
            "{list}"
        );
    };
    server
        .run(&["disable", "johndoe"], "")
        .says(0, "johndoe: disabled\n", "");
    server
        .run(&["disable", "johndoe"], "")
        .says(0, "johndoe: was disabled already\n", "");
    listed_as("disabled");
    server
        .run(&["enable", "johndoe"], "")
        .says(0, "johndoe: enabled\n", "");
    listed_as("active");
    was_written(&server, 3);
}

/// A new stamp ends all tokens of a user; another user of the same name has another.
#[test]
fn what_must_end_tokens_gives_a_new_stamp() {
    let server = with_johndoe();
    let stamp = || server.export()[0]["stamp"].clone();
    let password = "another horse of another battery";
    let mut stamps = vec![stamp()];
    for (arguments, is_new) in [
        (&["set-password", "johndoe"][..], true),
        (&["set-scopes", "johndoe", "me"], false),
        (&["set-email", "johndoe", "j@x.org"], false),
        (&["unlock", "johndoe"], false),
        (&["disable", "johndoe"], true),
        (&["enable", "johndoe"], true),
        (&["logout", "johndoe"], true),
        (&["remove", "johndoe", "--yes"], false),
        (&["add", "johndoe"], true),
    ] {
        server.run(arguments, password).succeeds();
        if arguments[0] != "remove" {
            let now = stamp();
            assert_eq!(!stamps.contains(&now), is_new, "{arguments:?}");
            assert!(is_new || stamps.last() == Some(&now), "{arguments:?}");
            stamps.push(now);
        }
    }
    server
        .run(&["logout", "johndoe"], "")
        .says(0, "johndoe: logged out everywhere\n", "");
}

#[test]
fn an_import_gives_new_stamps_unless_the_files_are_kept() {
    let server = Server::with_table();
    let import = |more: &str, arguments: &[&str]| {
        let line = format!(r#"{{"username":"bob","password_hash":"{HASH}","scopes":[]{more}}}"#);
        server.run(&[&["import", "-"], arguments].concat(), &line)
    };
    let stamp = || server.export()[0]["stamp"].clone();
    import(r#","stamp":"s""#, &[]).succeeds();
    let added = stamp();
    assert!(added.is_string() && added != "s", "{added}");
    for more in ["", r#","stamp":"s""#] {
        import(more, &["--replace"]).succeeds();
        assert_eq!(stamp(), added, "already there");
    }
    import(r#","stamp":"s","email":"b@x.org""#, &["--replace"]).succeeds();
    assert!(stamp() != added && stamp() != "s", "replaced");

    let kept = r#","stamp":"s","email":"b@x.org""#;
    import(kept, &["--keep-stamps"]).fails(1, "differs in stamp");
    import(kept, &["--keep-stamps", "--replace"]).succeeds();
    assert_eq!(stamp(), "s");
    import(r#","email":"b@x.org""#, &["--keep-stamps"]).succeeds();
    assert_eq!(stamp(), "s", "a line without a stamp fits every one");
}

#[test]
fn set_password_replaces_the_hash() {
    let server = with_johndoe();
    let hash = server.export()[0]["password_hash"].clone();
    server
        .run(
            &["set-password", "johndoe", "--password-stdin"],
            "another horse of another battery\n",
        )
        .says(0, "johndoe: new password set\n", "");
    assert_ne!(server.export()[0]["password_hash"], hash);
    was_written(&server, 2);
}

#[test]
fn set_password_refuses_what_the_table_knows_of_the_user() {
    let server = with_johndoe();
    let password = "vanderslootjurgenmeier";
    let name = ["set-name", "johndoe", "Vandersloot Jurgenmeier"];
    server
        .run(&["set-password", "johndoe"], password)
        .succeeds();
    server.run(&name, "").succeeds();
    server
        .run(&["set-password", "johndoe"], password)
        .fails(2, "the password is too easy to guess: Add another word");
}

#[test]
fn a_user_is_removed_only_with_yes() {
    let server = with_johndoe();
    server.run(&["remove", "johndoe"], "").fails(2, "say --yes");
    was_written(&server, 1);
    assert_eq!(
        server.json(&["remove", "johndoe", "--yes"], ""),
        json!({ "removed": "johndoe" })
    );
    assert_eq!(server.items(), 0);
}

#[test]
fn every_command_says_that_there_is_no_such_user() {
    let server = with_johndoe();
    server.run(&["remove", "johndoe", "--yes"], "").succeeds();
    for command in [
        &["show", "johndoe"][..],
        &["enable", "johndoe"],
        &["set-scopes", "johndoe", "me"],
        &["set-email", "johndoe", "j@x.org"],
        &["set-name", "johndoe", ""],
        &["set-password", "johndoe"],
        &["unlock", "johndoe"],
        &["remove", "johndoe", "--yes"],
    ] {
        let run = server.run(command, GOOD_PASSWORD);
        run.fails(3, "no user \"johndoe\" in the table \"users\"\n");
    }
}

#[test]
fn a_name_in_capitals_is_answered_with_its_own_form() {
    let server = Server::with_table();
    server
        .run(&["show", "JohnDoe"], "")
        .fails(3, "did you mean \"johndoe\"?");
}

#[test]
fn bad_names_passwords_and_scopes_write_nothing() {
    let server = Server::with_table();
    for (arguments, password, expected) in [
        (&["add", ""][..], GOOD_PASSWORD, "a user name is empty"),
        (&["add", "JohnDoe"], GOOD_PASSWORD, "form, \"johndoe\""),
        (&["add", "jo\u{200b}hn"], GOOD_PASSWORD, "U+200B"),
        (
            &["add", "john "],
            GOOD_PASSWORD,
            "\"john \" holds white space, U+0020",
        ),
        (
            &["add", "john doe"],
            GOOD_PASSWORD,
            "leave it out, or take \".\" or \"-\" instead",
        ),
        (
            &["add", "john\u{3000}doe"],
            GOOD_PASSWORD,
            "white space, U+3000",
        ),
        (&["add", "john"], "fourteen chars", "15 or more"),
        (
            &["add", "john"],
            "passwordpassword",
            "the password is too easy to guess: Repeats like",
        ),
        (
            &["add", "john", "--full-name", "Jurgen Vandersloot"],
            "jurgenvandersloot",
            "too easy to guess: Add another word or two.",
        ),
        (&["add", "john"], "two\nlines of it\n", "more than one line"),
        (&["add", "john"], "", "has 0 characters"),
        (
            &["add", "john", "--min-length", "0"],
            "",
            "'0' for '--min-length",
        ),
        (
            &["add", "john", "--scopes", "m\"e"],
            GOOD_PASSWORD,
            "a scope is made of",
        ),
        (
            &["add", "john", "--full-name", "J\u{1b}[2J"],
            GOOD_PASSWORD,
            "--full-name holds U+001B",
        ),
        (&["add", "john", "a password"], "", "unexpected argument"),
        (
            &["add", "john", "--password", "a password"],
            "",
            "unexpected argument",
        ),
        (&["frobnicate"], "", "unrecognized subcommand"),
    ] {
        server.run(arguments, password).fails(2, expected);
        let with_json = [arguments, &["--json"]].concat();
        let run = server.run(&with_json, password);
        assert_eq!(run.code, 2);
        let error: Value = serde_json::from_str(&run.stderr).unwrap();
        assert!(
            error["error"].as_str().unwrap().contains(expected),
            "{error}"
        );
    }
    server
        .run(&["add", "john", "--min-length", "9"], "x7!Kq2vRw")
        .says(0, "john: added\n", "");
    assert_eq!(server.export().len(), 1);
}

#[test]
fn no_update_is_lost_and_unknown_attributes_stay() {
    let server = Server::with_table();
    server.run(&["import", "-"], &user("bob")).succeeds();
    server.set_nickname("bob");
    let children: Vec<_> = ["me", "items", "me items", ""]
        .iter()
        .map(|scopes| {
            let command = server.command(&["set-scopes", "bob", scopes]);
            thread::spawn(|| support::finish(command, "").succeeds())
        })
        .collect();
    for child in children {
        child.join().unwrap();
    }
    assert_eq!(server.json(&["disable", "bob"], "")["version"], 6);
    assert_eq!(server.item("bob")["nickname"], text("Jo"));
    let export = server.run(&["export"], "").succeeds();
    let expected = "left out, for this version does not know them: nickname\n";
    assert!(export.stderr.ends_with(expected), "{}", export.stderr);
}

#[test]
fn a_list_goes_on_where_it_stopped() {
    let server = Server::with_table();
    let names: HashSet<String> = (0..25).map(|number| format!("user-{number}")).collect();
    let lines: Vec<String> = names.iter().map(|name| user(name)).collect();
    server.run(&["import", "-"], &lines.join("\n")).succeeds();
    let (mut seen, mut last) = (HashSet::new(), None::<String>);
    loop {
        let mut arguments = vec!["list", "--json", "--limit", "10"];
        arguments.extend(last.iter().flat_map(|name| ["--after", name]));
        let page = json_lines(&server.run(&arguments, "").succeeds().stdout);
        assert!(page.len() <= 10);
        for user in &page {
            assert!(user.get("password_hash").is_none());
            assert!(seen.insert(user["username"].as_str().unwrap().to_owned()));
        }
        match page.last() {
            Some(user) => last = Some(user["username"].as_str().unwrap().to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, names);
    let page = server.run(&["list", "--limit", "10"], "");
    assert!(
        page.stderr
            .starts_with("more: users list --limit 10 --after \"user-"),
        "{}",
        page.stderr
    );
    assert_eq!(server.run(&["list", "--limit", "25"], "").stderr, "");
}

#[test]
fn a_list_says_that_there_are_more_users_only_if_there_are() {
    let server = Server::with_table();
    let lines: Vec<String> = (0..5)
        .map(|number| user(&format!("user-{number}")))
        .collect();
    server.run(&["import", "-"], &lines.join("\n")).succeeds();
    for number in 0..250 {
        server.put(&format!("account#{number}"), Item::new());
    }
    for (limit, more) in [("1", true), ("4", true), ("5", false), ("6", false)] {
        let list = server.run(&["list", "--limit", limit], "").succeeds();
        let lines = list.stdout.lines().count();
        assert_eq!(lines.to_string(), limit.replace('6', "5"));
        assert_eq!(list.stderr.starts_with("more: "), more, "{limit}: {list:?}");
    }
}

#[test]
fn an_export_imports_as_it_was() {
    let (one, other) = (Server::with_table(), Server::with_table());
    let full = json!({
        "username": "zoë", "id": "u_1", "password_hash": HASH, "scopes": ["items", "me"], "disabled": true,
        "email": "z@x.org", "full_name": "Zoë \"Z\" \n", "stamp": "s", "created": 1, "updated": 2, "version": 3,
    });
    let content = format!("{}\n\n{full}\n", user("bob"));
    let counts = one.json(&["import", path(&file(&content)), "--keep-stamps"], "");
    let expected = |added, there| json!({ "added": added, "replaced": 0, "already_there": there, "conflicts": 0, "invalid": 0 });
    assert_eq!(counts, expected(2, 0));
    assert!(one.export().contains(&full));

    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("users.jsonl");
    let copy = copy.to_str().unwrap();
    let exported = one.run(&["export", copy], "");
    exported.says(0, &format!("2 users exported to {copy}\n"), "");
    let text = fs::read_to_string(copy).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(copy).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let failed = folder.path().join("failed.jsonl");
    let arguments = ["export", failed.to_str().unwrap(), "--table", "none"];
    one.run(&arguments, "").fails(1, "no table \"none\"");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    for (added, there) in [(2, 0), (0, 2)] {
        let counts = other.json(&["import", copy, "--keep-stamps"], "");
        assert_eq!(counts, expected(added, there));
    }
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&other.run(&["export"], "").stdout), sorted(&text));
}

#[test]
fn an_export_says_what_is_in_its_way() {
    let server = with_bob();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users");
    let part = folder.path().join("users.part");
    fs::create_dir(&part).unwrap();
    let export = || server.run(&["export", file.to_str().unwrap()], "");
    export().fails(1, "users.part: something else is in the way");
    assert!(part.is_dir() && !file.exists());
    fs::remove_dir(&part).unwrap();
    let expected = format!("1 user exported to {}\n", file.display());
    export().says(0, &expected, "");
}

/// The bob of [`user`], but with another scope.
fn other_bob() -> String {
    user("bob").replace("\"me\"", "\"items\"")
}

/// A table in which only bob is.
fn with_bob() -> Server {
    let server = Server::with_table();
    server.run(&["import", "-"], &user("bob")).succeeds();
    server
}

/// A line that conflicts with bob, two bad ones, and dave twice.
fn conflict_and_bad_lines() -> NamedTempFile {
    let lines = [
        other_bob(),
        "{\"username\":".to_owned(),
        user("Carol"),
        user("dave"),
        user("dave"),
    ];
    file(&lines.join("\n"))
}

#[test]
fn an_import_stops_at_the_first_bad_line_and_names_the_way_on() {
    let server = with_bob();
    let before = server.export();
    let run = server.run(&["import", path(&conflict_and_bad_lines())], "");
    run.fails(1, "line 2: column 12: EOF while parsing");
    assert!(run.stderr.contains("--keep-going"), "{}", run.stderr);
    assert_eq!(server.export(), before, "dave comes later");
}

#[test]
fn keep_going_imports_the_good_lines_and_names_the_others() {
    let server = with_bob();
    let file = conflict_and_bad_lines();
    let run = server.run(&["import", path(&file), "--keep-going"], "");
    assert_eq!(run.code, 1);
    assert_eq!(
        run.stdout,
        "1 added, 1 already there, 1 conflict, 2 invalid\n"
    );
    for expected in [
        "line 1: \"bob\" is there already, and differs in scopes\n",
        "line 2: column 12: EOF",
        "line 3: the user name \"Carol\" could be mistaken",
        "error: 3 lines were not imported",
    ] {
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}

#[test]
fn a_conflict_leaves_the_user_as_he_was() {
    let server = with_bob();
    let bob = server.export().remove(0);
    let file = conflict_and_bad_lines();
    let run = server.run(&["import", path(&file), "--keep-going"], "");
    assert!(run.stdout.contains("1 conflict,"), "{}", run.stdout);
    assert!(server.export().contains(&bob));
}

#[test]
fn replace_overwrites_a_user_who_differs_and_only_once() {
    let server = with_bob();
    let run = server.run(&["import", "-", "--replace"], &other_bob());
    let replaced = "0 added, 1 replaced, 0 already there, 0 conflicts, 0 invalid\n";
    assert_eq!((run.code, &*run.stdout), (0, replaced));
    let costs = "1 user with hashes of m=65536,t=3,p=4, and new ones are m=19456,t=2,p=1";
    assert!(run.stderr.starts_with(costs), "{}", run.stderr);
    let bob = server.json(&["show", "bob"], "");
    assert_eq!(
        (&bob["scopes"], &bob["version"]),
        (&json!(["items"]), &json!(2))
    );
    let run = server.run(&["import", "-", "--replace"], &other_bob());
    run.says(0, "0 added, 1 already there, 0 conflicts, 0 invalid\n", "");
}

#[test]
fn an_import_names_the_file_that_it_cannot_open() {
    Server::with_table()
        .run(&["import", "no/such/file"], "")
        .fails(1, "no/such/file: No such file");
}

#[test]
fn a_killed_import_goes_on() {
    const USERS: usize = 3000;
    let server = Server::with_table();
    let names: HashSet<String> = (0..USERS).map(|number| format!("user-{number}")).collect();
    let lines: Vec<String> = names.iter().map(|name| user(name)).collect();
    let file = file(&lines.join("\n"));

    let mut child = server.command(&["import", path(&file)]).spawn().unwrap();
    while server.items() < USERS / 4 {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // Requests that the killed process had already sent may still be carried out.
    sleep(Duration::from_millis(200));
    let there = server.items();
    assert!(there < USERS, "killed half-way");

    let counts = server.json(&["import", path(&file)], "");
    assert_eq!(counts["added"], USERS - there);
    assert_eq!(counts["already_there"], there);
    assert_eq!(counts["conflicts"], 0);
    let exported = server.export();
    assert_eq!(exported.len(), USERS, "none twice");
    let found: HashSet<String> = exported
        .iter()
        .map(|user| user["username"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(found, names, "none lost");
    assert!(exported.iter().all(|user| user["version"] == 1));
}

#[test]
fn a_missing_table_is_named() {
    let server = Server::without_table();
    let run = server.run(&["list"], "");
    run.fails(1, "no table \"users\"");
    assert!(run.stderr.contains("create-table"), "{}", run.stderr);
}

#[test]
fn create_table_makes_an_empty_table_once() {
    let server = Server::without_table();
    server
        .run(&["create-table"], "")
        .says(0, "table users: made\n", "");
    assert_eq!(
        server.json(&["create-table"], ""),
        json!({ "table": "users", "created": false })
    );
    server.run(&["list"], "").says(0, "", "");
}

/// Runs where nobody has set up anything for the command, apart from these variables.
fn set_up_with(variables: &[(&str, &str)], arguments: &[&str]) -> Run {
    let mut command = support::bare(arguments);
    command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", "/nowhere")
        .envs(variables.iter().copied());
    support::finish(command, "")
}

#[test]
fn asks_for_a_table_if_none_is_named() {
    set_up_with(&[], &["list"]).fails(2, "which table?");
}

#[test]
fn asks_for_a_region_if_none_is_named() {
    set_up_with(&[], &["list", "--stack", "x"]).fails(1, "which AWS region?");
}

#[test]
fn missing_credentials_are_named() {
    let variables = [("USERS_TABLE", "users"), ("AWS_REGION", "eu-west-1")];
    set_up_with(&variables, &["list"]).fails(1, "no AWS credentials");
}

#[test]
fn an_endpoint_is_a_whole_url() {
    let arguments = ["list", "--table", "x", "--endpoint-url", "localhost"];
    set_up_with(&[], &arguments).fails(2, "no endpoint URL");
}

#[test]
fn an_endpoint_where_nobody_listens_cannot_be_reached() {
    let endpoint = "http://127.0.0.1:9";
    let arguments = ["list", "--table", "x", "--endpoint-url", endpoint];
    set_up_with(&[], &arguments).fails(1, "cannot be reached");
}

/// Lists the users with these variables alone: no region, no credentials.
fn list_with(variables: &[(&str, &str)], more: &[&str]) -> Run {
    let arguments = [&["list", "--table", "users"][..], more].concat();
    set_up_with(variables, &arguments)
}

#[test]
fn the_endpoint_of_all_services_will_do() {
    let server = with_bob();
    for variables in [
        &[("AWS_ENDPOINT_URL", server.url())][..],
        &[
            ("AWS_ENDPOINT_URL", server.url()),
            ("AWS_ENDPOINT_URL_DYNAMODB", ""),
        ],
    ] {
        let list = list_with(variables, &[]).succeeds().stdout;
        assert!(list.starts_with("bob "), "{list}");
    }
    list_with(&[("AWS_ENDPOINT_URL", "localhost")], &[]).fails(2, "no endpoint URL");
}

#[test]
fn an_option_wins_over_the_endpoint_of_dynamodb_and_that_over_the_endpoint_of_all_services() {
    let server = with_bob();
    let nobody = "http://127.0.0.1:9";
    let dynamodb = [
        ("AWS_ENDPOINT_URL_DYNAMODB", server.url()),
        ("AWS_ENDPOINT_URL", nobody),
    ];
    list_with(&dynamodb, &[]).succeeds();
    let wrong = [
        ("AWS_ENDPOINT_URL_DYNAMODB", nobody),
        ("AWS_ENDPOINT_URL", nobody),
    ];
    list_with(&wrong, &["--endpoint-url", server.url()]).succeeds();
    let other = [
        ("AWS_ENDPOINT_URL_DYNAMODB", nobody),
        ("AWS_ENDPOINT_URL", server.url()),
    ];
    list_with(&other, &[]).fails(1, "cannot be reached");
}

#[test]
fn a_table_and_a_stack_exclude_each_other() {
    let arguments = ["list", "--table", "x", "--stack", "y"];
    set_up_with(&[], &arguments).fails(2, "cannot be used with");
}

#[test]
fn a_stack_names_its_table() {
    let server = Server::with_table();
    let mut command = server.command(&["list", "--stack", "prod"]);
    command.env_remove("USERS_TABLE");
    let run = support::finish(command, "");
    run.fails(
        1,
        "no table \"prod-users\" of the stack \"prod\" in us-east-1",
    );
    let stacks = "aws cloudformation describe-stacks --region us-east-1";
    assert!(run.stderr.contains(stacks), "{}", run.stderr);
    assert!(!run.stderr.contains("create-table"), "{}", run.stderr);
}

#[test]
fn hash_completions_and_help_need_no_table() {
    let server = Server::without_table();
    let hash = server.run(&["hash"], GOOD_PASSWORD);
    let expected = "$argon2id$v=19$m=19456,t=2,p=1$";
    assert!(hash.stdout.starts_with(expected), "{}", hash.stdout);
    let hash = server.json(&["hash"], GOOD_PASSWORD);
    assert!(
        hash["password_hash"]
            .as_str()
            .unwrap()
            .starts_with(expected)
    );
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = server.run(&["completions", shell], "").succeeds().stdout;
        assert!(script.contains("set-password"), "{shell}");
    }
    let help = server.run(&["--help"], "").succeeds().stdout;
    for text in ["Exit codes:", "3  no such user", "Examples:"] {
        assert!(help.contains(text), "{help}");
    }
}
