//! Reads and writes of the table's items, whatever they are. Every write has a condition, so that no
//! concurrent change is lost.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure};
use shared::aws::record::Attribute;
use shared::aws::table::{Item, Table, number, number_of, text};
use shared::domain::clock::{Clock, SystemClock};

use crate::error::Error;

/// How often a change is tried while others change the same item.
pub const MOST_RACES: usize = 5;
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
    Err(races(key))
}

/// Others have changed an item each time before this command could.
#[must_use]
pub fn races(key: &str) -> Error {
    Error::Failed(format!(
        "the item {key:?} was changed by others {MOST_RACES} times meanwhile; nothing was changed, try again"
    ))
}

/// Returns `None` if somebody has changed the item since this version.
async fn try_change(
    table: &Table,
    key: &str,
    version: Option<u64>,
    changes: &[Attribute],
) -> Result<Option<Item>, Error> {
    let written = Expressions::of_version(changes, version);
    let update = table
        .client
        .update_item()
        .table_name(&table.name)
        .key("pk", text(key))
        .update_expression(written.update)
        .set_condition_expression(written.condition)
        .set_expression_attribute_names(Some(written.names))
        .set_expression_attribute_values(Some(written.values))
        .return_values(ReturnValue::AllNew);
    match update.send().await {
        Ok(output) => Ok(output.attributes),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
            _ => Err(Error::of_call(&table.name, &error)),
        },
    }
}

/// What an update says. Names are sent as placeholders, since many words are reserved in DynamoDB.
pub struct Expressions {
    /// What is set, removed and counted.
    pub update: String,
    /// On which condition, if there is one.
    pub condition: Option<String>,
    /// The placeholders of names.
    pub names: HashMap<String, String>,
    /// The placeholders of values.
    pub values: Item,
}

impl Expressions {
    /// Sets attributes of an item, or removes those that are `None`.
    #[must_use]
    pub fn of(changes: &[Attribute]) -> Self {
        let values = changes.iter();
        let values = values.filter_map(|(name, value)| Some((format!(":{name}"), value.clone()?)));
        let names = changes.iter();
        let names = names.map(|(name, _)| (format!("#{name}"), (*name).to_owned()));
        let now = (":now".to_owned(), number(now()));
        Self {
            update: expression(changes),
            condition: None,
            names: names.collect(),
            values: values.chain([now]).collect(),
        }
    }

    /// The same if the item is there and still of this version, which then grows.
    #[must_use]
    pub fn of_version(changes: &[Attribute], version: Option<u64>) -> Self {
        let mut written = Self::of(changes);
        written.update.push_str(" ADD version :one");
        written.values.insert(":one".to_owned(), number(1));
        let read = version.map_or("attribute_not_exists(version)", |_| "version = :read");
        written.condition = Some(format!("attribute_exists(pk) AND {read}"));
        let read = version.map(|version| (":read".to_owned(), number(version)));
        written.values.extend(read);
        written
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
    format!("SET {}{remove}", set.join(", "))
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

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    #[test]
    fn an_update_names_what_it_changes_and_no_more() {
        for (changes, expected) in [
            (
                &[("disabled", Some(AttributeValue::Bool(true)))][..],
                "SET updated = :now, #disabled = :disabled",
            ),
            (&[("scopes", None)], "SET updated = :now REMOVE #scopes"),
            (
                &[("email", None), ("full_name", Some(text("x")))],
                "SET updated = :now, #full_name = :full_name REMOVE #email",
            ),
        ] {
            assert_eq!(Expressions::of(changes).update, expected);
        }
    }
}
