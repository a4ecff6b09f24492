//! Why a login is refused.

use std::time::Duration;

use super::attempt::{Counted, Key};
use crate::domain::store::StoreError;

/// Why a login was refused.
#[derive(Debug)]
pub enum LoginError {
    /// The user does not exist, or the password is wrong; the client is not told which.
    IncorrectPassword {
        /// Which of them it is, for the log only.
        reason: &'static str,
    },
    /// Too many logins failed lately, to this account or from this address.
    TooManyAttempts {
        /// How long it is until the next attempt is allowed.
        wait: Duration,
        /// Whose failures they were, for the log only.
        reason: &'static str,
    },
    /// The store failed, so nobody is told whether the password was right.
    Store(StoreError),
}

impl From<StoreError> for LoginError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl LoginError {
    /// The limit of what this key counts is reached.
    pub(super) fn too_many(key: &Key, wait: Duration) -> Self {
        let reason = match key.counted {
            Counted::Pair => "at the account, from an address that is known to it",
            Counted::Account => "at the account, from addresses that are not known to it",
            Counted::Address => "from the address, at accounts to which it is not known",
        };
        Self::TooManyAttempts { wait, reason }
    }
}
