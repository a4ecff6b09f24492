//! What all stores have in common: how they answer, and how they fail.

use std::error::Error;
use std::pin::Pin;
use std::time::Duration;

/// The future of a store's answer.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A factor for every time that a store may take: 1, but in a test that must not fail because the
/// machine is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience(pub u32);

impl Default for Patience {
    fn default() -> Self {
        Self(1)
    }
}

impl Patience {
    /// How long to wait, if it is `limit` without a factor.
    #[must_use]
    pub fn of(self, limit: Duration) -> Duration {
        limit * self.0
    }
}

/// The store did not answer, or one of its records is damaged.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It did not answer, or not in time. The request may be tried again.
    #[error("the store is not available: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// An attribute of a record is missing or has the wrong type. An operator must repair it.
    #[error("the item {key:?} has no valid {attribute}")]
    Corrupt {
        /// The record's key.
        key: String,
        /// The attribute that is missing or has the wrong type.
        attribute: &'static str,
    },
    /// A record has the form of an earlier version. An operator must upgrade the table.
    #[error("the item {0:?} is of an earlier version; run: users upgrade-table")]
    Outdated(String),
}
