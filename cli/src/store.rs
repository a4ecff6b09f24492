//! Reads and writes of users. Every write has a condition, so that no concurrent change is lost.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure};
use shared::aws::record::{Attribute, Record};
use shared::aws::table::{Item, Table, USER, number, text, user_key, username};
use shared::domain::clock::{Clock, SystemClock};
use shared::domain::users::MAX_BYTES;

use crate::error::Error;
use crate::name;

/// How often a change is tried while others change the same user.
const MOST_RACES: usize = 5;

/// How an attempt to add a user ended.
pub enum Put {
    /// There was no user of this name.
    Added,
    /// There was this user already, who is unchanged.
    There(Item),
}

/// Seconds since the epoch.
#[must_use]
pub fn now() -> u64 {
    SystemClock.now().as_secs()
}

/// A user as it is now.
pub async fn get(table: &Table, name: &str) -> Result<Option<Record>, Error> {
    // No user has such a long name, and DynamoDB refuses a key of this length.
    if name.len() > MAX_BYTES {
        return Ok(None);
    }
    let output = table
        .client
        .get_item()
        .table_name(&table.name)
        .key("pk", text(user_key(name)))
        .consistent_read(true)
        .send()
        .await
        .map_err(|error| Error::of_call(&table.name, &error))?;
    output.item.as_ref().map(record).transpose()
}

/// Reads an item; an attribute that is missing or of another type makes it unreadable.
pub fn record(item: &Item) -> Result<Record, Error> {
    Record::read(username(item).unwrap_or_default(), item).map_err(|error| {
        Error::Failed(format!(
            "{error}; nobody can log in by it: remove it, or repair it in the console of DynamoDB"
        ))
    })
}

/// Reads a user; an error if there is none of this name.
pub async fn find(table: &Table, name: &str) -> Result<Record, Error> {
    get(table, name)
        .await?
        .ok_or_else(|| no_such_user(table, name))
}

/// Adds a user, unless there is one of this name.
pub async fn add(table: &Table, record: &Record) -> Result<Put, Error> {
    let put = table
        .client
        .put_item()
        .table_name(&table.name)
        .set_item(Some(record.to_item(now())))
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

/// Sets the named attributes of a user, or removes those that are `None`; the others stay.
pub async fn change(table: &Table, name: &str, changes: &[Attribute]) -> Result<Record, Error> {
    for _ in 0..MOST_RACES {
        let version = find(table, name).await?.version;
        if let Some(item) = try_change(table, name, version, changes).await? {
            return record(&item);
        }
    }
    Err(Error::Failed(format!(
        "the user {name:?} was changed by others {MOST_RACES} times meanwhile; nothing was changed, try again"
    )))
}

/// Returns `None` if somebody has changed the user since this version.
async fn try_change(
    table: &Table,
    name: &str,
    version: Option<u64>,
    changes: &[Attribute],
) -> Result<Option<Item>, Error> {
    let read = version.map_or("attribute_not_exists(version)", |_| "version = :read");
    let mut update = table
        .client
        .update_item()
        .table_name(&table.name)
        .key("pk", text(user_key(name)))
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

/// Removes a user.
pub async fn remove(table: &Table, name: &str) -> Result<(), Error> {
    let delete = table
        .client
        .delete_item()
        .table_name(&table.name)
        .key("pk", text(user_key(name)))
        .condition_expression("attribute_exists(pk)");
    match delete.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_service_error() {
            Some(failure) if failure.is_conditional_check_failed_exception() => {
                Err(no_such_user(table, name))
            }
            _ => Err(Error::of_call(&table.name, &error)),
        },
    }
}

/// A page of users, and where the next one starts.
pub struct Page {
    /// The users' items.
    pub items: Vec<Item>,
    /// The key after which the next page starts; `None` on the last page.
    pub next: Option<Item>,
}

/// Reads the page after a key, without the table's other items, which count login attempts.
pub async fn page(table: &Table, after: Option<Item>, size: Option<i32>) -> Result<Page, Error> {
    let output = table
        .client
        .scan()
        .table_name(&table.name)
        .filter_expression("begins_with(pk, :user)")
        .expression_attribute_values(":user", text(USER))
        .consistent_read(true)
        .set_exclusive_start_key(after)
        .set_limit(size)
        .send()
        .await
        .map_err(|error| Error::of_call(&table.name, &error))?;
    Ok(Page {
        items: output.items.unwrap_or_default(),
        next: output.last_evaluated_key,
    })
}

/// The key of a user's item.
#[must_use]
pub fn key(name: &str) -> Item {
    Item::from([("pk".to_owned(), text(user_key(name)))])
}

fn no_such_user(table: &Table, name: &str) -> Error {
    let form = name::folded(name);
    let hint = if form == name {
        String::new()
    } else {
        format!("; did you mean {form:?}?")
    };
    Error::NoSuchUser {
        name: name.to_owned(),
        table: table.name.clone(),
        hint,
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
