//! Clients in DynamoDB, each of them an item (see [`super::table`]).

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::record::scopes as scope_set;
use super::table::{CLIENT, Item, Table, number, number_of, text};
use crate::domain::clients::client::UnknownGrant;
use crate::domain::clients::secret::Hash;
use crate::domain::clients::{Client, ClientStore, Secret};
use crate::domain::scope::Scopes;
use crate::domain::store::{Asking, StoreError};

/// The key of a client's item.
#[must_use]
pub fn client_key(id: &str) -> String {
    format!("{CLIENT}{id}")
}

impl ClientStore for Table {
    fn find<'a>(&'a self, id: &'a str) -> Asking<'a, Option<Client>> {
        Box::pin(async move {
            let get = self.client.get_item().table_name(&self.name);
            let get = get.key("pk", text(client_key(id))).consistent_read(true);
            let item = get.send().await?.item;
            item.map(|item| read(id, &item)).transpose()
        })
    }
}

/// Reads a client's item. What is missing makes it corrupt: a guess might let somebody in.
pub fn read(id: &str, item: &Item) -> Result<Client, StoreError> {
    let corrupt = |attribute| StoreError::Corrupt {
        key: client_key(id),
        attribute,
    };
    let flag = |name| {
        let flag = item.get(name).and_then(|value| value.as_bool().ok());
        flag.copied().ok_or_else(|| corrupt(name))
    };
    // DynamoDB has no empty sets.
    let set = |name| match item.get(name) {
        None => Ok(&[][..]),
        Some(AttributeValue::Ss(list)) => Ok(list.as_slice()),
        Some(_) => Err(corrupt(name)),
    };
    let name = item.get("name").and_then(|name| name.as_s().ok());
    let secrets = item.get("secrets").and_then(|list| list.as_l().ok());
    let secrets = secrets.and_then(|list| list.iter().map(read_secret).collect());
    let grants = set("grants")?.iter().map(|grant| grant.parse());
    let grants: Result<_, UnknownGrant> = grants.collect();
    Ok(Client {
        id: id.to_owned(),
        name: name.cloned().ok_or_else(|| corrupt("name"))?,
        secrets: secrets.ok_or_else(|| corrupt("secrets"))?,
        grants: grants.map_err(|_| corrupt("grants"))?,
        scopes: Scopes::from_tokens(set("scopes")?),
        introspect: flag("introspect")?,
        disabled: flag("disabled")?,
        not_before: match item.get("not_before") {
            None => None,
            Some(_) => Some(number_of(item, "not_before").ok_or_else(|| corrupt("not_before"))?),
        },
    })
}

/// The item of a client.
#[must_use]
pub fn item(client: &Client) -> Item {
    let grants = client.grants.iter().map(|grant| grant.as_str());
    let secrets = client.secrets.iter().map(secret).collect();
    let required = [
        ("pk", text(client_key(&client.id))),
        ("name", text(&client.name)),
        ("secrets", AttributeValue::L(secrets)),
        ("introspect", AttributeValue::Bool(client.introspect)),
        ("disabled", AttributeValue::Bool(client.disabled)),
    ];
    let optional = [
        ("grants", scope_set(&grants.collect())),
        ("scopes", scope_set(&client.scopes)),
        ("not_before", client.not_before.map(number)),
    ];
    let optional = optional
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let attributes = required.into_iter().chain(optional);
    attributes
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn read_secret(value: &AttributeValue) -> Option<Secret> {
    let secret = value.as_m().ok()?;
    let sha256 = secret.get("sha256")?.as_b().ok()?.as_ref();
    Some(Secret {
        sha256: Hash(sha256.try_into().ok()?),
        created: number_of(secret, "created")?,
    })
}

fn secret(secret: &Secret) -> AttributeValue {
    AttributeValue::M(Item::from([
        (
            "sha256".to_owned(),
            AttributeValue::B(Blob::new(secret.sha256.0)),
        ),
        ("created".to_owned(), number(secret.created)),
    ]))
}
