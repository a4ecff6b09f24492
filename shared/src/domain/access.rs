//! Who may use a route: the one place where token, user and scopes are checked.
//!
//! The checks come in FastAPI's order: is the token valid, does its user exist, do both have the
//! scopes, is the user active?

use std::sync::Arc;

use tracing::Span;

use super::store::StoreError;
use super::token::{InvalidToken, Unverified, Verifier};
use super::users::{User, UserStore};

/// What a request must prove before a route answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing: anybody may send it.
    Public,
    /// A valid token of an active user. Both the token and the user must have all of these scopes
    /// (FastAPI's `get_current_active_user`).
    ActiveUser(&'static [&'static str]),
    /// The same as `ActiveUser`, but the user may be disabled (FastAPI's `get_current_user`).
    AnyUser(&'static [&'static str]),
}

impl Access {
    /// The scopes that both the token and its user must have.
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
    /// The store could not say who the token's user is, or which keys are valid.
    Store(StoreError),
}

impl From<Unverified> for Denied {
    fn from(error: Unverified) -> Self {
        match error {
            Unverified::InvalidToken(reason) => Self::InvalidToken(reason),
            Unverified::Keys(error) => Self::Store(error),
        }
    }
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Checks tokens. It cannot issue any, so neither can a function that only has a guard.
pub struct Guard {
    /// Verifies access tokens.
    pub verifier: Verifier,
    /// Finds the token's user.
    pub users: Arc<dyn UserStore>,
}

impl Guard {
    /// Returns the token's user, if both meet what `access` asks for.
    pub async fn check(&self, token: &str, access: Access) -> Result<User, Denied> {
        let claims = self.verifier.verify(token).await?;
        let user = self.users.find(&claims.sub).await?;
        let user = user.ok_or(Denied::InvalidToken(InvalidToken::UnknownUser))?;
        note_in_log(&user);
        if claims.ended(&user) {
            return Err(Denied::InvalidToken(InvalidToken::Ended));
        }
        // The user must still have the scopes, too: a scope that was taken from a user stops
        // working at once, not when the token expires
        // (docs/adr/0003-scopes-of-the-user-count-too.md).
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

/// Writes the user's name into the request's log line. Only names of users who exist may be logged:
/// any other may be a password, typed into the wrong field.
pub(super) fn note_in_log(user: &User) {
    Span::current().record("sub", &user.username);
}
