//! Secrets: shown once, valid until they are replaced.

use serde_json::json;
use shared::domain::clients::memory::MemoryClients;
use shared::domain::clients::{GrantType, Secret};

use super::*;
use crate::support::{bare, finish};

/// The value of a labelled line.
fn labelled<'a>(text: &'a str, label: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(label));
    line.unwrap_or_else(|| panic!("{label}: {text}")).trim()
}

/// The new secret of a client.
fn rotate(server: &Server, id: &str, options: &[&str]) -> String {
    let arguments = [&["clients", "rotate-secret", id], options].concat();
    let rotated = server.json(&arguments, "");
    rotated["client_secret"].as_str().unwrap().to_owned()
}

/// Which of these secrets let the client in.
fn valid(server: &Server, id: &str, secrets: &[&str]) -> Vec<bool> {
    let each = secrets.iter();
    each.map(|secret| authenticate(server, id, secret).is_ok())
        .collect()
}

#[test]
fn a_secret_is_printed_once_and_lets_the_client_in() {
    let server = Server::with_table();
    let added = run(&server, &["add", "Reports", "--scopes", "items me"]).succeeds();
    assert_eq!(added.stderr, "the secret is not shown again\n");
    assert_eq!(added.stdout.lines().count(), 2);
    let id = labelled(&added.stdout, "client_id ");
    let secret = labelled(&added.stdout, "client_secret ");
    assert!(id.starts_with("c_") && id.len() == 18, "{id}");
    assert!(secret.starts_with("cs_") && secret.len() == 46, "{secret}");

    let client = authenticate(&server, id, secret).unwrap();
    assert!(client.may(GrantType::ClientCredentials) && !client.may(GrantType::Password));
    assert!(client.may_have(["items", "me"]) && !client.introspect);
    assert_eq!(authenticate(&server, id, "").unwrap_err(), "no secret");
    assert_eq!(authenticate(&server, id, id).unwrap_err(), "wrong secret");

    let hash = client.secrets[0].sha256.to_string();
    for command in [
        &["show", id][..],
        &["list"],
        &["set", id, "--name", "x"],
        &["disable", id],
        &["disable", id],
        &["enable", id],
        &["remove", id, "--yes"],
    ] {
        for json in [&[][..], &["--json"]] {
            let run = run(&server, &[command, json].concat());
            for told in [&run.stdout, &run.stderr] {
                assert!(!told.contains(&secret[3..]) && !told.contains(&hash));
            }
        }
    }
}

#[test]
fn two_clients_have_nothing_in_common() {
    let server = Server::with_table();
    let ((one, its), (other, others)) = (add(&server, &["x"]), add(&server, &["x"]));
    assert_ne!(one, other);
    assert_eq!(valid(&server, &one, &[&its, &others]), [true, false]);
    assert_eq!(valid(&server, &other, &[&its, &others]), [false, true]);
}

#[test]
fn a_public_client_has_no_secret_and_gets_none() {
    let server = Server::with_table();
    let added = run(&server, &["add", "App", "--public"]).succeeds();
    let id = labelled(&added.stdout, "client_id ");
    assert_eq!((added.stdout.lines().count(), id.len()), (1, 18));
    assert_eq!(added.stderr, "a public client: it has no secret\n");
    let client = authenticate(&server, id, "").unwrap();
    assert_eq!(
        client.grants,
        [GrantType::Password, GrantType::RefreshToken]
    );
    let refused = run(&server, &["rotate-secret", id]);
    refused.fails(2, "is public: it has no secret, and cannot keep one");
    assert!(authenticate(&server, id, "").unwrap().is_public());
    assert_eq!(version(&server, id), Some(1));
}

#[test]
fn a_rotation_leaves_the_newest_of_the_old_secrets_valid() {
    let server = Server::with_table();
    let (id, first) = add(&server, &["Reports"]);
    let second = rotate(&server, &id, &[]);
    assert_eq!(valid(&server, &id, &[&first, &second]), [true, true]);
    let third = rotate(&server, &id, &[]);
    let all = [&*first, &second, &third];
    assert_eq!(valid(&server, &id, &all), [false, true, true]);
    assert_eq!(
        show(&server, &id)["secrets"].as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn a_stolen_secret_is_dropped_at_once() {
    let server = Server::with_table();
    let (id, first) = add(&server, &["Reports"]);
    let second = rotate(&server, &id, &[]);
    assert_eq!(not_before(&server, &id), None);
    let run = run(&server, &["rotate-secret", &id, "--drop-old"]).succeeds();
    assert_eq!(
        run.stderr,
        "the secret is not shown again; no other one is valid\n"
    );
    let third = labelled(&run.stdout, "client_secret ");
    let all = [&*first, &second, third];
    assert_eq!(valid(&server, &id, &all), [false, false, true]);
    assert!(not_before(&server, &id).is_some(), "the thief's tokens end");
}

#[test]
fn of_the_old_secrets_the_one_that_was_made_last_stays() {
    let server = Server::with_table();
    let (id, _) = add(&server, &["Reports"]);
    let made = |created| Secret::random(created).unwrap();
    let (older, newer) = (made(7), made(8));
    // In no order: somebody has written them by hand.
    let mut client = authenticate_any(&server, &id);
    client.secrets = vec![newer.1, older.1];
    let mut item = shared::aws::clients::item(&client);
    item.insert("version".to_owned(), shared::aws::table::number(1));
    server.put(&client_key(&id), item);
    rotate(&server, &id, &[]);
    let secrets = show(&server, &id)["secrets"].clone();
    assert_eq!(secrets[0], json!(8), "{secrets}");
}

/// A client, whatever its secret is.
fn authenticate_any(server: &Server, id: &str) -> Client {
    shared::aws::clients::read(id, &item(server, id)).unwrap()
}

#[test]
fn a_secret_for_a_clients_file_is_made_without_a_table() {
    for json in [false, true] {
        let arguments = ["clients", "secret", "--json"];
        let run = finish(bare(&arguments[..2 + usize::from(json)]), "").succeeds();
        let (secret, kept) = if json {
            let told: Value = serde_json::from_str(&run.stdout).unwrap();
            (told["client_secret"].clone(), told["kept"].clone())
        } else {
            let kept = serde_json::from_str(labelled(&run.stdout, "kept ")).unwrap();
            (json!(labelled(&run.stdout, "client_secret ")), kept)
        };
        let file = json!([{ "id": "reports", "secrets": [kept] }]).to_string();
        let clients = Clients::of(Arc::new(MemoryClients::from_json(&file).unwrap()));
        let credentials = Credentials::new("reports", secret.as_str().unwrap());
        let server = Server::without_table();
        server.wait(clients.authenticate(&credentials)).unwrap();
    }
}
