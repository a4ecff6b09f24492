//! A table of an earlier version, which kept password hashes with the users.

use std::sync::Arc;

use shared::aws::table::{Item, credentials_key, text, user_key};
use shared::domain::login::attempt::Attempt;
use shared::domain::login::store::LoginStore;

use crate::support::{GOOD_PASSWORD, Server};
use crate::user;

const NAMES: [&str; 3] = ["bob", "carol", "zoë"];

/// Puts a user's hash back to where earlier versions had it.
fn make_old(server: &Server, name: &str) -> Item {
    let hash = server.item_of(&credentials_key(name)).unwrap()["password_hash"].clone();
    let mut user = server.item(name);
    user.remove("credentials_id");
    user.insert("password_hash".to_owned(), hash);
    server.put(&user_key(name), user.clone());
    server.delete(&credentials_key(name));
    user
}

fn old_table() -> Server {
    let server = Server::with_table();
    let lines = NAMES.map(user).join("\n");
    server.run(&["import", "-"], &lines).succeeds();
    for name in NAMES {
        make_old(&server, name);
    }
    server
}

#[test]
fn each_command_says_that_the_table_is_of_an_earlier_version() {
    let server = old_table();
    for command in [
        &["list"][..],
        &["show", "bob"],
        &["export"],
        &["set-scopes", "bob", "me"],
        &["set-password", "bob"],
        &["disable", "bob"],
        &["sessions", "bob"],
    ] {
        let run = server.run(command, GOOD_PASSWORD);
        run.fails(1, "the table \"users\" is of an earlier version");
        assert!(
            run.stderr.contains("users --table users upgrade-table"),
            "{run:?}"
        );
    }
}

#[test]
fn an_upgrade_moves_each_hash_and_nothing_else_changes() {
    let server = old_table();
    let before = NAMES.map(|name| server.item(name));
    server
        .run(&["upgrade-table"], "")
        .says(0, "3 users moved\n", "");
    for (name, mut old) in NAMES.into_iter().zip(before) {
        let credentials = server.item_of(&credentials_key(name)).unwrap();
        let mut user = server.item(name);
        assert_eq!(credentials["password_hash"], old["password_hash"]);
        assert_eq!(credentials["credentials_id"], user["credentials_id"]);
        for name in ["password_hash", "credentials_id", "updated", "version"] {
            user.remove(name);
            old.remove(name);
        }
        assert_eq!(user, old, "the stamp stays, so tokens do");
        let table = server.table("users");
        let attempt = Attempt::new("203.0.113.7", name);
        let seen = server.wait(LoginStore::look(&table, &attempt)).unwrap();
        assert!(
            seen.found.unwrap().password_hash.is_some(),
            "a login finds it"
        );
    }
    server
        .run(&["upgrade-table"], "")
        .says(0, "0 users moved\n", "");
    assert_eq!(server.export().len(), NAMES.len());
}

/// The function of the earlier version may make a hash anew meanwhile, or an operator change the user.
#[test]
fn a_user_who_changes_meanwhile_is_left_for_the_next_run() {
    let server = Arc::new(old_table());
    let tapped = Arc::clone(&server);
    let mut changed = false;
    let url = server.tapped(move |request| {
        if request.contains("TransactWriteItems") && !changed {
            changed = true;
            let mut item = tapped.item("bob");
            item.insert("version".to_owned(), shared::aws::table::number(9));
            item.insert("password_hash".to_owned(), text("a hash made anew"));
            tapped.put(&user_key("bob"), item);
        }
    });
    let run = server.run(&["--endpoint-url", &url, "upgrade-table"], "");
    run.says(
        1,
        "2 users moved\n",
        "error: 1 user changed meanwhile; run it again\n",
    );
    server
        .run(&["upgrade-table"], "")
        .says(0, "1 user moved\n", "");
    let moved = server.item_of(&credentials_key("bob")).unwrap();
    assert_eq!(moved["password_hash"], text("a hash made anew"));
}
