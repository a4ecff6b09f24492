//! Reads and writes of users.

use shared::aws::record::{Attribute, Record, stamp};
use shared::aws::table::{Item, Table, USER, text, user_key, username};

use crate::error::Error;
use crate::items::{self, Put, now};
use crate::name;

/// A user as it is now.
pub async fn get(table: &Table, name: &str) -> Result<Option<Record>, Error> {
    let item = items::get(table, &user_key(name)).await?;
    item.as_ref().map(record).transpose()
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
    items::add(table, record.to_item(now())).await
}

/// Sets the named attributes of a user, or removes those that are `None`; the others stay.
pub async fn change(table: &Table, name: &str, changes: &[Attribute]) -> Result<Record, Error> {
    let read = |item: Option<&Item>| {
        record(item.ok_or_else(|| no_such_user(table, name))?)?;
        Ok(changes.to_vec())
    };
    record(&items::change(table, &user_key(name), read).await?)
}

/// Puts the content and the stamp of a record in the place of another, unless somebody has changed that
/// one since it was read; then it is `false`.
pub async fn replace(table: &Table, old: &Record, new: &Record) -> Result<bool, Error> {
    let stamp = stamp(new.stamp.as_ref());
    let changes = [&new.content()[..], &[stamp]].concat();
    let key = user_key(&old.username);
    let written = items::try_change(table, &key, old.version, &changes).await?;
    Ok(written.is_some())
}

/// Removes a user.
pub async fn remove(table: &Table, name: &str) -> Result<(), Error> {
    let key = user_key(name);
    let removed = items::remove(table, &key, ("pk", &key)).await?;
    removed
        .then_some(())
        .ok_or_else(|| no_such_user(table, name))
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
    let output = items::scan(table, USER)
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
    Error::NotThere {
        what: "user",
        name: name.to_owned(),
        table: table.name.clone(),
        hint,
    }
}
