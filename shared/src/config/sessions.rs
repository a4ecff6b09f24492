//! `REFRESH_IDLE_DAYS`, `REFRESH_DAYS`, `REFRESH_GRACE_SECONDS`: how long sessions last, if there are any.

use std::sync::Arc;
use std::time::Duration;

use super::reader::{ConfigError, Reader};
use super::state::{Parts, State};
use super::store::StoreConfig;
use crate::domain::sessions::logout::Logout;
use crate::domain::sessions::{Policy, Sessions};

/// The longest grace: within it a stolen token and the right one get the same successor.
const LONGEST_GRACE: u32 = 300;

/// Sessions, or none: they are off unless `REFRESH_IDLE_DAYS` says how long they last.
impl State for Option<Sessions> {
    type Config = Option<(Policy, StoreConfig)>;

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        let store = StoreConfig::read(reader);
        policy(reader).map(|policy| (policy, store))
    }

    async fn open(config: Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        let Some((policy, store)) = config else {
            return Ok(None);
        };
        Ok(Some(Sessions {
            store: parts.sessions(store).await?,
            policy,
            clock: Arc::clone(&parts.clock),
        }))
    }
}

/// A logout needs no sessions: it also ends access tokens that have none.
impl State for Logout {
    type Config = StoreConfig;

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        StoreConfig::read(reader)
    }

    async fn open(config: Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        Ok(Self {
            store: parts.sessions(config).await?,
            clock: Arc::clone(&parts.clock),
        })
    }
}

/// How many days a login lasts without being used, if logins last.
pub(super) fn idle_days(reader: &mut Reader<'_>) -> Option<u32> {
    let idle = reader.number("REFRESH_IDLE_DAYS", 0, 0);
    (idle > 0).then_some(idle)
}

fn policy(reader: &mut Reader<'_>) -> Option<Policy> {
    let idle = idle_days(reader);
    let longest = reader.number("REFRESH_DAYS", 90, 1);
    let grace = reader.number("REFRESH_GRACE_SECONDS", 60, 0);
    if grace > LONGEST_GRACE {
        let problem = format_args!("more than {LONGEST_GRACE}");
        reader.problem("REFRESH_GRACE_SECONDS", problem);
    }
    let days = |days: u32| Duration::from_hours(24 * u64::from(days));
    idle.map(|idle| Policy {
        idle: days(idle),
        longest: days(longest),
        grace: Duration::from_secs(grace.into()),
    })
}
