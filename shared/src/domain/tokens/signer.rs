//! Signs tokens.

use std::fmt;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use uuid::Uuid;

use super::{NewToken, OWN, Subject};
use crate::domain::accounts::Stamp;
use crate::domain::store::StoreError;
use crate::domain::tokens::keys::{Issuer, Keyring};

/// Signs tokens. Only a function that issues them has one.
pub struct Signer {
    key: Signs,
    issuer: Option<Issuer>,
    lifetime: Duration,
}

enum Signs {
    /// Boxed, because it is seldom there.
    Shared(Box<EncodingKey>),
    Ring(Keyring),
}

/// A token could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The ring could not be read, or none of its keys signs yet.
    #[error(transparent)]
    Keys(#[from] StoreError),
    /// The key cannot sign.
    #[error("the token could not be signed: {0}")]
    Key(#[from] jsonwebtoken::errors::Error),
}

impl Signer {
    /// Signs with HS256. The key is the bytes of this text, without any decoding, as in a FastAPI
    /// app.
    #[must_use]
    pub fn shared(key: &SecretString, issuer: Option<Issuer>, lifetime: Duration) -> Self {
        let key = EncodingKey::from_secret(key.expose_secret().as_bytes());
        Self {
            key: Signs::Shared(Box::new(key)),
            issuer,
            lifetime,
        }
    }

    /// Signs with the active key of a ring. Without an issuer, the tokens are those of the ring's.
    #[must_use]
    pub fn ring(ring: Keyring, issuer: Option<Issuer>, lifetime: Duration) -> Self {
        Self {
            key: Signs::Ring(ring),
            issuer,
            lifetime,
        }
    }

    /// How long a token is valid: `expires_in` (RFC 6749 5.1).
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Signs a token; `now` is the time since the epoch.
    pub async fn sign(&self, token: &NewToken<'_>, now: Duration) -> Result<String, SigningError> {
        match &self.key {
            Signs::Shared(key) => {
                let header = Header::new(Algorithm::HS256);
                self.encode(header, key, self.issuer.as_ref(), token, now)
            }
            Signs::Ring(keyring) => {
                let ring = keyring.ring(now).await?;
                let active = ring.active(now);
                let signs = active.and_then(|key| Some((key, key.signing.as_ref()?)));
                let (key, signing) = signs.ok_or_else(no_active_key)?;
                let mut header = Header::new(key.algorithm);
                header.kid = Some(key.kid.clone());
                let issuer = self.issuer.as_ref().or(ring.issuer.as_ref());
                self.encode(header, signing, issuer, token, now)
            }
        }
    }

    fn encode(
        &self,
        mut header: Header,
        key: &EncodingKey,
        issuer: Option<&Issuer>,
        token: &NewToken<'_>,
        now: Duration,
    ) -> Result<String, SigningError> {
        let scopes = issuer.is_none().then(|| token.scopes.iter().collect());
        let (sub, username) = match (token.subject, issuer) {
            (Subject::User(user), Some(_)) => (user.id.as_str(), Some(&*user.username)),
            (Subject::User(user), None) => (&*user.username, None),
            (Subject::Client(client), _) => (client, None),
        };
        let claims = NewClaims {
            iss: issuer.map(|issuer| issuer.url.as_str()),
            aud: issuer.map(|issuer| issuer.audience.as_str()),
            sub,
            username,
            // FastAPI's page has no clients, so a token of its own names none.
            client_id: (issuer.is_some() || token.client != OWN).then_some(token.client),
            scope: token.scopes.to_string(),
            scopes,
            iat: now.as_secs(),
            exp: (now + self.lifetime).as_secs(),
            jti: Uuid::new_v4().to_string(),
            stamp: token.stamp,
            sid: token.sid,
            auth_time: token.auth_time.map(|time| time.as_secs()),
        };
        if issuer.is_some() {
            header.typ = Some("at+jwt".to_owned());
        }
        Ok(jsonwebtoken::encode(&header, &claims, key)?)
    }
}

fn no_active_key() -> StoreError {
    let reason = "no key signs yet, or the active one has lost its private part; make one with: users --stack STACK keys rotate --now";
    StoreError::Unavailable(reason.into())
}

/// Debug output must not show the key.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

/// The claims of a new token. FastAPI's page reads the scopes from `scope` (RFC 8693 4.2); its
/// older versions read them from `scopes`, which RFC 9068 does not know.
#[derive(Serialize)]
struct NewClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'a str>>,
    iat: u64,
    exp: u64,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stamp: Option<&'a Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<u64>,
}
