//! The failed logins from new addresses, which the functions count for each account.

use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use serde::Serialize;
use shared::aws::logins;
use shared::aws::table::{Table, number, text};
use shared::config;
use shared::domain::login::attempt::{Key, Limits};
use shared::domain::login::count::{Count, Standing};

use crate::error::Error;
use crate::items::{self, now};
use crate::output::{Output, count, date};
use crate::{store, variable};

/// What is counted for an account. Times are in seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FailedLogins {
    failures: u32,
    since: u64,
    /// `None` if a new address may log in now.
    waits_until: Option<u64>,
}

impl fmt::Display for FailedLogins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(time) = self.waits_until {
            write!(f, "wait until {}: ", date(time))?;
        }
        let failures = usize::try_from(self.failures).unwrap_or(usize::MAX);
        let (failures, since) = (count(failures, "failure"), date(self.since));
        write!(f, "{failures} from new addresses since {since}")
    }
}

/// How many failures make logins wait. It is read before the table is asked, so that a wrong
/// setting is reported first.
pub fn limits() -> Result<Limits, Error> {
    let per_account = config::failures_per_account(&variable);
    Ok(Limits {
        per_account: per_account.map_err(|error| Error::Usage(error.to_string()))?,
        per_address: 0,
    })
}

/// What is counted for this name now; `None` if nothing is.
pub async fn get(table: &Table, name: &str, limits: Limits) -> Result<Option<FailedLogins>, Error> {
    let key = Key::account(name);
    let item = items::get(table, &key.text).await?;
    let count = logins::count(&key.text, &item.unwrap_or_default());
    let count = count
        .map_err(|error| Error::Failed(format!("{error}; to forget it: users unlock {name:?}")))?;
    let now = Duration::from_secs(now());
    Ok(count.and_then(|count| FailedLogins::of(count, limits.of(&key), now)))
}

impl FailedLogins {
    fn of(count: Count, limit: u32, now: Duration) -> Option<Self> {
        let standing = Standing::of(Some(count), limit, now);
        (standing != Ok(Standing::Ended)).then(|| Self {
            failures: count.failures,
            since: count.since.as_secs(),
            waits_until: standing.err().map(|wait| (now + wait).as_secs()),
        })
    }
}

/// Lets new addresses log in to a user's account again.
pub async fn unlock(table: &Table, out: Output, name: &str) -> Result<(), Error> {
    let user = store::find(table, name).await?;
    let done = if forget(table, name).await? {
        "unlocked"
    } else {
        "no failed logins were counted"
    };
    out.user(&user, format_args!("{name}: {done}"))
}

/// Forgets the count of a name; `false` if there is none. The item is left to the table's TTL.
async fn forget(table: &Table, name: &str) -> Result<bool, Error> {
    let update = table
        .client
        .update_item()
        .table_name(&table.name)
        .key("pk", text(Key::account(name).text))
        .update_expression("SET expires = :now REMOVE failures, since, not_before, ends")
        .condition_expression("attribute_exists(failures)")
        .expression_attribute_values(":now", number(now()));
    match update.send().await {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(Error::of_call(&table.name, &error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_784_000_000;

    /// What is shown of so many failures, if logins wait until `not_before` and the count ends so
    /// many seconds from now.
    fn shown(failures: u32, not_before: u64, ends: u64, limit: u32) -> Option<String> {
        let count = Count {
            failures,
            since: Duration::from_secs(NOW - 60),
            not_before: Duration::from_secs(NOW + not_before),
            ends: Duration::from_secs(NOW + ends),
        };
        let logins = FailedLogins::of(count, limit, Duration::from_secs(NOW));
        logins.map(|logins| logins.to_string())
    }

    #[test]
    fn logins_wait_from_the_limit_on_until_their_time_has_come() {
        let since = "from new addresses since 2026-07-14T03:32:20Z";
        let waits = "wait until 2026-07-14T03:33:50Z: ";
        let sooner = "wait until 2026-07-14T03:33:21Z: ";
        for (failures, not_before, ends, limit, expected) in [
            (1, 30, 900, 10, Some(format!("1 failure {since}"))),
            (9, 30, 900, 10, Some(format!("9 failures {since}"))),
            (10, 30, 900, 10, Some(format!("{waits}10 failures {since}"))),
            (12, 0, 900, 10, Some(format!("12 failures {since}"))),
            (12, 30, 900, u32::MAX, Some(format!("12 failures {since}"))),
            (12, 30, 1, 10, Some(format!("{sooner}12 failures {since}"))),
            (12, 30, 0, 10, None),
        ] {
            let shown = shown(failures, not_before, ends, limit);
            assert_eq!(shown, expected, "{failures} {not_before} {ends} {limit}");
        }
    }
}
