//! What every store may answer besides its data.

use std::error::Error;
use std::pin::Pin;

/// The answer of a store, when it comes.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store could not be asked, or holds what it should not.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It did not answer, or not in time: the request may be tried again.
    #[error("the store is not available: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A record lacks what it needs, or has it of the wrong type: someone must repair it.
    #[error("the item {key:?} has no valid {attribute}")]
    Corrupt {
        /// Its key.
        key: String,
        /// What is wrong with it.
        attribute: &'static str,
    },
}
