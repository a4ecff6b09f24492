//! Who may use a route: the one place where token, user and scopes are checked.
//!
//! The checks come in FastAPI's order: is the token valid, does its user exist, do both have the
//! scopes, is the user active?

use std::sync::Arc;

use super::clock::Clock;
use super::sessions::store::{Seen, SessionStore};
use super::sessions::token::Sid;
use super::store::StoreError;
use super::token::{Claims, InvalidToken, Unverified, Verifier};
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
    /// Knows sessions, if access tokens must end with theirs.
    pub sessions: Option<Arc<dyn SessionStore>>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Guard {
    /// Returns the token's user, if both meet what `access` asks for.
    pub async fn check(&self, token: &str, access: Access) -> Result<User, Denied> {
        let claims = self.verifier.verify(token).await?;
        let user = self.user(&claims).await?;
        user.note_in_log();
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

    /// The user of a token that is valid by itself. A token that names no session has none to end
    /// with: it was issued before there were any, or by another service.
    async fn user(&self, claims: &Claims) -> Result<User, Denied> {
        let unknown = Denied::InvalidToken(InvalidToken::UnknownUser);
        let (Some(store), Some(sid)) = (&self.sessions, &claims.sid) else {
            return self.users.find(&claims.sub).await?.ok_or(unknown);
        };
        let Seen { user, session } = store.look(&claims.sub, &Sid(sid.clone())).await?;
        let user = user.ok_or(unknown)?;
        match session {
            Some(session) if session.is_live(&user, self.clock.now()) => Ok(user),
            _ => Err(Denied::InvalidToken(InvalidToken::SessionEnded)),
        }
    }
}
