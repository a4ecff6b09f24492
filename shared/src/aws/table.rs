//! The DynamoDB table: its name, its keys, its attributes.
//!
//! There is one table. Its partition key is `pk`, a string; it has no sort key. Times are in
//! seconds since the epoch.
//!
//! | item | `pk` | attributes |
//! |---|---|---|
//! | a user | `user#` and the name, byte for byte | `id` S (absent: the name), `disabled` BOOL, `scopes` SS (absent: none), `email` S, `full_name` S, `stamp` S (what the user's tokens must carry; absent: none), `credentials_id` S (which credentials are the user's), `created` N, `updated` N, `version` N (grows with each write) |
//! | a user's credentials, which a login alone may read | `credentials#` and the name | `password_hash` S (a PHC string), `credentials_id` S (as the user's item has it; it changes with the password), `updated` N |
//! | whose an id is, for ever (only of ids that are not their user's name) | `id#` and the id | `username` S (the latest) |
//! | failed logins at an account, by strangers | `account#` and the name's SHA-256 | `failures` N, `since` N (the first of them), `not_before` N (once the limit is reached, no login before), `ends` N (then they are forgotten), `expires` N (the table's TTL) |
//! | failed logins from an address, of a stranger | `address#` and the address (IPv6: its /48) | the same |
//! | an address that an account knows | `pair#`, the name's SHA-256, `#` and the address (IPv6: its /64) | the same, of this address alone; `known_until` N |
//! | the scopes that users may have (without this item: any) | `catalogue` | `scopes` SS |
//! | a session | `session#` and a hash of half of its refresh token, which is the `sid` of access tokens | `user` S, `client` S, `scopes` SS (absent: none), `stamp` S (absent: none), `auth_time` N, `current` B (SHA-256 of the refresh token's other half), `previous` B (of the one before), `salt` B (what `current` was made with), `rotated` N (when), `expires` N (when it ends if it is not used; the table's TTL), `ends` N (when it ends in any case) |
//! | a client | `client#` and its id | `name` S, `secrets` L of M with `sha256` B and `created` N (none: a public client), `grants` SS (absent: none), `scopes` SS (absent: none), `introspect` BOOL, `disabled` BOOL, `not_before` N (tokens of its own from before have ended; absent: none have), `created` N, `updated` N, `version` N |
//! | the public keys | `keys#public` | `ring` S (JSON, [`crate::domain::tokens::keys::Ring`]) |
//!
//! An index, `sessions-by-user`, has the keys of the items that have `user` and `ends`, which are sessions: by the
//! user, those first that end first. A refresh changes neither, so it does not write to the index.
//!
//! A second table of the same kind holds one item, the private keys: `pk` is `ring`, the attribute
//! `ring` S.
//!
//! The `users` command alone asks for the catalogue. Other attributes are left as they are.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use tokio::time::timeout;
use tracing::warn;

use super::{Aws, TlsError};
use crate::domain::accounts::UserId;
use crate::domain::store::{Patience, StoreError};

/// An item.
pub type Item = HashMap<String, AttributeValue>;

/// How long a cold start waits for its connection. After that, the first request opens one.
pub const OPENING: Duration = Duration::from_secs(1);
/// What the key of a user begins with.
pub const USER: &str = "user#";
/// What the key of a user's credentials begins with.
pub const CREDENTIALS: &str = "credentials#";
/// What the key of an id begins with.
pub const ID: &str = "id#";
/// What the key of a session begins with.
pub const SESSION: &str = "session#";
/// What the key of a client begins with.
pub const CLIENT: &str = "client#";
/// The key of the item with the public keys.
pub const PUBLIC_KEYS: &str = "keys#public";
/// The key of the item with the private keys, in a table of its own: who can read that table can sign
/// tokens.
pub const PRIVATE_KEYS: &str = "ring";
/// The attribute that holds either ring, in JSON.
pub const RING: &str = "ring";

/// The index of sessions by their users.
pub const SESSIONS_BY_USER: &str = "sessions-by-user";

/// A table and the client to ask it with.
#[derive(Debug, Clone)]
pub struct Table {
    /// Speaks to DynamoDB.
    pub client: Client,
    /// The table's name.
    pub name: String,
}

