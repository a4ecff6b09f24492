//! A user's id: it stays when the name changes, and is never another user's.

use serde_json::{Value, json};
use shared::aws::table::text;
use shared::domain::accounts::UserId;
use shared::domain::login::attempt::Attempt;
use shared::domain::login::store::LoginStore;
use shared::domain::sessions::store::SessionStore;

use crate::endings::{are_valid, login};
use crate::support::{GOOD_PASSWORD, HASH, Server};
use crate::{file, path, user, with_johndoe};

fn id(server: &Server, name: &str) -> String {
    let shown = server.json(&["show", name], "");
    shown["id"].as_str().unwrap().to_owned()
}

fn line(name: &str, id: &str) -> String {
    json!({"username": name, "id": id, "password_hash": HASH, "scopes": ["me"]}).to_string()
}

/// A user of before there were ids.
fn without_id(server: &Server, name: &str) {
    let mut item = server.item(name);
    item.remove("id").unwrap();
    server.put(&format!("user#{name}"), item);
}

#[test]
fn a_new_user_has_an_id_that_no_other_has() {
    let server = with_johndoe();
    server
        .run(&["add", "jane", "--scopes", "me"], GOOD_PASSWORD)
        .succeeds();
    let (john, jane) = (id(&server, "johndoe"), id(&server, "jane"));
    assert!(
        john.starts_with("u_") && john.len() == 24 && john != jane,
        "{john} {jane}"
    );
    let exported = server.export();
    assert!(exported.iter().any(|user| user["id"] == *john));
    let user = server.wait(server.table("users").user("johndoe")).unwrap();
    assert_eq!(user.unwrap().id, UserId::from(&*john));
    let add = server.run(&["add", "u_jane", "--scopes", "me"], GOOD_PASSWORD);
    add.fails(2, "the user name \"u_jane\" begins with \"u_\", as the ids of users do; let it begin otherwise");
}

#[test]
fn a_new_name_keeps_everything_but_tokens_and_sessions() {
    let server = with_johndoe();
    server.set_nickname("johndoe");
    let (before, tokens) = (server.json(&["show", "johndoe"], ""), login(&server));
    let renamed = server.run(&["rename", "johndoe", "john.doe"], "");
    renamed.says(
        0,
        "johndoe: is john.doe now, and logged out everywhere\n",
        "",
    );
    let mut after = server.json(&["show", "john.doe"], "");
    assert_eq!(
        after["version"],
        json!(before["version"].as_u64().unwrap() + 1)
    );
    for (name, value) in [
        ("username", json!("johndoe")),
        ("version", before["version"].clone()),
        ("updated", before["updated"].clone()),
    ] {
        after[name] = value;
    }
    assert_eq!(after, before);
    assert!(server.item("john.doe").contains_key("nickname"));
    assert_eq!(server.item_of("user#johndoe"), None);
    assert_eq!(server.item_of("credentials#johndoe"), None);
    // The password is the same: the login finds the user with it.
    let attempt = Attempt::new("203.0.113.7", "john.doe");
    let seen = server.wait(LoginStore::look(&server.table("users"), &attempt));
    let found = seen.unwrap().found.unwrap();
    assert!(found.password_hash.is_some());
    assert_eq!(found.user.id.as_str(), after["id"]);
    // Another user of the old name inherits nothing.
    server
        .run(&["add", "johndoe", "--scopes", "me"], GOOD_PASSWORD)
        .succeeds();
    assert_eq!(are_valid(&server, &tokens), (false, false));
    assert_ne!(id(&server, "johndoe"), after["id"]);
}

#[test]
fn a_rename_that_cannot_be_says_why_and_changes_nothing() {
    let server = with_johndoe();
    server
        .run(&["add", "jane", "--scopes", "me"], GOOD_PASSWORD)
        .succeeds();
    let before = server.export();
    for (arguments, code, said) in [
        (["nobody", "x"], 3, "no user \"nobody\""),
        (["johndoe", "jane"], 4, "\"jane\""),
        (["johndoe", "johndoe"], 4, "\"johndoe\""),
        (["johndoe", "Jane Doe"], 2, "white space"),
        (["johndoe", "u_x"], 2, "as the ids of users do"),
        (
            ["johndoe", "client:x"],
            2,
            "as the sub of a client's token does",
        ),
    ] {
        let run = server.run(&[&["rename"][..], &arguments].concat(), "");
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
        assert_eq!(server.export(), before);
    }
}

