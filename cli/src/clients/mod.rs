//! `users clients`: the programs that ask for tokens (RFC 6749 2).
//!
//! | module | holds |
//! |---|---|
//! | [`args`] | the command line and its help |
//! | [`store`] | the clients' items |
//! | [`output`] | what is shown of a client |

pub mod args;
pub mod output;
pub mod store;

use std::collections::BTreeSet;

use secrecy::SecretString;
use serde_json::json;
use shared::aws::table::Table;
use shared::domain::clients::{Client, GrantType, Secret, random_id};
use shared::domain::scope::Scopes;

use self::args::{AddArgs, Changes, ClientsCommand};
use crate::catalogue;
use crate::error::Error;
use crate::items::now;
use crate::name::printable;
use crate::output::{Output, clean, failure_note, readable};
use crate::question::confirm;

/// Does what the command line says.
pub async fn run(table: &Table, out: Output, command: &ClientsCommand) -> Result<(), Error> {
    match command {
        ClientsCommand::Add(args) => add(table, out, args).await,
        ClientsCommand::List => list(table, out).await,
        ClientsCommand::Show { id } => output::card(out, &store::find(table, id).await?),
        ClientsCommand::Set { id, changes } => set(table, out, id, changes).await,
        ClientsCommand::RotateSecret { id, drop_old } => rotate(table, out, id, *drop_old).await,
        ClientsCommand::Disable { id } => set_disabled(table, out, id, true).await,
        ClientsCommand::Enable { id } => set_disabled(table, out, id, false).await,
        ClientsCommand::Remove { id, yes } => remove(table, out, id, *yes).await,
        ClientsCommand::Secret => secret(out),
    }
}

/// Prints a new secret for a clients file.
pub fn secret(out: Output) -> Result<(), Error> {
    let (secret, kept) = new_secret()?;
    output::kept(out, &secret, &kept)
}

async fn add(table: &Table, out: Output, args: &AddArgs) -> Result<(), Error> {
    let made = (!args.public).then(new_secret).transpose()?;
    let (secret, kept) = made.unzip();
    let client = Client {
        id: random_id().map_err(|_| no_random_bytes())?,
        name: args.name.clone(),
        secrets: kept.into_iter().collect(),
        grants: match &args.grants {
            Some(grants) => parse_grants(grants)?,
            None if args.public => vec![GrantType::Password, GrantType::RefreshToken],
            None => vec![GrantType::ClientCredentials],
        },
        scopes: catalogue::known(table, &args.scopes).await?,
        introspect: args.introspect,
        disabled: false,
        not_before: None,
    };
    check(&client)?;
    let added = store::add(table, &client).await?;
    let more = match secret {
        Some(_) => "the secret is not shown again",
        None => "a public client: it has no secret",
    };
    output::tell(out, &added, secret.as_ref(), more)
}

async fn list(table: &Table, out: Output) -> Result<(), Error> {
    let mut unreadable = 0;
    for item in store::all(table).await? {
        match store::entry(&item) {
            Ok(entry) => output::row(out, &entry)?,
            Err(error) => {
                unreadable += 1;
                failure_note(&error, out.json);
            }
        }
    }
    readable(unreadable, "client")
}

async fn set(table: &Table, out: Output, id: &str, new: &Changes) -> Result<(), Error> {
    let grants = new.grants.as_deref().map(parse_grants).transpose()?;
    let scopes: Option<Scopes> = match &new.scopes {
        Some(scopes) => Some(catalogue::known(table, scopes).await?),
        None => None,
    };
    let change = |client: &mut Client| {
        let before = client.clone();
        client.name = new.name.clone().unwrap_or(before.name);
        client.grants = grants.clone().unwrap_or(before.grants);
        client.scopes = scopes.clone().unwrap_or(before.scopes);
        client.introspect = new.introspect.unwrap_or(before.introspect);
        check(client)
    };
    let changed = store::change(table, id, change).await?;
    output::say(out, &changed, &format!("{id}: changed"))
}

