//! Reads and writes of the table's items, whatever they are. Every write has a condition, so that no
//! concurrent change is lost.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder as Scan;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure};
use shared::aws::record::Attribute;
use shared::aws::table::{Item, Table, number, number_of, text};
use shared::domain::clock::{Clock, SystemClock};

use crate::error::Error;

/// How often a change is tried while others change the same item.
const MOST_RACES: usize = 5;
/// The most bytes of a key in DynamoDB, which refuses a longer one.
const LONGEST_KEY: usize = 2048;

/// How an attempt to add an item ended.
pub enum Put {
    /// There was no item of this key.
    Added,
    /// There was this item already, which is unchanged.
    There(Item),
}

/// Seconds since the epoch.
#[must_use]
pub fn now() -> u64 {
    SystemClock.now().as_secs()
}

/// An item as it is now, if there is one.
pub async fn get(table: &Table, key: &str) -> Result<Option<Item>, Error> {
    if key.len() > LONGEST_KEY {
        return Ok(None);
    }
    let output = table
        .client
        .get_item()
        .table_name(&table.name)
        .key("pk", text(key))
        .consistent_read(true)
        .send()
        .await;
    let output = output.map_err(|error| Error::of_call(&table.name, &error))?;
    Ok(output.item)
}

/// Adds an item, unless there is one of its key.
pub async fn add(table: &Table, item: Item) -> Result<Put, Error> {
    let put = table
        .client
        .put_item()
        .table_name(&table.name)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(OnFailure::AllOld);
    match put.send().await {
        Ok(_) => Ok(Put::Added),
        Err(error) => match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failure)) => {
                Ok(Put::There(failure.item.clone().unwrap_or_default()))
            }
            _ => Err(Error::of_call(&table.name, &error)),
        },
    }
}

/// Sets attributes of an item, or removes those that are `None`; the others stay. Which ones follows
/// from the item as it is: if others change it at the same time, from what they have written.
pub async fn change(
    table: &Table,
    key: &str,
    changes: impl Fn(Option<&Item>) -> Result<Vec<Attribute>, Error>,
) -> Result<Item, Error> {
    for _ in 0..MOST_RACES {
        let item = get(table, key).await?;
        let changes = changes(item.as_ref())?;
        let version = item.and_then(|item| number_of(&item, "version"));
        if let Some(item) = try_change(table, key, version, &changes).await? {
            return Ok(item);
        }
    }
    Err(Error::Failed(format!(
        "the item {key:?} was changed by others {MOST_RACES} times meanwhile; nothing was changed, try again"
    )))
}

/// The same for an item that was read at this version; `None` if somebody has changed it since.
pub async fn try_change(
    table: &Table,
    key: &str,
    version: Option<u64>,
    changes: &[Attribute],
) -> Result<Option<Item>, Error> {
    let read = version.map_or("attribute_not_exists(version)", |_| "version = :read");
    let mut update = table
        .client
        .update_item()
        .table_name(&table.name)
        .key("pk", text(key))
        .update_expression(expression(changes))
        .condition_expression(format!("attribute_exists(pk) AND {read}"))
        .expression_attribute_values(":now", number(now()))
        .expression_attribute_values(":one", number(1))
        .return_values(ReturnValue::AllNew);
    if let Some(version) = version {
        update = update.expression_attribute_values(":read", number(version));
    }
    // Names are sent as placeholders, since many words are reserved in DynamoDB.
    for (name, value) in changes {
        update = update.expression_attribute_names(format!("#{name}"), *name);
        if let Some(value) = value {
            update = update.expression_attribute_values(format!(":{name}"), value.clone());
        }
    }
    match update.send().await {
        Ok(output) => Ok(output.attributes),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
            _ => Err(Error::of_call(&table.name, &error)),
        },
    }
}

fn expression(changes: &[Attribute]) -> String {
    let (mut set, mut remove) = (vec!["updated = :now".to_owned()], Vec::new());
    for (name, value) in changes {
        match value {
            Some(_) => set.push(format!("#{name} = :{name}")),
            None => remove.push(format!("#{name}")),
        }
    }
    let remove = match remove.as_slice() {
        [] => String::new(),
        names => format!(" REMOVE {}", names.join(", ")),
    };
    format!("SET {}{remove} ADD version :one", set.join(", "))
}

/// Removes an item, if this attribute of it has this value; `pk` is one that every item has. Answers
/// `false` if there is no such item.
pub async fn remove(
    table: &Table,
    key: &str,
    (attribute, value): (&str, &str),
) -> Result<bool, Error> {
    let delete = table
        .client
        .delete_item()
        .table_name(&table.name)
        .key("pk", text(key))
        .condition_expression("#attribute = :value")
        .expression_attribute_names("#attribute", attribute)
        .expression_attribute_values(":value", text(value));
    match delete.send().await {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(failure) if failure.is_conditional_check_failed_exception() => Ok(false),
            _ => Err(Error::of_call(&table.name, &error)),
        },
    }
}

/// A scan of the whole table which answers the items whose keys begin so.
#[must_use]
pub fn scan(table: &Table, prefix: &str) -> Scan {
    table
        .client
        .scan()
        .table_name(&table.name)
        .filter_expression("begins_with(pk, :prefix)")
        .expression_attribute_values(":prefix", text(prefix))
        .consistent_read(true)
}

/// All that a scan answers, for items that are few.
pub async fn all(table: &Table, scan: Scan) -> Result<Vec<Item>, Error> {
    let items = scan.into_paginator().items().send();
    let items = items.collect::<Result<_, _>>().await;
    items.map_err(|error| Error::of_call(&table.name, &error))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    #[test]
    fn an_update_names_what_it_changes_and_no_more() {
        for (changes, expected) in [
            (
                &[("disabled", Some(AttributeValue::Bool(true)))][..],
                "SET updated = :now, #disabled = :disabled ADD version :one",
            ),
            (
                &[("scopes", None)],
                "SET updated = :now REMOVE #scopes ADD version :one",
            ),
            (
                &[("email", None), ("full_name", Some(text("x")))],
                "SET updated = :now, #full_name = :full_name REMOVE #email ADD version :one",
            ),
        ] {
            assert_eq!(expression(changes), expected);
        }
    }
}
