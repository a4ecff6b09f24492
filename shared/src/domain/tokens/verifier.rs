//! Verifies tokens.

use std::fmt;
use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};

use super::claims::Payload;
use super::header::Header;
use super::published::Published;
use super::unique::UniqueNames;
use super::{Claims, InvalidToken};
use crate::domain::store::StoreError;
use crate::domain::tokens::keys::Issuer;
use crate::domain::tokens::keys::key::ALGORITHMS;

/// Verifies tokens.
pub struct Verifier {
    shared: Option<Shared>,
    published: Published,
}

/// Keys for HS256 that other services have, too.
struct Shared {
    /// The one that signs now and, while it is being changed, the one before.
    keys: Vec<DecodingKey>,
    /// When they are accepted no more. Only who changes to a ring has such a time, and until then
    /// these tokens say nothing of an issuer.
    until: Option<Duration>,
}

/// Why a token was not verified.
#[derive(Debug)]
pub enum Unverified {
    /// It is not valid.
    InvalidToken(InvalidToken),
    /// The keys could not be read, so nobody can say.
    Keys(StoreError),
}

impl Verifier {
    /// Verifies tokens that are signed with a key of the ring, if there is one.
    #[must_use]
    pub fn new(published: Published) -> Self {
        Self {
            shared: None,
            published,
        }
    }

    /// The same, but tokens that are signed with this key by HS256 are valid, too.
    #[must_use]
    pub fn or(mut self, key: &SecretString) -> Self {
        let key = DecodingKey::from_secret(key.expose_secret().as_bytes());
        let none = Shared {
            keys: Vec::new(),
            until: None,
        };
        self.shared.get_or_insert(none).keys.push(key);
        self
    }

    /// The same, but no key for HS256 is accepted from this time on.
    #[must_use]
    pub fn until(mut self, end: Duration) -> Self {
        if let Some(shared) = &mut self.shared {
            shared.until = Some(end);
        }
        self
    }

    /// The issuer whose tokens it accepts; `None` if there is none.
    pub async fn issuer(&self) -> Result<Option<Issuer>, StoreError> {
        self.published.issuer().await
    }

    /// Verifies a token and reads its claims.
    pub async fn verify(&self, token: &str) -> Result<Claims, Unverified> {
        self.claims(token, true).await
    }

    /// The same for a token that may have expired: it can still be revoked, since its session may go on.
    pub async fn verify_to_revoke(&self, token: &str) -> Result<Claims, Unverified> {
        self.claims(token, false).await
    }

    async fn claims(&self, token: &str, in_time: bool) -> Result<Claims, Unverified> {
        let now = self.published.clock.now();
        let checked = in_time.then_some(now);
        let header = Header::read(token)?;
        let algorithm = header.algorithm()?;
        if algorithm == Algorithm::HS256 {
            return Ok(self.verify_shared(token, &header, now, checked)?);
        }
        let keyring = self.published.keyring.as_ref();
        let keyring = keyring.filter(|_| ALGORITHMS.contains(&algorithm));
        let keyring = keyring.ok_or(InvalidToken::Algorithm)?;
        let kid = header.kid.as_deref().ok_or(InvalidToken::Key)?;
        let ring = keyring.ring_with(kid, now).await?;
        let mut keys = ring.accepted(now, self.published.lifetime);
        let key = keys.find(|key| key.kid == kid).ok_or(InvalidToken::Key)?;
        // The key says which algorithm it is for, and not the token (RFC 8725 3.1).
        if key.algorithm != algorithm {
            return Err(InvalidToken::Algorithm.into());
        }
        let payload = decode(token, &key.verifying, algorithm)?;
        let claims = payload.check(&header, self.published.issuer_of(&ring), checked)?;
        // No other service can sign with the ring.
        Ok(Claims {
            own: true,
            ..claims
        })
    }

    /// A secret of this service is never used with the ring's algorithms, nor a public key with
    /// this one.
    fn verify_shared(
        &self,
        token: &str,
        header: &Header,
        now: Duration,
        checked: Option<Duration>,
    ) -> Result<Claims, InvalidToken> {
        let shared = self.shared.as_ref();
        let shared = shared.filter(|shared| shared.until.is_none_or(|end| now < end));
        let shared = shared.ok_or(InvalidToken::Algorithm)?;
        let issuer = self.published.issuer.as_ref();
        let issuer = issuer.filter(|_| shared.until.is_none());
        let payload = shared.decode(token)?;
        payload.check(header, issuer, checked)
    }
}

impl Shared {
    /// Reads the token by the first key that fits its signature.
    fn decode(&self, token: &str) -> Result<Payload, InvalidToken> {
        let mut refused = InvalidToken::Signature;
        for key in &self.keys {
            match decode(token, key, Algorithm::HS256) {
                Err(error) if error == InvalidToken::Signature => refused = error,
                done => return done,
            }
        }
        Err(refused)
    }
}

fn decode(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Result<Payload, InvalidToken> {
    let data = jsonwebtoken::decode(token, key, &validation(algorithm))?;
    let UniqueNames(payload) = data.claims;
    Ok(payload)
}

/// What `jsonwebtoken` is to look at: the signature, and that there is an `exp`.
pub(super) fn validation(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    // `Payload::check` compares `exp` with the injected clock. jsonwebtoken would use the machine's
    // clock, and accept a token for 60 seconds more. It also knows the audience.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

impl From<InvalidToken> for Unverified {
    fn from(reason: InvalidToken) -> Self {
        Self::InvalidToken(reason)
    }
}

impl From<StoreError> for Unverified {
    fn from(error: StoreError) -> Self {
        Self::Keys(error)
    }
}

impl From<jsonwebtoken::errors::Error> for InvalidToken {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidSignature => Self::Signature,
            ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => Self::Algorithm,
            _ => Self::Malformed,
        }
    }
}

/// Debug output must not show the key.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}
