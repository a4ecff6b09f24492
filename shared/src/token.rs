//! The access token: a JWT (RFC 7519) that carries the user's name and the granted scopes.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::hs256;
use crate::scope::Scopes;

/// Signs and verifies tokens with one key.
pub struct Tokens {
    signing_key: EncodingKey,
    verifying_key: DecodingKey,
    validation: Validation,
    lifetime: Duration,
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The user's name.
    pub sub: String,
    /// The granted scopes.
    pub scopes: Scopes,
}

/// Why a token was refused: for the log. The client hears that it is invalid, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Not three parts of base64url JSON, a header that is not understood, or a claim that is
    /// missing, of the wrong type or there twice.
    #[error("malformed")]
    Malformed,
    /// Another algorithm than HS256.
    #[error("algorithm")]
    Algorithm,
    /// Not signed by this service's key.
    #[error("signature")]
    Signature,
    /// For some audience, and this service is none.
    #[error("audience")]
    Audience,
    /// Its `exp` has come (RFC 7519 4.1.4).
    #[error("expired")]
    Expired,
    /// Its `nbf` or `iat` is yet to come (RFC 7519 4.1.5).
    #[error("not yet valid")]
    NotYetValid,
    /// Its user does not exist, or no longer.
    #[error("unknown user")]
    UnknownUser,
}

/// A token could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the token could not be signed: {0}")]
pub struct SigningError(#[from] jsonwebtoken::errors::Error);

impl Tokens {
    /// The key's bytes are the HMAC key as they are: a FastAPI app does the same with its text.
    #[must_use]
    pub fn new(key: &SecretString, lifetime: Duration) -> Self {
        hs256::install();
        let mut validation = Validation::new(Algorithm::HS256);
        // jsonwebtoken would compare with the machine's clock and allow 60 seconds more.
        validation.validate_exp = false;
        let key = key.expose_secret().as_bytes();
        Self {
            signing_key: EncodingKey::from_secret(key),
            verifying_key: DecodingKey::from_secret(key),
            validation,
            lifetime,
        }
    }

    /// How long a token is valid: `expires_in` (RFC 6749 5.1).
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Signs a token for a user; `now` is the time since the epoch.
    pub fn sign(&self, sub: &str, scopes: &Scopes, now: Duration) -> Result<String, SigningError> {
        let claims = SignedClaims {
            sub,
            scope: scopes.to_string(),
            scopes: scopes.iter().collect(),
            iat: now.as_secs(),
            exp: (now + self.lifetime).as_secs(),
            jti: Uuid::new_v4().to_string(),
        };
        Ok(jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &claims,
            &self.signing_key,
        )?)
    }

    /// Verifies a token and reads its claims; `now` is the time since the epoch.
    pub fn verify(&self, token: &str, now: Duration) -> Result<Claims, InvalidToken> {
        let data = jsonwebtoken::decode::<UniqueNames<Payload>>(
            token,
            &self.verifying_key,
            &self.validation,
        )?;
        check_header(token)?;
        let UniqueNames(payload) = data.claims;
        payload.check(now)?;
        Ok(Claims {
            scopes: payload.scopes(),
            sub: payload.sub,
        })
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

/// RFC 7515 4.1.11: what is critical and not understood makes a token invalid, and nothing here
/// is understood; `b64` is always critical (RFC 7797 6). Read once more, since for `jsonwebtoken`
/// a name whose value is `null` is not there.
fn check_header(token: &str) -> Result<(), InvalidToken> {
    let header = token.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD
        .decode(header)
        .map_err(|_| InvalidToken::Malformed)?;
    let header: UniqueNames<Map<String, Value>> =
        serde_json::from_slice(&header).map_err(|_| InvalidToken::Malformed)?;
    let UniqueNames(header) = header;
    let not_understood = ["crit", "b64"]
        .iter()
        .any(|name| header.contains_key(*name));
    let kid = header.get("kid").is_none_or(Value::is_string);
    if not_understood || !kid {
        Err(InvalidToken::Malformed)
    } else {
        Ok(())
    }
}

/// The claims of a new token. `scope` is what FastAPI's page reads today (and RFC 8693 4.2),
/// `scopes` what its older versions read.
#[derive(Serialize)]
struct SignedClaims<'a> {
    sub: &'a str,
    scope: String,
    scopes: Vec<&'a str>,
    iat: u64,
    exp: u64,
    jti: String,
}

/// The claims of a token that came in. A claim of the wrong type, `null` too, is a bad token.
#[derive(Deserialize)]
struct Payload {
    sub: String,
    exp: f64,
    #[serde(default, deserialize_with = "not_null")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "not_null")]
    iat: Option<f64>,
    #[serde(default, deserialize_with = "not_null", rename = "jti")]
    _jti: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    aud: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "not_null")]
    scope: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    scopes: Option<Vec<String>>,
}

impl Payload {
    fn check(&self, now: Duration) -> Result<(), InvalidToken> {
        let now = now.as_secs_f64().trunc();
        // RFC 7519 4.1.3: a token for some audience is not for a service that has no name.
        if self.aud.is_some() {
            return Err(InvalidToken::Audience);
        }
        // RFC 7519 4.1.4: "on or after which the JWT MUST NOT be accepted".
        if now >= self.exp.trunc() {
            return Err(InvalidToken::Expired);
        }
        if [self.nbf, self.iat]
            .into_iter()
            .flatten()
            .any(|start| start.trunc() > now)
        {
            return Err(InvalidToken::NotYetValid);
        }
        Ok(())
    }

    /// `scope` counts where both claims are there: it is the one that FastAPI's page reads.
    fn scopes(&self) -> Scopes {
        match (&self.scope, &self.scopes) {
            (Some(text), _) => Scopes::from_claim(text),
            (None, Some(list)) => Scopes::from_tokens(list),
            (None, None) => Scopes::default(),
        }
    }
}

fn not_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A JSON object whose names are unique (RFC 7519 4): of two readings of a token, none may be
/// another service's.
struct UniqueNames<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for UniqueNames<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = deserializer.deserialize_map(UniqueNamesVisitor)?;
        let inner = T::deserialize(Value::Object(object)).map_err(D::Error::custom)?;
        Ok(Self(inner))
    }
}

struct UniqueNamesVisitor;

impl<'de> Visitor<'de> for UniqueNamesVisitor {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = access.next_entry()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name is there twice"));
            }
        }
        Ok(object)
    }
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
