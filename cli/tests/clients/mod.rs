//! The programs that ask for tokens.

mod changes;
mod faults;
mod secrets;

use std::sync::Arc;

use serde_json::Value;
use shared::aws::clients::client_key;
use shared::aws::table::{Item, number_of};
use shared::domain::clients::{Client, Clients, Credentials};

use crate::support::{Run, Server};

/// The id of a new client, and its secret if it has one.
fn add(server: &Server, arguments: &[&str]) -> (String, String) {
    let added = server.json(&[&["clients", "add"], arguments].concat(), "");
    let text = |name: &str| added[name].as_str().unwrap_or_default().to_owned();
    (text("client_id"), text("client_secret"))
}

fn run(server: &Server, arguments: &[&str]) -> Run {
    server.run(&[&["clients"], arguments].concat(), "")
}

fn show(server: &Server, id: &str) -> Value {
    server.json(&["clients", "show", id], "")
}

/// What the functions say to these credentials.
fn authenticate(server: &Server, id: &str, secret: &str) -> Result<Client, String> {
    let clients = Clients::of(Arc::new(server.table("users")));
    let credentials = Credentials::new(id, secret);
    let asking = clients.authenticate(&credentials);
    server.wait(asking).map_err(|error| error.to_string())
}

fn item(server: &Server, id: &str) -> Item {
    server.item_of(&client_key(id)).unwrap()
}

fn version(server: &Server, id: &str) -> Option<u64> {
    number_of(&item(server, id), "version")
}

/// Which tokens of its own have ended: those from before.
fn not_before(server: &Server, id: &str) -> Option<u64> {
    number_of(&item(server, id), "not_before")
}
