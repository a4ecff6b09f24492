//! Users and the stores that keep them.

mod memory;

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::password::PasswordHash;
use super::scope::Scopes;
use super::store::Asking;

pub use memory::{InvalidUsersFile, MemoryUsers, from_json, tutorial};

/// Longer user names and passwords are refused before anything is hashed, and never cut short.
pub const MAX_BYTES: usize = 1024;

/// Can a user have this name? Not an empty one, a very long one, or one with a control character.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_BYTES && !text.chars().any(char::is_control)
}

/// A user's record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name, compared byte for byte.
    pub username: String,
    /// The password's argon2id hash; `None` where the store holds another scheme's: then no
    /// password is right.
    #[serde(deserialize_with = "argon2id")]
    pub password_hash: Option<PasswordHash>,
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

/// A users file holds no other scheme.
fn argon2id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PasswordHash>, D::Error> {
    PasswordHash::deserialize(deserializer).map(Some)
}

/// How fresh a record must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// A second old will do: half the price.
    Eventual,
    /// As it is now: for a login.
    Strong,
}

/// Finds users.
pub trait UserStore: Send + Sync {
    /// Finds a user by name; that there is none is no error.
    fn find<'a>(&'a self, username: &'a str, reading: Reading) -> Asking<'a, Option<User>>;
}

/// Replaces the hashes of users: what a login needs beyond finding them.
pub trait HashStore: Send + Sync {
    /// Puts a new hash in the place of an old one. `false`: the old one was there no longer.
    fn replace_hash<'a>(
        &'a self,
        username: &'a str,
        old: &'a PasswordHash,
        new: &'a PasswordHash,
        now: Duration,
    ) -> Asking<'a, bool>;
}
