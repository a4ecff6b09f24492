//! Who may use a route: the one place where token, user and scopes are checked.
//!
//! The checks come in FastAPI's order: is the token valid, does its user exist, do both have the
//! scopes, is the user active?

use std::sync::Arc;

use super::accounts::{CLIENT, User, UserStore};
use super::clients::{Client, ClientError, Clients};
use super::clock::Clock;
use super::route_scopes::DeclaredRoute;
use super::scope::Scopes;
use super::sessions::store::{Seen, SessionStore};
use super::sessions::token::Sid;
use super::store::StoreError;
use super::tokens::{Claims, InvalidToken, Unverified, Verifier};

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

    async fn with_scopes(&self, token: &str, required: &[&str]) -> Result<Caller, Denied> {
        let claims = self.verifier.verify(token).await?;
        let user = self.holder(&claims).await?;
        has_all(&claims, &user.scopes, required)?;
        Ok(Caller { user, claims })
    }

    /// The user of a token that is valid by itself, if that user and its session still are what they
    /// were.
    pub(super) async fn holder(&self, claims: &Claims) -> Result<User, Denied> {
        let user = self.find(claims).await?;
        let user = user.ok_or(Denied::InvalidToken(InvalidToken::UnknownUser))?;
        user.note_in_log();
        if !claims.is_of(&user) {
            return Err(Denied::InvalidToken(InvalidToken::AnotherUser));
        }
        if claims.ended(&user) {
            return Err(Denied::InvalidToken(InvalidToken::Ended));
        }
        Ok(user)
    }

    /// A token that names no session has none to end with: it was issued before there were any, or by
    /// another service.
    async fn find(&self, claims: &Claims) -> Result<Option<User>, Denied> {
        let (store, sid) = match (&self.holders, &claims.sid) {
            (Holders::Users(users), _) => return Ok(users.find(claims.name()).await?),
            (Holders::Sessions(store), None) => return Ok(store.user(claims.name()).await?),
            (Holders::Sessions(store), Some(sid)) => (store, Sid(sid.clone())),
        };
        let Seen { user, session } = store.look(claims.name(), &sid).await?;
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
        let client = holding_client(&self.clients, &claims).await?;
        has_all(&claims, &client.scopes, access.scopes())?;
        Ok(client)
    }
}

/// Checks tokens for the routes of another API, some of which clients may use.
pub struct RouteGuard {
    /// Checks the tokens of users.
    pub guard: Guard,
    /// Finds the clients of tokens of their own.
    pub clients: Clients,
}

impl RouteGuard {
    /// Returns what the token says, with those of its scopes that its holder still has, if both meet
    /// what is declared of the route. A user's token does not open a route that is for clients alone, nor a
    /// client's one that is for users.
    pub async fn check(&self, token: &str, route: &DeclaredRoute) -> Result<Claims, Denied> {
        let claims = self.guard.verifier.verify(token).await?;
        let required: Vec<&str> = route.scopes.iter().collect();
        let (held, disabled) = match (claims.is_of_client(), route.users, route.clients) {
            (true, _, true) => (holding_client(&self.clients, &claims).await?.scopes, false),
            (true, ..) => return Err(Denied::InvalidToken(InvalidToken::UnknownUser)),
            (false, true, _) => {
                let user = self.guard.holder(&claims).await?;
                (user.scopes, user.disabled)
            }
            (false, ..) => return Err(Denied::InvalidToken(InvalidToken::UnknownClient)),
        };
        has_all(&claims, &held, &required)?;
        if disabled {
            return Err(Denied::InactiveUser);
        }
        let scopes = claims.scopes.and_in(&held);
        Ok(Claims { scopes, ..claims })
    }
}

/// Checks that a token and its holder both have all of these scopes. A scope that was taken from a holder
/// stops working at once, not when the token expires (docs/adr/0003-scopes-of-the-user-count-too.md).
fn has_all(claims: &Claims, held: &Scopes, required: &[&str]) -> Result<(), Denied> {
    if claims.scopes.contains_all(required) && held.contains_all(required) {
        Ok(())
    } else {
        Err(Denied::InsufficientScope)
    }
}

/// The client of a token of its own that is valid by itself, if the client still is what it was.
pub(super) async fn holding_client(clients: &Clients, claims: &Claims) -> Result<Client, Denied> {
    let id = claims.sub.strip_prefix(CLIENT);
    let id = id.ok_or(Denied::InvalidToken(InvalidToken::UnknownClient))?;
    let client = clients.find(id).await?;
    client.note_in_log();
    if client.has_ended(claims.iat) {
        return Err(Denied::InvalidToken(InvalidToken::ClientEnded));
    }
    Ok(client)
}
