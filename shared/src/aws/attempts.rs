//! Attempts in DynamoDB. Each step is one atomic update, so all Lambda environments share a count.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder as UpdateItem;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::table::{Item, Table, number, number_of, text};
use crate::domain::attempts::{Admission, Attempts, FIRST_WAIT, WINDOW, wait};
use crate::domain::store::{Asking, StoreError};

impl Attempts for Table {
    fn begin<'a>(&'a self, key: &'a str, limit: u32, now: Duration) -> Asking<'a, Admission> {
        Box::pin(async move {
            // If the count is forgotten or deleted between the first two steps, the third begins a
            // new one.
            if self.begin_count(key, limit, now).await? {
                return Ok(Admission::Admitted);
            }
            match self.count_on(key, limit, now).await? {
                Ok(failures) if failures < limit => Ok(Admission::Admitted),
                Ok(failures) => self.set_wait(key, wait(failures, limit), now).await,
                Err(old) if number_of(&old, "expires").unwrap_or_default() <= now.as_secs() => {
                    let begun = self.begin_count(key, limit, now).await?;
                    Ok(if begun {
                        Admission::Admitted
                    } else {
                        Admission::Wait(FIRST_WAIT)
                    })
                }
                Err(old) => {
                    let not_before = number_of(&old, "not_before").unwrap_or_default();
                    Ok(Admission::Wait(
                        Duration::from_secs(not_before).saturating_sub(now),
                    ))
                }
            }
        })
    }

    fn take_back<'a>(&'a self, key: &'a str) -> Asking<'a, ()> {
        Box::pin(async move {
            let update = self
                .update(key)
                .update_expression("ADD failures :minus_one")
                .condition_expression("failures > :zero")
                .expression_attribute_values(":minus_one", number(-1))
                .expression_attribute_values(":zero", number(0));
            conditional(update).await.map(drop)
        })
    }

    fn forget<'a>(&'a self, key: &'a str, now: Duration) -> Asking<'a, ()> {
        Box::pin(async move {
            let update = self
                .update(key)
                .update_expression("SET expires = :now")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_values(":now", number(now.as_secs()));
            conditional(update).await.map(drop)
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

    /// Begins a count with the first attempt; `false` if there is one that is still valid.
    async fn begin_count(&self, key: &str, limit: u32, now: Duration) -> Result<bool, StoreError> {
        let expires = if limit <= 1 {
            now + FIRST_WAIT + WINDOW
        } else {
            now + WINDOW
        };
        let update = self
            .update(key)
            .update_expression("SET failures = :one, not_before = :not_before, expires = :expires")
            .condition_expression("attribute_not_exists(pk) OR expires <= :now")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", number(now.as_secs()))
            .expression_attribute_values(":not_before", number((now + FIRST_WAIT).as_secs()))
            .expression_attribute_values(":expires", number(expires.as_secs()));
        Ok(conditional(update).await?.is_ok())
    }

    /// Counts one more attempt if that is allowed, and answers how many there are; otherwise,
    /// answers the count as it is. The same update sets the shortest wait, so that it also holds
    /// for attempts at the same moment; `set_wait` makes it longer afterwards.
    async fn count_on(
        &self,
        key: &str,
        limit: u32,
        now: Duration,
    ) -> Result<Result<u32, Item>, StoreError> {
        let update = self
            .update(key)
            .update_expression("SET not_before = :not_before ADD failures :one")
            .condition_expression("expires > :now AND (failures < :limit OR not_before <= :now)")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":limit", number(limit))
            .expression_attribute_values(":now", number(now.as_secs()))
            .expression_attribute_values(":not_before", number((now + FIRST_WAIT).as_secs()))
            .return_values(ReturnValue::UpdatedNew);
        let counted = conditional(update).await?;
        Ok(counted.map(|new| {
            number_of(&new, "failures")
                .and_then(|failures| failures.try_into().ok())
                .unwrap_or(u32::MAX)
        }))
    }

    async fn set_wait(
        &self,
        key: &str,
        wait: Duration,
        now: Duration,
    ) -> Result<Admission, StoreError> {
        let not_before = now + wait;
        let update = self
            .update(key)
            .update_expression("SET not_before = :not_before, expires = :expires")
            .condition_expression("not_before <= :not_before AND expires > :now")
            .expression_attribute_values(":now", number(now.as_secs()))
            .expression_attribute_values(":not_before", number(not_before.as_secs()))
            .expression_attribute_values(":expires", number((not_before + WINDOW).as_secs()));
        conditional(update).await?.ok();
        Ok(Admission::Admitted)
    }
}

/// Sends an update. Answers the attributes that it returns, or, if its condition does not hold, the
/// item as it is (the inner `Err`).
async fn conditional(update: UpdateItem) -> Result<Result<Item, Item>, StoreError> {
    let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
    match update
        .return_values_on_condition_check_failure(all_old)
        .send()
        .await
    {
        Ok(output) => Ok(Ok(output.attributes.unwrap_or_default())),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Err(failed.item().cloned().unwrap_or_default()))
            }
            _ => Err(error.into()),
        },
    }
}