impl Table {
    /// The table of this name, with the endpoint and the credentials of `aws`.
    pub fn new(name: String, aws: Aws) -> Result<Self, TlsError> {
        let client = Client::from_conf(aws.config()?);
        Ok(Self { client, name })
    }

    /// Opens the connection by asking for the item that every function may read, whether it is
    /// there or not. The cold start does it, so that the first request does not have to wait. If it
    /// fails, the function starts all the same.
    pub async fn open(&self, patience: Patience) {
        let asking = self.client.get_item().table_name(&self.name);
        let asking = asking.key("pk", text(PUBLIC_KEYS)).send();
        let opened = match timeout(patience.of(OPENING), asking).await {
            Ok(answer) => answer.map(drop).map_err(StoreError::from),
            Err(elapsed) => Err(StoreError::Unavailable(elapsed.into())),
        };
        if let Err(error) = opened {
            warn!(reason = %error, "no connection to the table yet");
        }
    }
}

/// Creates the table as `template.yaml` does, for a local server, or to try things out. Answers
/// `false` if a table of this name exists already.
pub async fn create(table: &Table) -> Result<bool, StoreError> {
    let attributes = [
        ("pk", ScalarAttributeType::S),
        ("user", ScalarAttributeType::S),
        ("ends", ScalarAttributeType::N),
    ];
    let attributes = attributes.into_iter().filter_map(|(name, kind)| {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        attribute.attribute_type(kind).build().ok()
    });
    let index = GlobalSecondaryIndex::builder()
        .index_name(SESSIONS_BY_USER)
        .set_key_schema(key_schema(&[
            ("user", KeyType::Hash),
            ("ends", KeyType::Range),
        ]))
        .projection(
            Projection::builder()
                .projection_type(ProjectionType::KeysOnly)
                .build(),
        );
    let created = table
        .client
        .create_table()
        .table_name(&table.name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes.collect()))
        .set_key_schema(key_schema(&[("pk", KeyType::Hash)]))
        .set_global_secondary_indexes(index.build().ok().map(|index| vec![index]))
        .send()
        .await;
    match created {
        Err(error)
            if error
                .as_service_error()
                .is_some_and(CreateTableError::is_resource_in_use_exception) =>
        {
            return Ok(false);
        }
        other => drop(other?),
    }
    let ready = table
        .client
        .wait_until_table_exists()
        .table_name(&table.name);
    let waited = ready.wait(Duration::from_mins(5)).await;
    waited.map_err(|error| StoreError::Unavailable(causes(&error).into()))?;
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name("expires")
        .enabled(true)
        .build();
    table
        .client
        .update_time_to_live()
        .table_name(&table.name)
        .set_time_to_live_specification(ttl.ok())
        .send()
        .await?;
    Ok(true)
}

fn key_schema(keys: &[(&str, KeyType)]) -> Option<Vec<KeySchemaElement>> {
    let keys = keys.iter().map(|(name, kind)| {
        let key = KeySchemaElement::builder().attribute_name(*name);
        key.key_type(kind.clone()).build().ok()
    });
    keys.collect()
}

/// The partition key of a user.
#[must_use]
pub fn user_key(username: &str) -> String {
    format!("{USER}{username}")
}

/// The partition key of a user's credentials.
#[must_use]
pub fn credentials_key(username: &str) -> String {
    format!("{CREDENTIALS}{username}")
}

/// The partition key of a user's id.
#[must_use]
pub fn id_key(id: &UserId) -> String {
    format!("{ID}{}", id.as_str())
}

/// The name of a user's item; `None` for the other items of the table.
#[must_use]
pub fn username(item: &Item) -> Option<&str> {
    item.get("pk")?.as_s().ok()?.strip_prefix(USER)
}

/// A string attribute.
pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute: a count, seconds, or -1.
pub fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// A number attribute of an item.
#[must_use]
pub fn number_of(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        Self::Unavailable(causes(&error).into())
    }
}

/// The messages of an error and of its causes. The SDK's `DisplayErrorContext` also shows the raw
/// response, which may contain a user's hash.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
