//! Reads and writes of users.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use shared::aws::record::{AccountRecord, Attribute, UserRecord, stamp};
use shared::aws::table::{Item, Table, credentials_key, id_key, number, text, user_key, username};
use shared::domain::accounts::{Stamp, UserId};
use shared::domain::store::StoreError;
use tokio::time::sleep;

use crate::error::Error;
use crate::items::{self, Expressions, MOST_RACES, now};
use crate::name;
use crate::scan::pace;
use crate::transaction::Transaction;

/// How many items are read at a time at most: DynamoDB's limit of a batch.
pub const BATCH: usize = 100;
/// How often a part of a batch that DynamoDB left out is asked for, after 50, 100, 200... milliseconds.
const MOST_LOOKS: u32 = 8;

/// A user as it is now.
pub async fn get(table: &Table, name: &str) -> Result<Option<UserRecord>, Error> {
    let item = items::get(table, &user_key(name)).await?;
    item.as_ref().map(|item| record(table, item)).transpose()
}

/// Reads an item; an attribute that is missing or of another type makes it unreadable.
pub fn record(table: &Table, item: &Item) -> Result<UserRecord, Error> {
    let record = UserRecord::read(username(item).unwrap_or_default(), item);
    record.map_err(|error| unreadable(table, error))
}

fn unreadable(table: &Table, error: StoreError) -> Error {
    match error {
        StoreError::Outdated(_) => Error::Outdated(table.name.clone()),
        error => Error::Unreadable(format!(
            "{error}; nobody can log in by it: remove it, or repair it in the console of DynamoDB"
        )),
    }
}

/// Reads a user; an error if there is none of this name.
pub async fn find(table: &Table, name: &str) -> Result<UserRecord, Error> {
    get(table, name)
        .await?
        .ok_or_else(|| no_such_user(table, name))
}

/// Reads a user with the credentials; an error if there is none of this name.
pub async fn find_account(table: &Table, name: &str) -> Result<AccountRecord, Error> {
    account(table, name)
        .await?
        .ok_or_else(|| no_such_user(table, name))
}

/// A user with the credentials, as they are now.
pub async fn account(table: &Table, name: &str) -> Result<Option<AccountRecord>, Error> {
    let (user, credentials) = (user_key(name), credentials_key(name));
    for _ in 0..MOST_RACES {
        let items = batch(table, [user.clone(), credentials.clone()], true).await?;
        let Some(item) = items.get(&user) else {
            return Ok(None);
        };
        let account = AccountRecord::read(name, item, items.get(&credentials));
        if let Some(account) = account.map_err(|error| unreadable(table, error))? {
            return Ok(Some(account));
        }
    }
    Err(Error::Unreadable(format!(
        "the items {user:?} and {credentials:?} do not belong together, so nobody can log in by them; set a new password"
    )))
}

/// Reads a user's two items, and both once more if they do not belong together: the password was set
/// between the two reads. `None` if the user is gone by then.
pub async fn read_account(
    table: &Table,
    name: &str,
    item: &Item,
    credentials: Option<&Item>,
) -> Result<Option<AccountRecord>, Error> {
    let read = AccountRecord::read(name, item, credentials);
    match read.map_err(|error| unreadable(table, error))? {
        None => account(table, name).await,
        account => Ok(account),
    }
}

/// Several items by their keys, as they are now or, for half the units, may have been a second ago. One
/// that is not there is left out.
pub async fn batch(
    table: &Table,
    keys: impl IntoIterator<Item = String>,
    now: bool,
) -> Result<HashMap<String, Item>, Error> {
    let keys = keys.into_iter();
    let keys = keys.map(|key| Item::from([("pk".to_owned(), text(key))]));
    let asked = KeysAndAttributes::builder().consistent_read(now);
    let asked = asked.set_keys(Some(keys.collect())).build();
    let mut left = asked
        .ok()
        .map(|asked| HashMap::from([(table.name.clone(), asked)]));
    let mut items = HashMap::new();
    for look in 0..MOST_LOOKS {
        let batch = table.client.batch_get_item().set_request_items(left);
        let batch = batch.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = batch.send().await;
        let output = output.map_err(|error| Error::of_call(&table.name, &error))?;
        let answered = output.responses.unwrap_or_default().into_values().flatten();
        items.extend(answered.filter_map(|item| {
            let key = item.get("pk")?.as_s().ok()?.clone();
            Some((key, item))
        }));
        if !now {
            pace(&output.consumed_capacity.unwrap_or_default()).await;
        }
        left = output.unprocessed_keys.filter(|left| !left.is_empty());
        if left.is_none() {
            return Ok(items);
        }
        sleep(Duration::from_millis(50 << look)).await;
    }
    Err(Error::Throttled("it leaves keys unprocessed".to_owned()))
}

