//! Logins in DynamoDB: one read of all that a login must know, and one conditional update for its
//! verdict, so all Lambda environments share their counts.
//!
//! Every update is an `UpdateItem`, right or wrong, so that the token function needs no permission
//! to delete or to replace items.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder as UpdateItem;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValuesOnConditionCheckFailure};

use super::record::Record;
use super::table::{HASHES, Item, Table, number, text, user_key};
use super::users::PROJECTION;
use crate::domain::login::attempt::{Attempt, KNOWN, Key, What};
use crate::domain::login::count::{Count, Standing};
use crate::domain::login::store::{LoginStore, Outcome, Seen, Verdict, Written};
use crate::domain::password::{PasswordHash, Policy};
use crate::domain::store::{Asking, StoreError};

/// The attributes of a count. `failures` comes first: without it, there is no count.
const COUNT: [&str; 4] = ["failures", "since", "not_before", "ends"];
/// How often DynamoDB is asked for what it did not answer at first.
const MOST_LOOKS: usize = 2;

impl LoginStore for Table {
    fn look<'a>(&'a self, attempt: &'a Attempt) -> Asking<'a, Seen> {
        Box::pin(async move {
            let user = user_key(&attempt.username);
            let keys = [&user, &attempt.pair.text, &attempt.account.text];
            let keys = keys.into_iter().chain([&attempt.address.text]);
            let items = self.read_all(keys).await?;
            let item = |key: &str| items.get(key);
            let count = |key| item(key).map_or(Ok(None), |item| count(key, item));
            let record = item(&user).map(|item| Record::read(&attempt.username, item));
            let pair = item(&attempt.pair.text);
            let until = pair.map(|pair| seconds(&attempt.pair.text, pair, "known_until"));
            Ok(Seen {
                user: record.transpose()?.map(Record::into_user),
                known_until: until.transpose()?.flatten(),
                pair: count(&attempt.pair.text)?,
                account: count(&attempt.account.text)?,
                address: count(&attempt.address.text)?,
            })
        })
    }

    fn write<'a>(&'a self, verdict: Verdict<'a>) -> Asking<'a, Written> {
        Box::pin(async move {
            let key = &verdict.key.text;
            let update = self.update(key);
            let update = match verdict.outcome {
                Outcome::Right => right(update, verdict),
                Outcome::Wrong => wrong(update, verdict),
            };
            let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
            let update = update.return_values_on_condition_check_failure(all_old);
            Ok(match conditional(only_if(update, verdict)).await? {
                Ok(()) => Written::Yes,
                Err(old) => Written::No(count(key, &old)?),
            })
        })
    }

    fn make_known<'a>(&'a self, pair: &'a Key, now: Duration) -> Asking<'a, ()> {
        Box::pin(async move {
            known(self.update(&pair.text), now).send().await?;
            Ok(())
        })
    }

    fn replace_hash<'a>(
        &'a self,
        username: &'a str,
        old: &'a PasswordHash,
        new: &'a PasswordHash,
        now: Duration,
    ) -> Asking<'a, bool> {
        Box::pin(async move {
            let update = self
                .update(&user_key(username))
                .update_expression("SET password_hash = :new, updated = :now ADD version :one")
                .condition_expression("password_hash = :old")
                .expression_attribute_values(":new", text(new.to_string()))
                .expression_attribute_values(":old", text(old.to_string()))
                .expression_attribute_values(":now", number(now.as_secs()))
                .expression_attribute_values(":one", number(1));
            Ok(conditional(update).await?.is_ok())
        })
    }

    fn costs(&self) -> Asking<'_, Vec<Policy>> {
        Box::pin(async {
            let get = self.client.get_item().table_name(&self.name);
            let output = get.key("pk", text(HASHES)).send().await?;
            let costs = output.item.as_ref().and_then(|item| item.get("costs"));
            let costs = costs.and_then(|costs| costs.as_ss().ok());
            let costs = costs.into_iter().flatten();
            Ok(costs.filter_map(|cost| cost.parse().ok()).collect())
        })
    }
}

impl Table {
    fn update(&self, key: &str) -> UpdateItem {
        self.client
            .update_item()
            .table_name(&self.name)
            .key("pk", text(key))
    }

    /// Reads items by their keys, as they are now.
    async fn read_all(
        &self,
        keys: impl Iterator<Item = &String>,
    ) -> Result<HashMap<String, Item>, StoreError> {
        let mut names = HashMap::from([("#pk".to_owned(), "pk".to_owned())]);
        let counts = COUNT.into_iter().chain(["known_until"]);
        for name in PROJECTION.into_iter().chain(counts) {
            names.insert(format!("#{name}"), name.to_owned());
        }
        let mut projection: Vec<_> = names.keys().cloned().collect();
        projection.sort_unstable();
        let asked = KeysAndAttributes::builder()
            .set_keys(Some(
                keys.map(|key| Item::from([("pk".to_owned(), text(key))]))
                    .collect(),
            ))
            .projection_expression(projection.join(", "))
            .set_expression_attribute_names(Some(names))
            .consistent_read(true);
        let asked = asked.build().map_err(unavailable)?;
        let mut left = Some(HashMap::from([(self.name.clone(), asked)]));
        let mut items = HashMap::new();
        for _ in 0..MOST_LOOKS {
            let batch = self.client.batch_get_item();
            let output = batch.set_request_items(left).send().await?;
            let answered = output.responses.unwrap_or_default().into_values().flatten();
            items.extend(answered.filter_map(|item| {
                let key = item.get("pk")?.as_s().ok()?.clone();
                Some((key, item))
            }));
            left = output.unprocessed_keys.filter(|left| !left.is_empty());
            if left.is_none() {
                return Ok(items);
            }
        }
        Err(unavailable("DynamoDB left keys unprocessed"))
    }
}