/// The id of a user of before there were ids is the first name, for ever.
#[test]
fn an_old_users_id_is_the_first_name() {
    let server = with_johndoe();
    without_id(&server, "johndoe");
    assert_eq!(id(&server, "johndoe"), "johndoe");
    let refused = |line: String| {
        let run = server.run(&["import", path(&file(&line))], "");
        assert_eq!(run.code, 1, "{line}");
        run.stderr
    };
    let said = refused(line("eve", "johndoe"));
    assert!(
        said.contains(
            "line 1: \"eve\" was not added: the id \"johndoe\" is, or was, that of \"johndoe\""
        ),
        "{said}"
    );

    for name in ["john", "jack", "johndoe", "john"] {
        let old = server.export()[0]["username"].as_str().unwrap().to_owned();
        server.run(&["rename", &old, name], "").succeeds();
        assert_eq!(id(&server, name), "johndoe");
    }
    // A new user of that name is another one, and no import makes it the old one.
    server
        .run(&["add", "johndoe", "--scopes", "me"], GOOD_PASSWORD)
        .succeeds();
    assert!(id(&server, "johndoe").starts_with("u_"));
    server.run(&["remove", "johndoe", "--yes"], "").succeeds();
    for name in ["johndoe", "eve"] {
        let said = refused(line(name, "johndoe"));
        assert!(said.contains("is, or was, that of \"john\""), "{said}");
    }
}

#[test]
fn an_import_restores_an_id_and_never_gives_it_to_another() {
    let server = Server::with_table();
    let import = |line: &str, replace: bool| {
        let file = file(line);
        let arguments = [
            &["import", path(&file)][..],
            if replace { &["--replace"] } else { &[] },
        ];
        let run = server.run(&arguments.concat(), "");
        (run.code, run.stderr)
    };
    assert_eq!(import(&line("bob", "u_1"), false).0, 0);
    assert_eq!(id(&server, "bob"), "u_1");
    // A line without an id leaves it as it is, and gives a new user a new one.
    assert_eq!(
        import(&user("bob").replace("\"me\"", "\"items\""), true).0,
        0
    );
    assert_eq!(id(&server, "bob"), "u_1");
    assert_eq!(import(&user("jane"), false).0, 0);
    assert!(id(&server, "jane").starts_with("u_"));
    // What was exported before there were ids keeps the id of then.
    let old = user("jack").replace('}', ",\"created\":1}");
    assert_eq!(import(&old, false).0, 0);
    assert_eq!(id(&server, "jack"), "jack");
    for (line, said) in [
        (
            line("eve", "u_1"),
            "\"eve\" was not added: the id \"u_1\" is, or was, that of \"bob\"",
        ),
        (
            line("bob", "u_2"),
            "\"bob\" is there already, with the id \"u_1\", which stays; the line has \"u_2\"",
        ),
        (line("jane", "jane"), "with the id \"u_"),
        (line("joe", ""), "the id of \"joe\": \"\" can be no id"),
    ] {
        for replace in [false, true] {
            let (code, stderr) = import(&line, replace);
            assert!(code == 1 && stderr.contains(said), "{line}: {stderr}");
        }
    }
    // A user who was removed can come back, alone.
    server.run(&["remove", "bob", "--yes"], "").succeeds();
    assert_eq!(import(&line("eve", "u_1"), false).0, 1);
    assert_eq!(import(&line("bob", "u_1"), false).0, 0);
    server.run(&["rename", "bob", "robert"], "").succeeds();
    assert_eq!(import(&line("bob", "u_1"), false).0, 1);
    // Whole exports go from table to table.
    let export = server.run(&["export"], "").succeeds().stdout;
    let other = Server::with_table();
    other.run(&["import", path(&file(&export))], "").succeeds();
    let ids = |server: &Server| {
        let mut all: Vec<Value> = server
            .export()
            .iter()
            .map(|user| user["id"].clone())
            .collect();
        all.sort_by_key(Value::to_string);
        all
    };
    assert_eq!(ids(&other), ids(&server));
    assert_eq!(
        server.item_of("id#u_1").unwrap()["username"],
        text("robert")
    );
}
