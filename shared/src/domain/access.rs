//! Who may use a route: the one place where token, user and scopes are checked.
//!
//! The order is FastAPI's: token, user, scopes, active.

use std::sync::Arc;

use tracing::Span;

use super::clock::Clock;
use super::store::StoreError;
use super::token::{InvalidToken, Verifier};
use super::users::{Reading, User, UserStore};

/// What a request must prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing: anybody may send it.
    Public,
    /// A valid token of an active user. Token and user hold all of these scopes
    /// (FastAPI's `get_current_active_user`).
    ActiveUser(&'static [&'static str]),
    /// The same, but the user may be disabled (FastAPI's `get_current_user`).
    AnyUser(&'static [&'static str]),
}

impl Access {
    /// The scopes that a token must hold.
    #[must_use]
    pub const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Public => &[],
            Self::ActiveUser(scopes) | Self::AnyUser(scopes) => scopes,
        }
    }
}

/// Why a token does not open a route.
#[derive(Debug)]
pub enum Denied {
    /// The token is not valid, or its user does not exist.
    InvalidToken(InvalidToken),
    /// The token, or its user, does not have all the scopes.
    InsufficientScope,
    /// The user is disabled.
    InactiveUser,
    /// Whose token it is could not be looked up.
    Store(StoreError),
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Checks tokens. A function that only has a guard can issue none.
pub struct Guard {
    /// Verifies access tokens.
    pub verifier: Verifier,
    /// Where the users are.
    pub users: Arc<dyn UserStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Guard {
    /// The user whose token this is, if it gives this access.
    pub async fn check(&self, token: &str, access: Access) -> Result<User, Denied> {
        let claims = self
            .verifier
            .verify(token, self.clock.now())
            .map_err(Denied::InvalidToken)?;
        let user = self.users.find(&claims.sub, Reading::Eventual).await?;
        let user = user.ok_or(Denied::InvalidToken(InvalidToken::UnknownUser))?;
        note_in_log(&user);
        // The user's own scopes too: one that was taken away is gone at once, not when the token
        // expires (docs/adr/0003-scopes-of-the-user-count-too.md).
        let required = access.scopes();
        if !claims.scopes.contains_all(required) || !user.scopes.contains_all(required) {
            return Err(Denied::InsufficientScope);
        }
        match access {
            Access::ActiveUser(_) if user.disabled => Err(Denied::InactiveUser),
            _ => Ok(user),
        }
    }
}

/// Writes the user's name into the request's log line: only names that exist stand there.
pub(super) fn note_in_log(user: &User) {
    Span::current().record("sub", &user.username);
}
