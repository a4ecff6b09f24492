//! A client's record.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tracing::Span;

use super::secret::Secret;
use crate::domain::accounts::CLIENT;
use crate::domain::scope::Scopes;
use crate::domain::tokens::OWN;

/// A client, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Its `client_id` (RFC 6749 2.2).
    pub id: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// Any of these proves who it is. A client without one cannot keep secrets, such as an app in a
    /// browser, and proves nothing (RFC 6749 2.1: public).
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// How it may ask for tokens.
    #[serde(default)]
    pub grants: Vec<GrantType>,
    /// All scopes that its tokens may carry, its own and those of its users.
    #[serde(default)]
    pub scopes: Scopes,
    /// May it ask about tokens that are not its own (RFC 7662)?
    #[serde(default)]
    pub introspect: bool,
    /// It may do nothing.
    #[serde(default)]
    pub disabled: bool,
    /// Tokens of its own that were issued before this time, in seconds since the epoch, have ended:
    /// it was disabled since, or lost a secret that somebody else knew.
    pub not_before: Option<u64>,
}

/// A grant of RFC 6749.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// A user's name and password, which the client then knows: for your own applications alone
    /// (RFC 6749 4.3).
    Password,
    /// A refresh token, which a login then answers with (RFC 6749 6).
    RefreshToken,
    /// The client itself, without a user (RFC 6749 4.4).
    ClientCredentials,
}

/// A text that is no grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a grant is one of: password, refresh_token, client_credentials")]
pub struct UnknownGrant;

impl Client {
    /// This service's own application: whoever names no client.
    #[must_use]
    pub fn own() -> Self {
        Self {
            id: OWN.to_owned(),
            name: String::new(),
            secrets: Vec::new(),
            grants: vec![GrantType::Password, GrantType::RefreshToken],
            scopes: Scopes::default(),
            introspect: false,
            disabled: false,
            not_before: None,
        }
    }

    /// Has it no secret?
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.secrets.is_empty()
    }

    /// Is this one of its secrets? All are compared, so the time says nothing of which.
    #[must_use]
    pub fn knows(&self, secret: &str) -> bool {
        let secrets = self.secrets.iter();
        secrets.fold(false, |known, kept| kept.is(secret) | known)
    }

    /// True if a token of its own that was issued at this time has ended since.
    #[must_use]
    pub fn has_ended(&self, issued: Option<u64>) -> bool {
        self.not_before
            .is_some_and(|not_before| issued < Some(not_before))
    }

    /// May it use this grant? Without a secret a client cannot speak for itself (RFC 6749 4.4).
    #[must_use]
    pub fn may(&self, grant: GrantType) -> bool {
        let proves = grant != GrantType::ClientCredentials || !self.is_public();
        proves && self.grants.contains(&grant)
    }

    /// May tokens that it asks for carry all of these scopes? Those of this service's own application
    /// may carry whatever their users have.
    #[must_use]
    pub fn may_have<'a>(&self, scopes: impl IntoIterator<Item = &'a str>) -> bool {
        self.id == OWN || self.scopes.contains_all(scopes)
    }

    /// The scopes of a token of its own: those that are asked for, if it may have them, or all.
    #[must_use]
    pub fn grant(&self, requested: Option<&str>) -> Option<Scopes> {
        let Some(requested) = requested else {
            return Some(self.scopes.clone());
        };
        let scopes = Scopes::parse(requested).ok()?;
        self.may_have(scopes.iter()).then_some(scopes)
    }

    /// The `sub` of its own tokens. No user can have such a name (RFC 9068 5).
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{CLIENT}{}", self.id)
    }

    /// Writes it into the request's log line.
    pub fn note_in_log(&self) {
        Span::current().record("sub", self.subject());
    }
}

impl GrantType {
    /// As a form names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        }
    }
}

impl FromStr for GrantType {
    type Err = UnknownGrant;

    fn from_str(text: &str) -> Result<Self, UnknownGrant> {
        let all = [Self::Password, Self::RefreshToken, Self::ClientCredentials];
        let mut all = all.into_iter();
        all.find(|grant| grant.as_str() == text).ok_or(UnknownGrant)
    }
}
