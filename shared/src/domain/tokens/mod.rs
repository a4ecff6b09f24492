//! The access token: a JWT (RFC 7519) that carries the user's name and the granted scopes.
//!
//! | | without an issuer, as on FastAPI's page | with one (RFC 9068) |
//! |---|---|---|
//! | header | `typ` JWT, `alg`; with a ring `kid` | `typ` at+jwt, `alg`; with a ring `kid` |
//! | claims | `sub scope scopes iat exp jti`; of a named client `client_id` | `iss aud sub username client_id iat exp jti scope` |
//! | `sub` | the user's name | the user's id; `username` is the name |
//! | and | `stamp`; with a session `sid auth_time` | the same |
//! | verification | `exp`, and any `aud` is refused | all of these are required; `iss` and `aud` must be this service's |
//!
//! What signs is one key that is shared with other services (HS256), or a ring of keys
//! ([`keys`]), whose public part everybody may know.

mod claims;
mod header;
pub mod keys;
mod published;
mod signer;
mod unique;
mod verifier;

use std::time::Duration;

use super::accounts::{CLIENT, Stamp, User};
use super::scope::Scopes;

/// The client of a login that names none: this service's own application.
pub const OWN: &str = "default";

pub use published::Published;
pub use signer::{Signer, SigningError};
pub use verifier::{Unverified, Verifier};

/// What a new token says.
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    /// For whom it is (RFC 7519 4.1.2).
    pub subject: Subject<'a>,
    /// Which client has it (RFC 8693 4.3).
    pub client: &'a str,
    /// What it allows.
    pub scopes: &'a Scopes,
    /// The user's stamp.
    pub stamp: Option<&'a Stamp>,
    /// The session that it belongs to.
    pub sid: Option<&'a str>,
    /// When the user of a session logged in, since the epoch.
    pub auth_time: Option<Duration>,
}

/// For whom a token is.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A user: `sub` is the id where there is an issuer, and else the name.
    User(&'a User),
    /// A client itself: this is its `sub`.
    Client(&'a str),
}

impl<'a> NewToken<'a> {
    /// A user's token, for this service's own application, of no session.
    #[must_use]
    pub fn of_user(user: &'a User, scopes: &'a Scopes) -> Self {
        Self {
            subject: Subject::User(user),
            client: OWN,
            scopes,
            stamp: user.stamp.as_ref(),
            sid: None,
            auth_time: None,
        }
    }
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The subject: with an issuer the user's id, without one the name; or `client:` and the client's id.
    pub sub: String,
    /// The name of the user with this id; `None` without an issuer. A token of before there were ids has the
    /// name as `sub`.
    pub username: Option<String>,
    /// The granted scopes.
    pub scopes: Scopes,
    /// The user's stamp when it was issued.
    pub stamp: Option<Stamp>,
    /// The session that it belongs to.
    pub sid: Option<String>,
    /// Which client has it; `None` if the token does not say so.
    pub client: Option<String>,
    /// When it ends, in seconds since the epoch.
    pub exp: u64,
    /// When it was issued.
    pub iat: Option<u64>,
    /// Its own name.
    pub jti: Option<String>,
    /// Did this service issue it? Another service with the same shared key may have, and that one
    /// knows no stamps.
    pub own: bool,
}

impl Claims {
    /// True if it is a client's own token, which no user gave to it.
    #[must_use]
    pub fn is_of_client(&self) -> bool {
        self.sub.starts_with(CLIENT)
    }

    /// The name by which the token's user is found.
    #[must_use]
    pub fn name(&self) -> &str {
        self.username.as_deref().unwrap_or(&self.sub)
    }

    /// True if this user, who has the token's name now, is the one to whom the token was issued.
    #[must_use]
    pub fn is_of(&self, user: &User) -> bool {
        self.username.is_none() || user.id.as_str() == self.sub
    }

    /// Has the token's user another stamp now? Users of an earlier version have none, and neither
    /// have their tokens.
    #[must_use]
    pub fn ended(&self, user: &User) -> bool {
        (self.own || self.stamp.is_some()) && self.stamp != user.stamp
    }
}

/// Why a token was refused. This is for the log: the client is only told that the token is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// It is not three parts in base64url, its header is not understood, or a claim is missing, has
    /// the wrong type or is there twice.
    #[error("malformed")]
    Malformed,
    /// Its algorithm is not one of this service, or not that of its key.
    #[error("algorithm")]
    Algorithm,
    /// It names no key, or one that is unknown, revoked, or retired for long.
    #[error("key")]
    Key,
    /// It is not signed with this service's key.
    #[error("signature")]
    Signature,
    /// It is no access token of RFC 9068, but perhaps another kind of JWT.
    #[error("type")]
    Type,
    /// It was issued by another service.
    #[error("issuer")]
    Issuer,
    /// It is for another audience, or names one to a service without a name (RFC 7519 4.1.3).
    #[error("audience")]
    Audience,
    /// The time of its `exp` has come (RFC 7519 4.1.4).
    #[error("expired")]
    Expired,
    /// Its `nbf` or `iat` is in the future (RFC 7519 4.1.5).
    #[error("not yet valid")]
    NotYetValid,
    /// Its user does not exist, or not any more.
    #[error("unknown user")]
    UnknownUser,
    /// Its user has another name now, or the name is another user's.
    #[error("another user's name")]
    AnotherUser,
    /// It is no client's own, or its client does not exist any more.
    #[error("unknown client")]
    UnknownClient,
    /// The user has another stamp now: a new password, or it is another person of the same name.
    #[error("ended: its user has another stamp")]
    Ended,
    /// Its client was disabled after it was issued, or lost a secret that somebody else knew.
    #[error("ended: its client was disabled or has another secret since")]
    ClientEnded,
    /// The session that it belongs to has ended.
    #[error("ended: its session has ended")]
    SessionEnded,
}

#[cfg(test)]
mod tests;
