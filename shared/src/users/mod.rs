//! Users and the stores that keep them.

mod memory;

use std::error::Error;

use lambda_runtime::BoxFuture;
use serde::Deserialize;

use crate::password::PasswordHash;
use crate::scope::Scopes;

pub use memory::{InvalidUsersFile, MemoryStore};

/// A user's record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name, compared byte for byte.
    pub username: String,
    /// The password's argon2id hash.
    pub password_hash: PasswordHash,
    /// All scopes that a token of this user may carry.
    pub scopes: Scopes,
    /// A disabled user is refused where an active one is needed.
    #[serde(default)]
    pub disabled: bool,
    /// For the user's own eyes.
    pub email: Option<String>,
    /// For the user's own eyes.
    pub full_name: Option<String>,
}

/// A store could not be asked, or holds what it should not.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It did not answer, or not in time: the request may be tried again.
    #[error("the user store is not available: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Where users are kept.
pub trait UserStore: Send + Sync {
    /// Finds a user by name; that there is none is no error.
    fn find<'a>(&'a self, username: &'a str) -> BoxFuture<'a, Result<Option<User>, StoreError>>;
}
