//! Logins in DynamoDB: one read of all that a login must know, and one conditional update for its
//! verdict, so all Lambda environments share their counts.
//!
//! Every update is an `UpdateItem`, right or wrong, so that the token function needs no permission
//! to delete or to replace items.

mod update;

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder as UpdateItem;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

use self::update::{COUNT, known, only_if, right, wrong};
use super::record::AccountRecord;
use super::table::{Item, Table, credentials_key, number, text, user_key};
use super::users::PROJECTION;
use crate::domain::accounts::password::PasswordHash;
use crate::domain::login::attempt::{Attempt, Key};
use crate::domain::login::count::Count;
use crate::domain::login::store::{LoginStore, Outcome, Seen, Verdict, Written};
use crate::domain::store::{Asking, StoreError};

/// The attributes of a user's credentials; the user's own item has the id as well.
const CREDENTIALS: [&str; 2] = ["password_hash", "credentials_id"];

/// How often a login looks, if the user's password is being changed meanwhile.
const MOST_LOOKS: usize = 2;

impl LoginStore for Table {
    fn look<'a>(&'a self, attempt: &'a Attempt) -> Asking<'a, Seen> {
        Box::pin(async move {
            for _ in 0..MOST_LOOKS {
                if let Some(seen) = self.look_once(attempt).await? {
                    return Ok(seen);
                }
            }
            let name = &attempt.username;
            let torn = format!("the two items of the user {name:?} do not belong together");
            Err(StoreError::Unavailable(torn.into()))
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
                .update(&credentials_key(username))
                .update_expression("SET password_hash = :new, updated = :now")
                .condition_expression("password_hash = :old")
                .expression_attribute_values(":new", text(new.to_string()))
                .expression_attribute_values(":old", text(old.to_string()))
                .expression_attribute_values(":now", number(now.as_secs()));
            Ok(conditional(update).await?.is_ok())
        })
    }
}

impl Table {
    /// Reads all that a login must know; `None` if the user's password was being changed.
    async fn look_once(&self, attempt: &Attempt) -> Result<Option<Seen>, StoreError> {
        let name = &attempt.username;
        let (user, credentials) = (user_key(name), credentials_key(name));
        let counts = [
            &attempt.pair.text,
            &attempt.account.text,
            &attempt.address.text,
        ];
        let keys = [&user, &credentials].into_iter().chain(counts).cloned();
        let attributes = PROJECTION.into_iter().chain(CREDENTIALS).chain(COUNT);
        let attributes = attributes.chain(["known_until"]);
        let items = self.read_now(keys, attributes).await?;
        let count = |key| items.get(key).map_or(Ok(None), |item| count(key, item));
        let pair = items.get(&attempt.pair.text);
        let until = pair.map(|pair| seconds(&attempt.pair.text, pair, "known_until"));
        let account = match items.get(&user) {
            None => None,
            Some(item) => match AccountRecord::read(name, item, items.get(&credentials))? {
                None => return Ok(None),
                account => account,
            },
        };
        Ok(Some(Seen {
            found: account.map(AccountRecord::into_account),
            known_until: until.transpose()?.flatten(),
            pair: count(&attempt.pair.text)?,
            account: count(&attempt.account.text)?,
            address: count(&attempt.address.text)?,
        }))
    }

    fn update(&self, key: &str) -> UpdateItem {
        self.client
            .update_item()
            .table_name(&self.name)
            .key("pk", text(key))
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
