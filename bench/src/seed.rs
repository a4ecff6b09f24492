//! Fills a local DynamoDB with copies of johndoe and of one of johndoe's sessions. Items are copied with all their
//! attributes, so a new attribute needs no change here.

use std::ops::Range;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::store::{Direct, TABLES};

/// The command line of `bench seed`.
#[derive(Debug, clap::Args)]
pub struct Seed {
    url: String,
    users: usize,
    sessions_of_each: usize,
}

impl Seed {
    pub async fn run(&self) -> Result<()> {
        let server = Direct::new(&self.url);
        users(&server, self.users).await?;
        if self.sessions_of_each > 0 {
            sessions(&server, 0..self.users, self.sessions_of_each).await?;
        }
        Ok(())
    }
}

/// The user whose items are copied.
pub const ORIGINAL: &str = "johndoe";
const SESSION: &str = "session#";

/// The name of a user that [`users`] makes: `user00001` and so on.
fn name(number: usize) -> String {
    format!("user{number:05}")
}

/// Adds `count` users with johndoe's password and scopes.
pub async fn users(server: &Direct, count: usize) -> Result<()> {
    let mut items = server.items(TABLES[0]).await?;
    items.retain(|item| key(item).split('#').nth(1) == Some(ORIGINAL));
    ensure!(!items.is_empty(), "no user {ORIGINAL}");
    let copies = |user| {
        let copy = move |item: &Value| item.to_string().replace(ORIGINAL, &name(user));
        items.iter().map(copy)
    };
    write(server, (0..count).flat_map(copies).collect()).await
}

/// Adds `each` sessions for every user of the range.
pub async fn sessions(server: &Direct, users: Range<usize>, each: usize) -> Result<()> {
    let items = server.items(TABLES[0]).await?;
    let mut sessions = items.iter().filter(|item| key(item).starts_with(SESSION));
    let original = sessions.find(|session| session["user"]["S"] == ORIGINAL);
    let original = original.context("no session of johndoe")?;
    let (sid, text) = (key(original).replace(SESSION, ""), original.to_string());
    let mut copies = Vec::new();
    for (user, number) in users.flat_map(|user| (0..each).map(move |number| (user, number))) {
        let copy = text.replace(&sid, &format!("bench{user:08}{number:09}"));
        copies.push(copy.replace(ORIGINAL, &name(user)));
    }
    write(server, copies).await
}

fn key(item: &Value) -> &str {
    item["pk"]["S"].as_str().unwrap_or_default()
}

async fn write(server: &Direct, items: Vec<String>) -> Result<()> {
    // BatchWriteItem takes 25 items at most.
    for batch in items.chunks(25) {
        let mut puts = Vec::new();
        for item in batch {
            let item: Value = serde_json::from_str(item)?;
            puts.push(json!({"PutRequest": {"Item": item}}));
        }
        let input = json!({"RequestItems": {TABLES[0]: puts}});
        server.call("BatchWriteItem", &input).await?;
    }
    Ok(())
}
