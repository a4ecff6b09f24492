//! The clients' items.

use shared::aws::clients::{client_key, item, read};
use shared::aws::record::Attribute;
use shared::aws::table::{CLIENT, Item, Table, number, number_of};
use shared::domain::clients::Client;

use crate::error::Error;
use crate::items::{self, now};
use crate::scan::Pages;

/// The attributes that are made from a client.
const ATTRIBUTES: [&str; 7] = [
    "name",
    "secrets",
    "grants",
    "scopes",
    "introspect",
    "disabled",
    "not_before",
];

/// All that is stored of a client. Times are in seconds since the epoch.
#[derive(Debug)]
pub struct Entry {
    /// What the functions read.
    pub client: Client,
    /// When it was added.
    pub created: Option<u64>,
    /// When it was last changed.
    pub updated: Option<u64>,
    /// Grows with each write.
    pub version: Option<u64>,
}

/// Reads an item; an attribute that is missing or of another type makes it unreadable.
pub fn entry(item: &Item) -> Result<Entry, Error> {
    let key = item.get("pk").and_then(|key| key.as_s().ok());
    let id = key.and_then(|key| key.strip_prefix(CLIENT));
    let client = read(id.unwrap_or_default(), item).map_err(|error| {
        Error::Failed(format!(
            "{error}; the client can do nothing: remove it, or repair it in the console of DynamoDB"
        ))
    });
    Ok(Entry {
        client: client?,
        created: number_of(item, "created"),
        updated: number_of(item, "updated"),
        version: number_of(item, "version"),
    })
}

/// Reads a client; an error if there is none of this id.
pub async fn find(table: &Table, id: &str) -> Result<Entry, Error> {
    let item = items::get(table, &client_key(id)).await?;
    entry(&item.ok_or_else(|| no_such_client(table, id))?)
}

/// The items of all clients.
pub async fn all(table: &Table) -> Result<Vec<Item>, Error> {
    Pages::of(table, CLIENT).all().await
}

/// Adds a client with an id that was made for it. If there is one of that id, it is this one: the SDK
/// has repeated a call that had succeeded.
pub async fn add(table: &Table, client: &Client) -> Result<Entry, Error> {
    let (mut item, now) = (item(client), now());
    for (name, value) in [("created", now), ("updated", now), ("version", 1)] {
        item.insert(name.to_owned(), number(value));
    }
    items::add(table, item.clone()).await?;
    entry(&item)
}

/// Changes a client as it is: if others do so at the same time, what they have made of it. Attributes
/// that this version does not know stay.
pub async fn change(
    table: &Table,
    id: &str,
    change: impl Fn(&mut Client) -> Result<(), Error>,
) -> Result<Entry, Error> {
    let changes = |item: Option<&Item>| {
        let before = entry(item.ok_or_else(|| no_such_client(table, id))?)?.client;
        let mut after = before.clone();
        change(&mut after)?;
        Ok(differences(&before, &after))
    };
    entry(&items::change(table, &client_key(id), changes).await?)
}

fn differences(before: &Client, after: &Client) -> Vec<Attribute> {
    let (mut before, mut after) = (item(before), item(after));
    let pairs = ATTRIBUTES.map(|name| (name, before.remove(name), after.remove(name)));
    let changed = pairs
        .into_iter()
        .filter(|(_, before, after)| before != after);
    changed.map(|(name, _, after)| (name, after)).collect()
}

/// Removes a client.
pub async fn remove(table: &Table, id: &str) -> Result<(), Error> {
    let key = client_key(id);
    let removed = items::remove(table, &key, ("pk", &key)).await?;
    removed
        .then_some(())
        .ok_or_else(|| no_such_client(table, id))
}

fn no_such_client(table: &Table, id: &str) -> Error {
    Error::NotThere {
        what: "client",
        name: id.to_owned(),
        table: table.name.clone(),
        hint: "; which there are: users clients list".to_owned(),
    }
}
