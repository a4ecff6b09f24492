//! The access token: a JWT (RFC 7519) that carries the user's name and the granted scopes.

mod claims;
mod hs256;

use std::fmt;
use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use uuid::Uuid;

use super::scope::Scopes;
use super::users::{Stamp, User};
use claims::{Payload, UniqueNames, check_header};

/// Signs tokens. Only a function that issues them has one.
pub struct Signer {
    key: EncodingKey,
    lifetime: Duration,
}

/// Verifies tokens.
pub struct Verifier {
    /// The key that signs now, and, while it is being changed, the one before.
    keys: Vec<DecodingKey>,
    validation: Validation,
}

/// To whom a token is issued, and for which scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The user.
    pub user: User,
    /// The scopes that the token allows.
    pub scopes: Scopes,
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The user's name.
    pub sub: String,
    /// The granted scopes.
    pub scopes: Scopes,
    /// The user's stamp when it was issued. Other services that sign with the same key give none.
    pub stamp: Option<Stamp>,
}

/// Why a token was refused. This is for the log: the client is only told that the token is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// It is not three parts in base64url, its header is not understood, or a claim is missing, has
    /// the wrong type or is there twice.
    #[error("malformed")]
    Malformed,
    /// Its algorithm is not HS256.
    #[error("algorithm")]
    Algorithm,
    /// It is not signed with this service's key.
    #[error("signature")]
    Signature,
    /// It names its audience, of which a service without a name is no part (RFC 7519 4.1.3).
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
    /// The user has another stamp now: a new password, or it is another person of the same name.
    #[error("ended: its user has another stamp")]
    Ended,
}

/// A token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the token could not be signed: {0}")]
pub struct SigningError(#[from] jsonwebtoken::errors::Error);

impl Signer {
    /// The HMAC key is the bytes of this text, without any decoding, as in a FastAPI app.
    #[must_use]
    pub fn new(key: &SecretString, lifetime: Duration) -> Self {
        hs256::install();
        Self {
            key: EncodingKey::from_secret(key.expose_secret().as_bytes()),
            lifetime,
        }
    }

    /// How long a token is valid: `expires_in` (RFC 6749 5.1).
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Signs a token; `now` is the time since the epoch.
    pub fn sign(&self, grant: &Grant, now: Duration) -> Result<String, SigningError> {
        let claims = SignedClaims {
            sub: &grant.user.username,
            scope: grant.scopes.to_string(),
            scopes: grant.scopes.iter().collect(),
            iat: now.as_secs(),
            exp: (now + self.lifetime).as_secs(),
            jti: Uuid::new_v4().to_string(),
            stamp: grant.user.stamp.as_ref(),
        };
        let header = Header::new(Algorithm::HS256);
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }
}

impl Verifier {
    /// Verifies the tokens of a [`Signer`] that has the same key.
    #[must_use]
    pub fn new(key: &SecretString) -> Self {
        hs256::install();
        let mut validation = Validation::new(Algorithm::HS256);
        // `Payload::check` compares `exp` with the injected clock. jsonwebtoken would use the
        // machine's clock, and accept a token for 60 seconds more.
        validation.validate_exp = false;
        Self {
            keys: vec![DecodingKey::from_secret(key.expose_secret().as_bytes())],
            validation,
        }
    }

    /// The same, but tokens that are signed with this key are valid, too.
    #[must_use]
    pub fn or(mut self, previous: &SecretString) -> Self {
        let key = DecodingKey::from_secret(previous.expose_secret().as_bytes());
        self.keys.push(key);
        self
    }

    /// Verifies a token and reads its claims; `now` is the time since the epoch.
    pub fn verify(&self, token: &str, now: Duration) -> Result<Claims, InvalidToken> {
        let UniqueNames(payload) = self.decode(token)?;
        check_header(token)?;
        payload.check(now)?;
        Ok(Claims {
            scopes: payload.scopes(),
            sub: payload.sub,
            stamp: payload.stamp,
        })
    }
}

impl Verifier {
    /// Reads the token by the first key that fits its signature.
    fn decode(&self, token: &str) -> Result<UniqueNames<Payload>, InvalidToken> {
        let mut refused = InvalidToken::Signature;
        for key in &self.keys {
            match jsonwebtoken::decode(token, key, &self.validation) {
                Ok(data) => return Ok(data.claims),
                Err(error) => refused = error.into(),
            }
            if refused != InvalidToken::Signature {
                break;
            }
        }
        Err(refused)
    }
}

/// Debug output must not show the key.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

/// Debug output must not show the key.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}

/// The claims of a new token. FastAPI's page reads the scopes from `scope` (RFC 8693 4.2); its
/// older versions read them from `scopes`.
#[derive(Serialize)]
struct SignedClaims<'a> {
    sub: &'a str,
    scope: String,
    scopes: Vec<&'a str>,
    iat: u64,
    exp: u64,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stamp: Option<&'a Stamp>,
}

impl From<jsonwebtoken::errors::Error> for InvalidToken {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidSignature => Self::Signature,
            ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => Self::Algorithm,
            ErrorKind::InvalidAudience => Self::Audience,
            _ => Self::Malformed,
        }
    }
}

#[cfg(test)]
mod tests;
