//! Who may use a route: the one place where token, user and scopes are checked.
//!
//! The checks come in FastAPI's order: is the token valid, does its user exist, do both have the
//! scopes, is the user active?

use std::sync::Arc;

use super::clients::{Client, ClientError, Clients};
use super::clock::Clock;
use super::scope::Scopes;
use super::sessions::store::{Seen, SessionStore};
use super::sessions::token::Sid;
use super::store::StoreError;
use super::token::{Claims, InvalidToken, Unverified, Verifier};
use super::users::{CLIENT, User, UserStore};

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
    /// A valid token of a client itself, which no user gave to it (RFC 6749 4.4). Both the token and
    /// the client must have all of these scopes.
    Client(&'static [&'static str]),
}

impl Access {
    /// The scopes that both the token and its user must have.
    #[must_use]
    pub const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Public => &[],
            Self::ActiveUser(scopes) | Self::AnyUser(scopes) | Self::Client(scopes) => scopes,
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

impl From<ClientError> for Denied {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Invalid(_) => Self::InvalidToken(InvalidToken::UnknownClient),
            ClientError::Store(error) => Self::Store(error),
        }
    }
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Whoever sent a request with a user's token that opens the route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's user.
    pub user: User,
    /// What the token says.
    pub claims: Claims,
}

impl From<Caller> for User {
    fn from(caller: Caller) -> Self {
        caller.user
    }
}

/// Checks tokens. It cannot issue any, so neither can a function that only has a guard.
pub struct Guard {
    /// Verifies access tokens.
    pub verifier: Verifier,
    /// Finds the token's user.
    pub holders: Holders,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// What is asked for each token that is valid by itself.
pub enum Holders {
    /// Its user.
    Users(Arc<dyn UserStore>),
    /// Its user and its session, so that it ends when that one does.
    Sessions(Arc<dyn SessionStore>),
}

impl Guard {
    /// Returns the token's user, if both meet what `access` asks for.
    pub async fn check(&self, token: &str, access: Access) -> Result<Caller, Denied> {
        let caller = self.with_scopes(token, access.scopes()).await?;
        match access {
            Access::ActiveUser(_) if caller.user.disabled => Err(Denied::InactiveUser),
            _ => Ok(caller),
        }
    }

    /// The same for a route of another API, which needs an active user.
    pub async fn check_route(&self, token: &str, required: &Scopes) -> Result<Caller, Denied> {
        let caller = self.with_scopes(token, required.iter()).await?;
        if caller.user.disabled {
            return Err(Denied::InactiveUser);
        }
        Ok(caller)
    }

    async fn with_scopes<S: AsRef<str>>(
        &self,
        token: &str,
        required: impl IntoIterator<Item = S> + Clone,
    ) -> Result<Caller, Denied> {
        let claims = self.verifier.verify(token).await?;
        let user = self.holder(&claims).await?;
        // The user must still have the scopes, too: a scope that was taken from a user stops
        // working at once, not when the token expires
        // (docs/adr/0003-scopes-of-the-user-count-too.md).
        if claims.scopes.contains_all(required.clone()) && user.scopes.contains_all(required) {
            Ok(Caller { user, claims })
        } else {
            Err(Denied::InsufficientScope)
        }
    }

    /// The user of a token that is valid by itself, if that user and its session still are what they
    /// were.
    pub(super) async fn holder(&self, claims: &Claims) -> Result<User, Denied> {
        let user = self.find(claims).await?;
        let user = user.ok_or(Denied::InvalidToken(InvalidToken::UnknownUser))?;
        user.note_in_log();
        if claims.ended(&user) {
            return Err(Denied::InvalidToken(InvalidToken::Ended));
        }
        Ok(user)
    }

    /// A token that names no session has none to end with: it was issued before there were any, or by
    /// another service.
    async fn find(&self, claims: &Claims) -> Result<Option<User>, Denied> {
        let (store, sid) = match (&self.holders, &claims.sid) {
            (Holders::Users(users), _) => return Ok(users.find(&claims.sub).await?),
            (Holders::Sessions(store), None) => return Ok(store.user(&claims.sub).await?),
            (Holders::Sessions(store), Some(sid)) => (store, Sid(sid.clone())),
        };
        let Seen { user, session } = store.look(&claims.sub, &sid).await?;
        let live =
            |user: &User| session.is_some_and(|session| session.is_live(user, self.clock.now()));
        match user {
            Some(user) if !live(&user) => Err(Denied::InvalidToken(InvalidToken::SessionEnded)),
            user => Ok(user),
        }
    }
}

/// Checks tokens of clients, on routes that no user may use.
pub struct ClientGuard {
    /// Verifies access tokens.
    pub verifier: Verifier,
    /// Finds the token's client.
    pub clients: Clients,
}

impl ClientGuard {
    /// Returns the token's client, if both meet what `access` asks for.
    pub async fn check(&self, token: &str, access: Access) -> Result<Client, Denied> {
        let claims = self.verifier.verify(token).await?;
        let id = claims.sub.strip_prefix(CLIENT);
        let id = id.ok_or(Denied::InvalidToken(InvalidToken::UnknownClient))?;
        let client = self.clients.find(id).await?;
        client.note_in_log();
        if client.has_ended(claims.iat) {
            return Err(Denied::InvalidToken(InvalidToken::ClientEnded));
        }
        let required = access.scopes();
        if !claims.scopes.contains_all(required) || !client.scopes.contains_all(required) {
            return Err(Denied::InsufficientScope);
        }
        Ok(client)
    }
}