async fn rotate(table: &Table, out: Output, id: &str, drop_old: bool) -> Result<(), Error> {
    let (secret, kept) = new_secret()?;
    let change = |client: &mut Client| {
        if client.is_public() {
            return Err(Error::Usage(format!(
                "the client {id:?} is public: it has no secret, and cannot keep one; for what can, add another client"
            )));
        }
        // The SDK may repeat a call that had succeeded: then the new secret is no old one.
        let old = client.secrets.iter().filter(|old| **old != kept);
        let newest = old.max_by_key(|old| old.created).filter(|_| !drop_old);
        client.secrets = newest.into_iter().chain([&kept]).cloned().collect();
        if drop_old {
            end_tokens(client);
        }
        Ok(())
    };
    let rotated = store::change(table, id, change).await?;
    let more = if drop_old {
        "the secret is not shown again; no other one is valid"
    } else {
        "the secret is not shown again; the one before is valid until the next rotation"
    };
    output::tell(out, &rotated, Some(&secret), more)
}

async fn set_disabled(table: &Table, out: Output, id: &str, disabled: bool) -> Result<(), Error> {
    let word = if disabled { "disabled" } else { "enabled" };
    let entry = store::find(table, id).await?;
    if entry.client.disabled == disabled {
        return output::say(out, &entry, &format!("{id}: was {word} already"));
    }
    let change = |client: &mut Client| {
        client.disabled = disabled;
        if disabled {
            end_tokens(client);
        }
        Ok(())
    };
    let changed = store::change(table, id, change).await?;
    output::say(out, &changed, &format!("{id}: {word}"))
}

/// Ends the tokens of its own that a client has, also those of this second: tokens tell the time in seconds.
fn end_tokens(client: &mut Client) {
    client.not_before = Some(now() + 1);
}

async fn remove(table: &Table, out: Output, id: &str, yes: bool) -> Result<(), Error> {
    if !yes {
        // This fails for an item that cannot be read; --yes skips it, so that such a client can be
        // removed.
        let name = clean(&store::find(table, id).await?.client.name);
        confirm(&format!(
            "Remove the client {id:?}, {name}, from {} for good?",
            table.name
        ))?;
    }
    store::remove(table, id).await?;
    out.print(&json!({ "removed": id }), format_args!("{id}: removed"))
}

/// Can there be such a client? One without a secret cannot prove who it is, so it gets no tokens of its
/// own (RFC 6749 4.4) and is told of none (RFC 7662 2.1).
fn check(client: &Client) -> Result<(), Error> {
    printable("the client's name", Some(&client.name))?;
    let credentials = client.grants.contains(&GrantType::ClientCredentials);
    let refused = match (credentials, client.introspect) {
        _ if !client.is_public() => return Ok(()),
        (true, _) => "have the grant client_credentials",
        (_, true) => "introspect",
        (false, false) => return Ok(()),
    };
    Err(Error::Usage(format!(
        "a public client has no secret, so it cannot prove who it is and may not {refused}; leave that out, or add a confidential one, without --public"
    )))
}

/// Parses grants with spaces between them.
fn parse_grants(argument: &str) -> Result<Vec<GrantType>, Error> {
    let grants = argument.split_whitespace().map(|text| {
        let grant = text.parse::<GrantType>();
        grant.map_err(|error| Error::Usage(format!("{text:?} is no grant; {error}")))
    });
    let once: BTreeSet<_> = grants.collect::<Result<_, _>>()?;
    Ok(once.into_iter().collect())
}

fn new_secret() -> Result<(SecretString, Secret), Error> {
    Secret::random(now()).map_err(|_| no_random_bytes())
}

fn no_random_bytes() -> Error {
    Error::Failed("the system gave no random bytes; nothing was changed, try again".to_owned())
}
