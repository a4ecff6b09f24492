//! The tables of the service, and what is in them at first: the tutorial's users, and the clients of
//! `events/clients.json`.

use std::fs;
use std::io;

use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use service::repository;
use shared::aws::record::{AccountRecord, UserRecord};
use shared::aws::table::{self, Item, Table, text, user_key};
use shared::aws::{Aws, ROOTS, TlsError, clients};
use shared::domain::accounts::{Account, InvalidUsersFile, Stamp, tutorial};
use shared::domain::clients::Client;
use shared::domain::store::{Patience, StoreError};

const CLIENTS: &str = "events/clients.json";

/// Why the tables are not there.
#[derive(Debug, thiserror::Error)]
pub enum Unfilled {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tutorial's users cannot be read.
    #[error(transparent)]
    Users(#[from] InvalidUsersFile),
    /// A user of the tutorial has no password.
    #[error("{0} has no hash that can be used")]
    NoHash(String),
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// The file of the clients.
    #[error("{CLIENTS}: {0}")]
    Clients(#[from] serde_json::Error),
    /// The SDK.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A table at this URL, with these time limits.
pub fn connect(url: String, name: &str, patience: Patience) -> Result<Table, TlsError> {
    let aws = Aws {
        region: "us-east-1".to_owned(),
        credentials: Credentials::new("local", "local", None, None, "a local server"),
        endpoint: Some(url),
        fips: false,
        dual_stack: false,
        roots: ROOTS.to_vec(),
        patience,
    };
    Table::new(name.to_owned(), aws)
}

/// Makes the tables of users and of keys, and fills that of the users with the tutorial's two and the clients.
/// They are added to a new table only: whoever changed or removed them later did so on purpose.
pub async fn fill(users: &Table, keys: &Table, now: u64) -> Result<(), Unfilled> {
    table::create(keys).await?;
    if !table::create(users).await? {
        return Ok(());
    }
    for mut account in tutorial()?.into_values() {
        // As `users add` makes them, so that a logout ends their tokens.
        account.user.stamp = Some(Stamp::random());
        add(users, account, now).await?;
    }
    add_clients(users).await
}

/// Adds a user, who must have a hash.
pub async fn add(users: &Table, account: Account, now: u64) -> Result<(), Unfilled> {
    let name = account.user.username.clone();
    let hash = account.password_hash.ok_or(Unfilled::NoHash(name))?;
    let record = AccountRecord {
        record: UserRecord {
            user: account.user,
            created: None,
            updated: None,
            version: None,
        },
        password_hash: hash.to_string(),
    };
    for item in record.to_items(now, "the first password") {
        put(users, item).await?;
    }
    Ok(())
}

/// Adds the clients of `events/clients.json`.
pub async fn add_clients(users: &Table) -> Result<(), Unfilled> {
    let json = fs::read_to_string(repository(CLIENTS));
    let json = json.map_err(|error| Unfilled::File(CLIENTS.to_owned(), error))?;
    let all: Vec<Client> = serde_json::from_str(&json)?;
    for client in all {
        put(users, clients::item(&client)).await?;
    }
    Ok(())
}

async fn put(table: &Table, item: Item) -> Result<(), StoreError> {
    let put = table.client.put_item().table_name(&table.name);
    put.set_item(Some(item)).send().await?;
    Ok(())
}

/// Gives the tutorial's users those scopes that they have in the code and had not when `known` was written; what
/// somebody took from them since stays taken.
pub async fn add_scopes(users: &Table, known: &[&str]) -> Result<(), Unfilled> {
    for account in tutorial()?.into_values() {
        let new = account
            .user
            .scopes
            .iter()
            .filter(|scope| !known.contains(scope));
        let new: Vec<String> = new.map(str::to_owned).collect();
        if new.is_empty() {
            continue;
        }
        let update = users.client.update_item().table_name(&users.name);
        let updated = update
            .key("pk", text(user_key(&account.user.username)))
            .update_expression("ADD scopes :new")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":new", AttributeValue::Ss(new))
            .send()
            .await;
        match updated {
            // Somebody has removed the user.
            Err(error) if is_gone(&error) => {}
            other => drop(other.map_err(StoreError::from)?),
        }
    }
    Ok(())
}

fn is_gone(error: &SdkError<UpdateItemError>) -> bool {
    let error = error.as_service_error();
    error.is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}

/// The scopes that the tutorial's users have in the code.
pub fn tutorial_scopes() -> Result<Vec<String>, InvalidUsersFile> {
    let mut scopes: Vec<String> = tutorial()?
        .values()
        .flat_map(|account| account.user.scopes.iter().map(str::to_owned))
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}
