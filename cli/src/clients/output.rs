//! What is shown of a client: a secret once, when it is made, and never what is kept of it.

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::json;
use shared::domain::clients::Secret;

use super::store::Entry;
use crate::error::Error;
use crate::output::{Output, clean, date, note, sorted};

/// A client as it is shown. Times are in seconds since the epoch.
#[derive(Serialize)]
struct Shown<'a> {
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    name: &'a str,
    public: bool,
    /// When each of its secrets was made.
    secrets: Vec<u64>,
    grants: Vec<&'a str>,
    scopes: Vec<&'a str>,
    introspect: bool,
    disabled: bool,
    created: Option<u64>,
    updated: Option<u64>,
    version: Option<u64>,
}

/// Prints a client on one line.
pub fn row(out: Output, entry: &Entry) -> Result<(), Error> {
    let client = shown(entry);
    let (id, name) = (clean(client.client_id), clean(client.name));
    let (kind, grants) = (kind(client.public), or_dash(&client.grants.join(" ")));
    let state = if client.disabled {
        "disabled"
    } else {
        "active"
    };
    let row = format!("{id}  {name:<24}  {kind:<12}  {grants}  {state}");
    out.print(&client, row)
}

/// Prints a client, with `text` for people.
pub fn say(out: Output, entry: &Entry, text: &str) -> Result<(), Error> {
    out.print(&shown(entry), text)
}

/// Prints a client and the secret that was made for it, and `more` for people.
pub fn tell(
    out: Output,
    entry: &Entry,
    secret: Option<&SecretString>,
    more: &str,
) -> Result<(), Error> {
    let client_secret = secret.map(ExposeSecret::expose_secret);
    let mut text = format!("client_id      {}", entry.client.id);
    if let Some(secret) = client_secret {
        text = format!("{text}\nclient_secret  {secret}");
    }
    let shown = Shown {
        client_secret,
        ..shown(entry)
    };
    out.print(&shown, text)?;
    if !out.json {
        note(more);
    }
    Ok(())
}

/// Prints a secret that belongs to no client yet, and what a clients file keeps of it.
pub fn kept(out: Output, secret: &SecretString, kept: &Secret) -> Result<(), Error> {
    let secret = secret.expose_secret();
    let json = json!(kept);
    out.print(
        &json!({ "client_secret": secret, "kept": json }),
        format_args!("client_secret  {secret}\nkept           {json}"),
    )
}

/// Prints everything about a client, one attribute a line.
pub fn card(out: Output, entry: &Entry) -> Result<(), Error> {
    let client = shown(entry);
    let time = |seconds: Option<u64>| seconds.map_or_else(|| "-".to_owned(), date);
    let secrets: Vec<_> = client.secrets.iter().copied().map(date).collect();
    let version = client.version.unwrap_or_default();
    let attributes = [
        ("client_id", clean(client.client_id)),
        ("name", clean(client.name)),
        ("kind", kind(client.public).to_owned()),
        ("secrets", or_dash(&secrets.join(", "))),
        ("grants", or_dash(&client.grants.join(" "))),
        ("scopes", or_dash(&client.scopes.join(" "))),
        ("introspect", client.introspect.to_string()),
        ("disabled", client.disabled.to_string()),
        ("created", time(client.created)),
        (
            "updated",
            format!("{} (version {version})", time(client.updated)),
        ),
    ];
    let lines = attributes.map(|(name, value)| format!("{name:<12}{value}"));
    out.print(&client, lines.join("\n"))
}

fn shown(entry: &Entry) -> Shown<'_> {
    let client = &entry.client;
    Shown {
        client_id: &client.id,
        client_secret: None,
        name: &client.name,
        public: client.is_public(),
        secrets: client.secrets.iter().map(|secret| secret.created).collect(),
        grants: grants(entry),
        scopes: sorted(&client.scopes),
        introspect: client.introspect,
        disabled: client.disabled,
        created: entry.created,
        updated: entry.updated,
        version: entry.version,
    }
}

fn kind(public: bool) -> &'static str {
    if public { "public" } else { "confidential" }
}

/// The grants in alphabetical order, since the table keeps them in none.
fn grants(entry: &Entry) -> Vec<&str> {
    let grants = entry.client.grants.iter().map(|grant| grant.as_str());
    let mut grants: Vec<_> = grants.collect();
    grants.sort_unstable();
    grants
}

fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        clean(text)
    }
}
