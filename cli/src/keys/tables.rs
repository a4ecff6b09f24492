//! Rings in DynamoDB: the private one in a table of its own, the public one in that of the users.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use shared::aws::table::{PRIVATE_KEYS, PUBLIC_KEYS, RING, Table, text};
use shared::domain::tokens::keys::Ring;

use super::json;
use crate::connect;
use crate::error::Error;
use crate::items;

/// The two tables.
#[derive(Debug)]
pub struct Tables {
    /// Has the public ring.
    pub users: Table,
    /// Has the private one.
    pub keys: Table,
    /// The stack whose tables they are, if one was named.
    pub stack: Option<String>,
}

impl Tables {
    /// The private ring's text.
    pub async fn private(&self) -> Result<Option<String>, Error> {
        let read = read(&self.keys, PRIVATE_KEYS).await;
        read.map_err(|error| match error {
            Error::NoTable(_) => self.no_keys_table(),
            error => error,
        })
    }

    /// The public ring's text.
    pub async fn public(&self) -> Result<Option<String>, Error> {
        let read = read(&self.users, PUBLIC_KEYS).await;
        read.map_err(|error| self.of_users(error))
    }

    /// Writes both or none. Answers `false` if the private one is no longer what it was before: the
    /// public one follows from it, so that needs no condition.
    pub async fn write(&self, before: Option<&str>, ring: &Ring) -> Result<bool, Error> {
        let private = put(&self.keys, PRIVATE_KEYS, ring)?;
        let private = match before {
            None => private.condition_expression("attribute_not_exists(pk)"),
            Some(before) => private
                .condition_expression("#ring = :before")
                .expression_attribute_names("#ring", RING)
                .expression_attribute_values(":before", text(before)),
        };
        let public = put(&self.users, PUBLIC_KEYS, &ring.public())?;
        let mut write = self.keys.client.transact_write_items();
        for put in [public, private] {
            let put = put
                .build()
                .map_err(|error| Error::Failed(error.to_string()))?;
            write = write.transact_items(TransactWriteItem::builder().put(put).build());
        }
        match write.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(is_race) => Ok(false),
            // The other table has just been read.
            Err(error) => Err(self.of_users(Error::of_call(&self.users.name, &error))),
        }
    }

    fn of_users(&self, error: Error) -> Error {
        connect::of_stack(error, self.stack.as_deref(), &self.users)
    }

    fn no_keys_table(&self) -> Error {
        let name = &self.keys.name;
        let remedy = match &self.stack {
            Some(stack) => {
                format!("is there a stack {stack:?} in this region? then give it one: make deploy")
            }
            None => format!(
                "name it with --signing-keys dynamodb:NAME or --stack, or make it with: users --table {name} create-table"
            ),
        };
        Error::Failed(format!(
            "no table {name:?} for the private keys in this region or account\n  {remedy}"
        ))
    }
}

async fn read(table: &Table, key: &str) -> Result<Option<String>, Error> {
    let item = items::get(table, key).await?;
    // An item without a text is no ring, and is reported as one that cannot be read.
    let ring = |item: shared::aws::table::Item| {
        let ring = item.get(RING).and_then(|ring| ring.as_s().ok());
        ring.cloned().unwrap_or_default()
    };
    Ok(item.map(ring))
}

fn put(
    table: &Table,
    key: &str,
    ring: &Ring,
) -> Result<aws_sdk_dynamodb::types::builders::PutBuilder, Error> {
    let put = Put::builder().table_name(&table.name);
    Ok(put.item("pk", text(key)).item(RING, text(json(ring)?)))
}

/// Has somebody else written the same items, before or at the same time?
fn is_race(error: &TransactWriteItemsError) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        return false;
    };
    let races = ["ConditionalCheckFailed", "TransactionConflict"];
    let mut codes = cancelled.cancellation_reasons().iter();
    codes.any(|reason| reason.code().is_some_and(|code| races.contains(&code)))
}
