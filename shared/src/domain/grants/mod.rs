//! What a client gets for what it has proved (RFC 6749 4): a file for each grant, and one way to issue.
//!
//! | module | for |
//! |---|---|
//! | `password` | a user who has logged in |
//! | `refresh` | a refresh token |
//! | `client_credentials` | the client itself |

mod client_credentials;
mod password;
mod refresh;

use std::sync::Arc;
use std::time::Duration;

use super::clients::{Client, GrantType};
use super::clock::Clock;
use super::scope::Scopes;
use super::sessions::token::RefreshToken;
use super::sessions::{SessionError, Sessions};
use super::tokens::{NewToken, Signer, SigningError};

/// Issues tokens. Only POST /token can.
pub struct Grants {
    /// Signs access tokens.
    pub signer: Signer,
    /// Makes refresh tokens, if logins last.
    pub sessions: Option<Sessions>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// What a grant gives (RFC 6749 5.1).
#[derive(Debug)]
pub struct TokenSet {
    /// A JWT.
    pub access_token: String,
    /// How long the access token is valid.
    pub lifetime: Duration,
    /// The scopes that were granted.
    pub scopes: Scopes,
    /// The next refresh token, where the login lasts.
    pub refresh_token: Option<RefreshToken>,
}

/// Why a client gets no tokens.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The client may not use this grant.
    #[error("the client may not use this grant")]
    UnauthorizedClient,
    /// A scope that was asked for at a login is malformed, or not one of the user's.
    #[error("a scope is not one of the user's")]
    ScopeNotAllowed,
    /// A scope that a client asked for is malformed, or not one of the client's.
    #[error("a scope is not one of the client's")]
    InvalidScope,
    /// The session does not go on.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The access token could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

/// Refuses a client that may not use this grant.
pub fn check(client: &Client, grant: GrantType) -> Result<(), GrantError> {
    if client.may(grant) {
        Ok(())
    } else {
        Err(GrantError::UnauthorizedClient)
    }
}

impl Grants {
    async fn issue(
        &self,
        token: NewToken<'_>,
        refresh_token: Option<RefreshToken>,
    ) -> Result<TokenSet, GrantError> {
        Ok(TokenSet {
            access_token: self.signer.sign(&token, self.clock.now()).await?,
            lifetime: self.signer.lifetime(),
            scopes: token.scopes.clone(),
            refresh_token,
        })
    }
}