/// Adds a user, unless there is one of this name; then it is `false`.
pub async fn add(table: &Table, account: &AccountRecord) -> Result<bool, Error> {
    let [user, credentials] = account.to_items(now(), Stamp::random().as_str());
    // Credentials without a user are of no use, and may be there if somebody has removed the user by hand.
    let transaction = Transaction::on(table).insert(user).set(credentials);
    let user = &account.record.user;
    let claimed = if user.has_own_id() {
        transaction.claim(user, &user.username)
    } else {
        transaction.claim_name(user)
    };
    claimed.write().await
}

/// The name of the user who has this id, or had it last.
pub async fn holder(table: &Table, id: &UserId) -> Result<Option<String>, Error> {
    let item = items::get(table, &id_key(id)).await?;
    let name = item.and_then(|item| item.get("username")?.as_s().ok().cloned());
    Ok(name)
}

/// Gives a user another name, in one step. The id stays; the stamp is new, so all tokens and sessions end.
/// `false` if there is a user of the new name.
pub async fn rename(table: &Table, name: &str, new: &str) -> Result<bool, Error> {
    let (user, credentials) = (user_key(name), credentials_key(name));
    for _ in 0..MOST_RACES {
        let items = batch(table, [user.clone(), credentials.clone()], true).await?;
        let item = items.get(&user).ok_or_else(|| no_such_user(table, name))?;
        let mut record = record(table, item)?;
        if get(table, new).await?.is_some() {
            return Ok(false);
        }
        record.user.username = new.to_owned();
        let id = record
            .user
            .has_own_id()
            .then(|| text(record.user.id.as_str()));
        let changes = [
            ("pk", Some(text(user_key(new)))),
            ("id", id),
            stamp(Some(&Stamp::random())),
            ("updated", Some(number(now()))),
            ("version", Some(number(record.version.unwrap_or(0) + 1))),
        ];
        let mut transaction = Transaction::on(table)
            .insert(changed(item, changes))
            .remove_version(&user, record.version)
            .clear(&credentials)
            .claim(&record.user, name);
        if let Some(item) = items.get(&credentials) {
            let key = ("pk", Some(text(credentials_key(new))));
            transaction = transaction.set(changed(item, [key]));
        }
        if transaction.write().await? {
            return Ok(true);
        }
    }
    Err(items::races(&user))
}

fn changed(item: &Item, changes: impl IntoIterator<Item = Attribute>) -> Item {
    let mut item = item.clone();
    for (name, value) in changes {
        match value {
            Some(value) => item.insert(name.to_owned(), value),
            None => item.remove(name),
        };
    }
    item
}

/// Sets the named attributes of a user, or removes those that are `None`; the others stay.
pub async fn change(table: &Table, name: &str, changes: &[Attribute]) -> Result<UserRecord, Error> {
    let read = |item: Option<&Item>| {
        record(table, item.ok_or_else(|| no_such_user(table, name))?)?;
        Ok(changes.to_vec())
    };
    record(table, &items::change(table, &user_key(name), read).await?)
}

/// Sets a user's password, and ends all tokens of the user.
pub async fn set_password(table: &Table, name: &str, hash: &str) -> Result<UserRecord, Error> {
    for _ in 0..MOST_RACES {
        let old = find(table, name).await?;
        let stamp = stamp(Some(&Stamp::random()));
        if write(table, &old, vec![stamp], hash).await? {
            return find(table, name).await;
        }
    }
    Err(items::races(&user_key(name)))
}

/// Puts the content and the stamp of an account in the place of another, unless somebody has changed
/// that one since it was read; then it is `false`.
pub async fn replace(table: &Table, old: &UserRecord, new: &AccountRecord) -> Result<bool, Error> {
    let mut changes = new.record.content().to_vec();
    changes.push(stamp(new.record.user.stamp.as_ref()));
    write(table, old, changes, &new.password_hash).await
}

/// Changes a user and sets the password in one step, if the user is as it was read.
async fn write(
    table: &Table,
    old: &UserRecord,
    mut changes: Vec<Attribute>,
    hash: &str,
) -> Result<bool, Error> {
    let name = &old.user.username;
    let id = ("credentials_id", Some(text(Stamp::random().as_str())));
    changes.push(id.clone());
    let user = Expressions::of_version(&changes, old.version);
    let credentials = Expressions::of(&[("password_hash", Some(text(hash))), id]);
    let transaction = Transaction::on(table)
        .update(&user_key(name), user)
        .update(&credentials_key(name), credentials);
    transaction.write().await
}

/// Removes a user.
pub async fn remove(table: &Table, name: &str) -> Result<(), Error> {
    let transaction = Transaction::on(table)
        .remove(&user_key(name))
        .clear(&credentials_key(name));
    let removed = transaction.write().await?;
    removed
        .then_some(())
        .ok_or_else(|| no_such_user(table, name))
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