/// A right login leaves the count of strangers as it is, but that takes an update, too: it has the
/// condition. It must not take less time than that of a wrong one.
fn right(update: UpdateItem, verdict: Verdict<'_>) -> UpdateItem {
    match verdict.key.what {
        What::Pair => known(update, verdict.now),
        What::Account | What::Address => {
            update.update_expression("SET expires = if_not_exists(expires, :now)")
        }
    }
}

/// Makes a pair known, and clears its count.
fn known(update: UpdateItem, now: Duration) -> UpdateItem {
    let set = "SET known_until = :until, expires = :until";
    update
        .update_expression(format!("{set} REMOVE {}", COUNT.join(", ")))
        .expression_attribute_values(":until", number((now + KNOWN).as_secs()))
}

/// Counts a failure, as [`Standing::after_failure`] does. Where the count goes on, `failures`, `since`
/// and `ends` come from the item, and not from the values here.
fn wrong(update: UpdateItem, verdict: Verdict<'_>) -> UpdateItem {
    let count = verdict.after_failure(None);
    let times = match verdict.standing {
        Standing::Open => "since = if_not_exists(since, :now), ends = if_not_exists(ends, :ends)",
        Standing::Ended => "since = :now, ends = :ends, failures = :one",
        Standing::WaitOver { .. } => "ends = :ends",
    };
    // The TTL may take an item later than its count ends, but not sooner. A pair's stays until the
    // address is no longer known; then its count does not matter.
    let expires = match verdict.key.what {
        What::Pair => "if_not_exists(expires, :ends)",
        What::Account | What::Address => ":ends",
    };
    let add = match verdict.standing {
        Standing::Ended => "",
        Standing::Open | Standing::WaitOver { .. } => " ADD failures :one",
    };
    let set = format!("SET not_before = :not_before, {times}, expires = {expires}");
    update
        .update_expression(set + add)
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":not_before", number(count.not_before.as_secs()))
        .expression_attribute_values(":ends", number(count.ends.as_secs()))
}

/// Adds the condition that [`Standing::of`] would still find the count to stand as the verdict says.
fn only_if(update: UpdateItem, verdict: Verdict<'_>) -> UpdateItem {
    let now = number(verdict.now.as_secs());
    let update = update.expression_attribute_values(":now", now);
    match verdict.standing {
        Standing::Open => update
            .condition_expression(
                "attribute_not_exists(failures) OR (ends > :now AND failures < :limit)",
            )
            .expression_attribute_values(":limit", number(verdict.limit)),
        // Counts of earlier versions have no end; they are old.
        Standing::Ended => {
            update.condition_expression("attribute_not_exists(ends) OR ends <= :now")
        }
        Standing::WaitOver { failures } => update
            .condition_expression("failures = :failures AND not_before <= :now AND ends > :now")
            .expression_attribute_values(":failures", number(failures)),
    }
}

/// Sends an update. The inner `Err` is what DynamoDB tells of the item, if the condition does not
/// hold.
async fn conditional(update: UpdateItem) -> Result<Result<(), Item>, StoreError> {
    match update.send().await {
        Ok(_) => Ok(Ok(())),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Err(failed.item().cloned().unwrap_or_default()))
            }
            _ => Err(error.into()),
        },
    }
}

/// The count of an item, if it has one.
pub fn count(key: &str, item: &Item) -> Result<Option<Count>, StoreError> {
    let Some(failures) = seconds(key, item, "failures")? else {
        return Ok(None);
    };
    let time = |name| Ok::<_, StoreError>(seconds(key, item, name)?.unwrap_or_default());
    Ok(Some(Count {
        failures: failures.as_secs().try_into().unwrap_or(u32::MAX),
        since: time("since")?,
        not_before: time("not_before")?,
        ends: time("ends")?,
    }))
}

/// A number of an item, if it is there.
fn seconds(
    key: &str,
    item: &Item,
    attribute: &'static str,
) -> Result<Option<Duration>, StoreError> {
    let Some(value) = item.get(attribute) else {
        return Ok(None);
    };
    let number = value.as_n().ok().and_then(|number| number.parse().ok());
    let number = number.ok_or_else(|| StoreError::Corrupt {
        key: key.to_owned(),
        attribute,
    })?;
    Ok(Some(Duration::from_secs(number)))
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable(error.into())
}
