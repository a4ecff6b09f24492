//! What the password hashes in the table cost: an item of the table lists it. POST /token reads the
//! list at its cold start, and computes a hash of each cost in every login that it refuses, so that
//! the time tells nobody which users there are, or how old a user's hash is.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::aws::table::{CREDENTIALS, HASHES, Item, Table, text};
use shared::domain::password::PasswordHash;

use crate::error::Error;
use crate::output::{Output, clean, count, note};
use crate::progress::Progress;
use crate::scan::Pages;

/// How often the hashes are counted while others write hashes of new costs.
const MOST_RACES: usize = 5;

/// What an argon2id hash costs, as a PHC string spells it; `None` for a text by which nobody can log
/// in.
#[must_use]
pub fn cost(hash: &str) -> Option<String> {
    let hash = PasswordHash::parse(hash).ok()?;
    Some(hash.cost().to_string())
}

/// Lists the cost of a hash that is about to be written. After that write it would be too late: a
/// cold start in between would not know of the cost.
pub async fn announce(table: &Table, hash: &str) -> Result<(), Error> {
    match cost(hash) {
        Some(cost) => add(table, &cost).await,
        None => Ok(()),
    }
}

/// Lists a cost, if it is not in the list yet.
pub async fn add(table: &Table, cost: &str) -> Result<(), Error> {
    let update = table
        .client
        .update_item()
        .table_name(&table.name)
        .key("pk", text(HASHES))
        .update_expression("ADD costs :cost")
        .expression_attribute_values(":cost", AttributeValue::Ss(vec![cost.to_owned()]));
    let added = update.send().await.map(drop);
    added.map_err(|error| not_added(table, &error))
}

/// DynamoDB adds to no set if somebody has put something else in its place.
fn not_added<R: fmt::Debug>(table: &Table, error: &SdkError<UpdateItemError, R>) -> Error {
    let service = error.as_service_error();
    match service.and_then(|error| Some((error.code()?, error.message()?))) {
        Some((code @ "ValidationException", message)) => Error::Failed(format!(
            "the item {HASHES:?} has no valid costs: {code}: {message}\n  to replace them: users hashes"
        )),
        _ => Error::of_call(&table.name, error),
    }
}

/// How many users have a hash of which cost.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    costs: BTreeMap<String, usize>,
    /// So many have no argon2id hash: every password of theirs is wrong.
    unusable: usize,
}

/// Counts the hashes by their cost, and makes the list what was found.
///
/// The list is replaced only if it is as it was before the counting, because the hash of a cost
/// that was added meanwhile may not have been counted. One way is left to lose a cost: it was in the
/// list already, of no hash, and one is written meanwhile; so the help says when to run this.
pub async fn hashes(table: &Table, out: Output) -> Result<(), Error> {
    for _ in 0..MOST_RACES {
        let before = listed(table).await?;
        let found = count_all(table, out).await?;
        let costs = found.list();
        if before == costs || replace(table, before.clone(), costs).await? {
            return found.print(out, &found.removed(before.as_ref()));
        }
    }
    Err(Error::Failed(format!(
        "others wrote hashes of new costs {MOST_RACES} times meanwhile; the item {HASHES:?} was not replaced, try again"
    )))
}

/// The list as it is, sorted if it is one: a set has no order.
async fn listed(table: &Table) -> Result<Option<AttributeValue>, Error> {
    let output = table
        .client
        .get_item()
        .table_name(&table.name)
        .key("pk", text(HASHES))
        .consistent_read(true)
        .send()
        .await
        .map_err(|error| Error::of_call(&table.name, &error))?;
    let costs = output.item.and_then(|mut item| item.remove("costs"));
    Ok(costs.map(|costs| match costs {
        AttributeValue::Ss(mut costs) => {
            costs.sort_unstable();
            AttributeValue::Ss(costs)
        }
        other => other,
    }))
}

async fn count_all(table: &Table, out: Output) -> Result<Found, Error> {
    let (mut found, mut users) = (Found::default(), 0);
    let mut progress = Progress::new(None, out.json);
    let mut pages = Pages::of(table, CREDENTIALS);
    while let Some(items) = pages.next().await? {
        for item in &items {
            found.count(item);
        }
        users += items.len();
        progress.at(0, || count(users, "user"));
    }
    progress.end();
    Ok(found)
}

/// Replaces the list; no costs at all remove it, because DynamoDB has no empty sets. Answers
/// `false` if the list is no longer what it was before.
async fn replace(
    table: &Table,
    before: Option<AttributeValue>,
    costs: Option<AttributeValue>,
) -> Result<bool, Error> {
    let unchanged = match before {
        Some(_) => "costs = :before",
        None => "attribute_not_exists(costs)",
    };
    let change = match costs {
        Some(_) => "SET costs = :costs",
        None => "REMOVE costs",
    };
    let values = [(":before", before), (":costs", costs)].into_iter();
    let values = values.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let update = table
        .client
        .update_item()
        .table_name(&table.name)
        .key("pk", text(HASHES))
        .update_expression(change)
        .condition_expression(unchanged)
        .set_expression_attribute_values(Some(values.collect()));
    match update.send().await {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(Error::of_call(&table.name, &error)),
        },
    }
}

impl Found {
    /// Counts a user. Only the hash is read: a user whom nobody can read for another reason is to
    /// be repaired, and then has this hash.
    fn count(&mut self, item: &Item) {
        let hash = item.get("password_hash").and_then(|hash| hash.as_s().ok());
        match hash.and_then(|hash| cost(hash)) {
            Some(cost) => *self.costs.entry(cost).or_default() += 1,
            None => self.unusable += 1,
        }
    }

    /// The list of these costs, sorted; `None` if there are none.
    fn list(&self) -> Option<AttributeValue> {
        let costs: Vec<String> = self.costs.keys().cloned().collect();
        (!costs.is_empty()).then_some(AttributeValue::Ss(costs))
    }

    /// What was in the list, and is the cost of no hash any more.
    fn removed<'a>(&self, before: Option<&'a AttributeValue>) -> Vec<&'a str> {
        let before = before.and_then(|costs| costs.as_ss().ok());
        let before = before.into_iter().flatten();
        let removed = before.filter(|cost| !self.costs.contains_key(*cost));
        removed.map(String::as_str).collect()
    }

    fn print(&self, out: Output, removed: &[&str]) -> Result<(), Error> {
        let hash = |(cost, users)| json!({ "cost": cost, "users": users });
        let hashes: Vec<_> = self.costs.iter().map(hash).collect();
        let document = json!({ "hashes": hashes, "unusable": self.unusable, "removed": removed });
        out.print(&document, self)?;
        if !removed.is_empty() && !out.json {
            let removed = clean(&removed.join(" "));
            note(format_args!(
                "not computed any more after the functions' next cold starts: {removed}"
            ));
        }
        Ok(())
    }
}

/// A cost on each line.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |what: &str, users| format!("{what:<24}  {}", count(users, "user"));
        let rows = self.costs.iter();
        let mut rows: Vec<_> = rows.map(|(cost, users)| row(cost, *users)).collect();
        if self.unusable > 0 || rows.is_empty() {
            rows.push(row("no argon2id hash", self.unusable));
        }
        f.write_str(&rows.join("\n"))
    }
}
