//! Users and the stores that keep them.

mod id;
mod memory;
pub mod password;
mod stamp;
pub mod unicode;

use tracing::Span;

use super::scope::Scopes;
use super::store::Asking;
use password::PasswordHash;

pub use id::{USER_ID_PREFIX, UserId};
pub use memory::{InvalidUsersFile, MemoryUsers, from_json, tutorial};
pub use stamp::Stamp;

/// The most bytes of a user name or a password. A longer one is refused before anything is hashed;
/// it is never cut short.
pub const MAX_BYTES: usize = 1024;

/// What the subject of a client's own token begins with (RFC 9068 5: it must not be a user's name).
pub const CLIENT: &str = "client:";

/// Can a user have this name? It must not be empty, have more than [`MAX_BYTES`], contain a control
/// character, or look like a client.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let plain = !text.chars().any(char::is_control) && !text.starts_with(CLIENT);
    !text.is_empty() && text.len() <= MAX_BYTES && plain
}

/// A user's record. It holds no secret, since every function that verifies tokens reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id, which stays when the name changes.
    pub id: UserId,
    /// The name, compared byte for byte.
    pub username: String,
    /// All scopes that a token of this user may carry.
    pub scopes: Scopes,
    /// Routes that need an active user refuse a disabled one.
    pub disabled: bool,
    /// The API shows it to this user only.
    pub email: Option<String>,
    /// The API shows it to this user only.
    pub full_name: Option<String>,
    /// What this user's tokens must carry. A user without one has tokens without one.
    pub stamp: Option<Stamp>,
}

impl User {
    /// True if the id is not just the name. A record of before there were ids has none of its own.
    #[must_use]
    pub fn has_own_id(&self) -> bool {
        self.id.as_str() != self.username
    }
}

/// A user and what proves that somebody is this user. A login alone reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The password's argon2id hash. It is `None` if the store has a hash of another scheme; then
    /// every password is wrong.
    pub password_hash: Option<PasswordHash>,
}

impl User {
    /// Writes the user's name into the request's log line. Only names of users who exist may be
    /// logged: any other may be a password, typed into the wrong field.
    pub(super) fn note_in_log(&self) {
        Span::current().record("sub", &self.username);
    }
}

/// Finds users.
pub trait UserStore: Send + Sync {
    /// Finds a user by name; `None` if there is no such user. The record may be a second old.
    fn find<'a>(&'a self, username: &'a str) -> Asking<'a, Option<User>>;
}
