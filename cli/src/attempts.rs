//! The failed logins from new addresses, which the functions count for each account.

use std::fmt;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use serde::Serialize;
use shared::aws::table::{Item, Table, number, number_of, text};
use shared::config::Reader;
use shared::domain::attempts::account_key;
use shared::domain::store::StoreError;

use crate::error::Error;
use crate::output::{Output, count, date};
use crate::{store, variable};

/// The functions' own default.
const LIMIT: u32 = 10;
/// The functions' variable, which sets another limit; 0 is none.
const LIMIT_VARIABLE: &str = "LOGIN_FAILURES_PER_ACCOUNT";

/// What is counted for an account. Times are in seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FailedLogins {
    failures: u64,
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
pub fn limit() -> Result<u32, Error> {
    Reader::read(&variable, |reader| reader.number(LIMIT_VARIABLE, LIMIT, 0))
        .map_err(|error| Error::Usage(error.to_string()))
}

/// What is counted for this name now; `None` if nothing is.
pub async fn get(table: &Table, name: &str, limit: u32) -> Result<Option<FailedLogins>, Error> {
    let key = account_key(name);
    let output = table
        .client
        .get_item()
        .table_name(&table.name)
        .key("pk", text(&key))
        .consistent_read(true)
        .send()
        .await
        .map_err(|error| Error::of_call(&table.name, &error))?;
    let item = output.item.unwrap_or_default();
    read(&key, &item, limit, store::now())
        .map_err(|error| Error::Failed(format!("{error}; to forget it: users unlock {name:?}")))
}

/// Reads the item. One that somebody has spoilt is an error, since a guess might say that nobody
/// has to wait.
fn read(key: &str, item: &Item, limit: u32, now: u64) -> Result<Option<FailedLogins>, StoreError> {
    let corrupt = |attribute| StoreError::Corrupt {
        key: key.to_owned(),
        attribute,
    };
    let number = |attribute| match number_of(item, attribute) {
        None if item.contains_key(attribute) => Err(corrupt(attribute)),
        number => Ok(number),
    };
    let failures = number("failures")?.unwrap_or_default();
    let ends = number("ends")?.unwrap_or_default();
    if failures == 0 || ends <= now {
        return Ok(None);
    }
    let since = number("since")?.ok_or(corrupt("since"))?;
    let limited = limit > 0 && failures >= limit.into();
    // Below the limit the time means nothing.
    let waits_until = number("not_before")?.filter(|time| limited && *time > now);
    Ok(Some(FailedLogins {
        failures,
        since,
        waits_until,
    }))
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
        .key("pk", text(account_key(name)))
        .update_expression("SET expires = :now REMOVE failures, since, not_before, ends")
        .condition_expression("attribute_exists(failures)")
        .expression_attribute_values(":now", number(store::now()));
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

    fn item(numbers: &[(&str, u64)]) -> Item {
        let attribute = |(name, value): &(&str, u64)| ((*name).to_owned(), number(*value));
        numbers.iter().map(attribute).collect()
    }

    /// What is shown of so many failures, if logins wait until `not_before` and the count ends so
    /// many seconds from now.
    fn shown(failures: u64, not_before: u64, ends: u64, limit: u32) -> Option<String> {
        let item = item(&[
            ("failures", failures),
            ("since", NOW - 60),
            ("not_before", NOW + not_before),
            ("ends", NOW + ends),
        ]);
        let logins = read("account#x", &item, limit, NOW).unwrap();
        logins.map(|logins| logins.to_string())
    }

    #[test]
    fn logins_wait_from_the_limit_on_until_their_time_has_come() {
        let since = "from new addresses since 2026-07-14T03:32:20Z";
        let waits = "wait until 2026-07-14T03:33:50Z: ";
        for (failures, not_before, ends, limit, expected) in [
            (1, 30, 900, 10, Some(format!("1 failure {since}"))),
            (9, 30, 900, 10, Some(format!("9 failures {since}"))),
            (10, 30, 900, 10, Some(format!("{waits}10 failures {since}"))),
            (12, 30, 900, 10, Some(format!("{waits}12 failures {since}"))),
            (12, 0, 900, 10, Some(format!("12 failures {since}"))),
            (12, 30, 900, 0, Some(format!("12 failures {since}"))),
            (1, 30, 900, 1, Some(format!("{waits}1 failure {since}"))),
            (12, 30, 1, 10, Some(format!("{waits}12 failures {since}"))),
            (12, 30, 0, 10, None),
            (0, 30, 900, 10, None),
        ] {
            let shown = shown(failures, not_before, ends, limit);
            assert_eq!(shown, expected, "{failures} {not_before} {ends} {limit}");
        }
    }

    #[test]
    fn without_its_failures_an_item_is_no_count() {
        for item in [
            Item::new(),
            item(&[("expires", NOW)]),
            item(&[("ends", NOW + 9)]),
        ] {
            let logins = read("account#x", &item, 10, NOW).unwrap();
            assert_eq!(logins, None, "{item:?}");
        }
    }

    #[test]
    fn before_the_limit_no_time_to_wait_for_is_needed() {
        let item = item(&[("failures", 3), ("since", NOW - 9), ("ends", NOW + 9)]);
        let logins = read("account#x", &item, 10, NOW).unwrap();
        assert_eq!(logins.map(|logins| logins.waits_until), Some(None));
    }

    #[test]
    fn an_attribute_of_another_type_is_named() {
        let good = item(&[
            ("failures", 12),
            ("since", NOW - 60),
            ("not_before", NOW + 30),
            ("ends", NOW + 900),
        ]);
        for name in ["failures", "since", "not_before", "ends"] {
            let mut bad = good.clone();
            bad.insert(name.to_owned(), text("12"));
            let error = read("account#x", &bad, 10, NOW).unwrap_err().to_string();
            let expected = format!("the item \"account#x\" has no valid {name}");
            assert_eq!(error, expected);
        }
    }
}
