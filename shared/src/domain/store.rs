//! What all stores have in common: how they answer, and how they fail.

use std::error::Error;
use std::pin::Pin;

/// The future of a store's answer.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

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
}
