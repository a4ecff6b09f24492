//! The built command against a DynamoDB in the test process.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::thread::{self, sleep};
use std::time::Duration;

use serde_json::{Value, json};
use shared::aws::table::text;
use support::{GOOD_PASSWORD, HASH, Server, json_lines};
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

#[test]
fn the_life_of_a_user() {
    let server = Server::with_table();
    let add = [
        "add",
        "johndoe",
        "--scopes",
        "me items me",
        "--email",
        "j@x.org",
        "--full-name",
        "John Doe",
    ];
    server
        .run(&add, GOOD_PASSWORD)
        .says(0, "johndoe: added\n", "");
    server
        .run(&add, GOOD_PASSWORD)
        .fails(4, "\"johndoe\" is in the table \"users\" already");

    let shown = server.json(&["show", "johndoe"], "");
    let expected = json!({
        "username": "johndoe", "scopes": ["items", "me"], "disabled": false,
        "email": "j@x.org", "full_name": "John Doe", "password": "argon2id m=19456,t=2,p=1",
        "created": shown["created"], "updated": shown["created"], "version": 1,
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

    server
        .run(&["set-scopes", "johndoe", "me"], "")
        .says(0, "johndoe: scopes are now: me\n", "");
    server
        .run(&["disable", "johndoe"], "")
        .says(0, "johndoe: disabled\n", "");
    server
        .run(&["disable", "johndoe"], "")
        .says(0, "johndoe: was disabled already\n", "");
    let list = server.run(&["list"], "").stdout;
    assert!(
        list.starts_with("johndoe ") && list.ends_with("me            disabled\n"),
        "{list}"
    );
    server
        .run(&["enable", "johndoe"], "")
        .says(0, "johndoe: enabled\n", "");
    let hash = server.export()[0]["password_hash"].clone();
    server
        .run(
            &["set-password", "johndoe", "--password-stdin"],
            "another horse of another battery\n",
        )
        .says(0, "johndoe: new password set\n", "");
    assert_ne!(server.export()[0]["password_hash"], hash);
    let after = server.json(&["set-scopes", "johndoe", ""], "");
    assert_eq!(after["version"], 6);
    assert_eq!(after["scopes"], json!([]));
    assert_eq!(after["email"], "j@x.org");

    server.run(&["remove", "johndoe"], "").fails(2, "say --yes");
    assert_eq!(
        server.json(&["remove", "johndoe", "--yes"], ""),
        json!({ "removed": "johndoe" })
    );
    for command in [
        &["show", "johndoe"][..],
        &["enable", "johndoe"],
        &["set-scopes", "johndoe", "me"],
        &["set-password", "johndoe"],
        &["remove", "johndoe", "--yes"],
    ] {
        let run = server.run(command, GOOD_PASSWORD);
        run.fails(3, "no user \"johndoe\" in the table \"users\"\n");
    }
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
            "single spaces between words",
        ),
        (&["add", "john"], "fourteen chars", "15 or more"),
        (&["add", "john"], "passwordpassword", "guessed first"),
        (&["add", "john"], "two\nlines of it\n", "more than one line"),
        (&["add", "john"], "", "has 0 characters"),
        (
            &["add", "john", "--min-length", "0"],
            "",
            "'0' for '--min-length",
        ),
        (
            &["add", "john", "--scopes", "me itmes"],
            GOOD_PASSWORD,
            "\"itmes\", the service's scopes are: me, items",
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
        .run(&["add", "john", "--min-length", "6"], "x7!Kq2")
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
fn an_export_imports_as_it_was() {
    let (one, other) = (Server::with_table(), Server::with_table());
    let full = json!({
        "username": "zoë", "password_hash": HASH, "scopes": ["items", "me"], "disabled": true,
        "email": "z@x.org", "full_name": "Zoë \"Z\" \n", "created": 1, "updated": 2, "version": 3,
    });
    let content = format!("{}\n\n{full}\n", user("bob"));
    let counts = one.json(&["import", path(&file(&content))], "");
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
    assert_eq!(other.json(&["import", copy], ""), expected(2, 0));
    assert_eq!(other.json(&["import", copy], ""), expected(0, 2));
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&other.run(&["export"], "").stdout), sorted(&text));
}

#[test]
fn an_import_reports_conflicts_and_bad_lines_and_leaves_others_alone() {
    let server = Server::with_table();
    server.run(&["import", "-"], &user("bob")).succeeds();
    let before = server.export();
    let other_bob = user("bob").replace("\"me\"", "\"items\"");
    let content = [
        other_bob.as_str(),
        "{\"username\":",
        &user("Carol"),
        &user("dave"),
        &user("dave"),
    ]
    .join("\n");
    let file = file(&content);

    let run = server.run(&["import", path(&file)], "");
    run.fails(1, "line 2: column 12: EOF while parsing");
    assert!(run.stderr.contains("--keep-going"), "{}", run.stderr);

    let run = server.run(&["import", path(&file), "--keep-going"], "");
    assert_eq!(run.code, 1);
    assert_eq!(
        run.stdout,
        "1 added, 1 already there, 1 conflicts, 2 invalid\n"
    );
    for expected in [
        "line 1: \"bob\" is there already, with another scopes\n",
        "line 2: column 12: EOF",
        "line 3: the user name \"Carol\" could be mistaken",
        "error: 3 lines were not imported",
    ] {
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
    assert!(server.export().contains(&before[0]), "bob is as he was");

    let run = server.run(&["import", "-", "--replace"], &other_bob);
    run.says(
        0,
        "0 added, 1 replaced, 0 already there, 0 conflicts, 0 invalid\n",
        "",
    );
    let bob = server.json(&["show", "bob"], "");
    assert_eq!(
        (&bob["scopes"], &bob["version"]),
        (&json!(["items"]), &json!(2))
    );
    let run = server.run(&["import", "-", "--replace"], &other_bob);
    run.says(0, "0 added, 1 already there, 0 conflicts, 0 invalid\n", "");

    server
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
fn says_what_is_missing() {
    let server = Server::without_table();
    server.run(&["list"], "").fails(1, "no table \"users\"");
    server
        .run(&["create-table"], "")
        .says(0, "table users: made\n", "");
    assert_eq!(
        server.json(&["create-table"], ""),
        json!({ "table": "users", "created": false })
    );
    server.run(&["list"], "").says(0, "", "");

    let bare = |arguments: &[&str]| {
        let mut command = server.command(arguments);
        for name in ["USERS_TABLE", "AWS_ENDPOINT_URL_DYNAMODB"] {
            command.env_remove(name);
        }
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("HOME", "/nowhere");
        support::finish(command, "")
    };
    bare(&["list"]).fails(2, "which table?");
    bare(&["list", "--stack", "x"]).fails(1, "which AWS region?");
    let mut command = server.command(&["list"]);
    command
        .env_remove("AWS_ENDPOINT_URL_DYNAMODB")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    support::finish(command, "").fails(1, "no AWS credentials");
    bare(&["list", "--table", "x", "--endpoint-url", "localhost"]).fails(2, "no endpoint URL");
    bare(&[
        "list",
        "--table",
        "x",
        "--endpoint-url",
        "http://127.0.0.1:9",
    ])
    .fails(1, "cannot be reached");
    bare(&["list", "--table", "x", "--stack", "y"]).fails(2, "cannot be used with");
}

#[test]
fn a_stack_names_its_table() {
    let server = Server::with_table();
    let mut command = server.command(&["list", "--stack", "prod"]);
    command.env_remove("USERS_TABLE");
    support::finish(command, "").fails(1, "no table \"prod-users\"");
}

#[test]
fn hash_and_completions_need_no_table() {
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
