//! One key: its public part for everybody, its private part for who signs.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse, ThumbprintHash,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};

/// The algorithms of a ring's keys. HS256 is none of them: who can verify with such a key can sign.
pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// The least size of an RSA key, in bits (RFC 7518 3.3).
const LEAST_BITS: usize = 2048;
/// 65537 in base64url. Every library uses it; smaller ones have been attacked.
const EXPONENT: &str = "AQAB";

/// A key of a [`super::Ring`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Key {
    /// What a token names to say which key has signed it: the thumbprint of the public part
    /// (RFC 7638), so that no two keys have the same.
    pub kid: String,
    /// The one algorithm that this key is for (RFC 8725 3.1).
    pub algorithm: Algorithm,
    /// When it begins to sign, since the epoch.
    pub sign_from: Duration,
    /// Is it trusted no more?
    pub revoked: bool,
    /// The public part, as it is published (RFC 7517).
    pub jwk: Jwk,
    /// Verifies.
    pub verifying: DecodingKey,
    /// Signs, where the private part is known.
    pub signing: Option<EncodingKey>,
}

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// `alg` is missing or another one.
    #[error("its alg is not RS256, ES256 or EdDSA")]
    Algorithm,
    /// `kty`, `crv` or a number do not fit `alg`, or a key like this is too weak.
    #[error(
        "its public part does not suit its alg: RSA of 2048 bits or more with e = 65537, P-256, Ed25519"
    )]
    Public,
    /// `kid` is not the thumbprint.
    #[error("its kid is not its thumbprint (RFC 7638)")]
    Kid,
    /// `der` is no private key, or that of another public part.
    #[error("its private part is not the one of its public part")]
    Private,
}

/// A key in JSON.
#[derive(Serialize, Deserialize)]
pub(super) struct Written {
    sign_from: u64,
    #[serde(default, skip_serializing_if = "is_false")]
    revoked: bool,
    jwk: Jwk,
    /// The private part in base64url: an `RSAPrivateKey` of RFC 8017 A.1.2, or else PKCS #8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    der: Option<String>,
}

impl Key {
    /// A new key of this private part.
    pub fn new(algorithm: Algorithm, der: &[u8], sign_from: Duration) -> Result<Self, BadKey> {
        let signing = signing_key(algorithm, der);
        let mut jwk = Jwk::from_encoding_key(&signing, algorithm).map_err(|_| BadKey::Private)?;
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk.common.key_id = thumbprint(&jwk);
        Self::of(jwk, Some(der), sign_from, false)
    }

    /// The same key without its private part.
    #[must_use]
    pub fn public(&self) -> Self {
        Self {
            signing: None,
            ..self.clone()
        }
    }

    fn of(
        jwk: Jwk,
        der: Option<&[u8]>,
        sign_from: Duration,
        revoked: bool,
    ) -> Result<Self, BadKey> {
        let algorithm = match jwk.common.key_algorithm {
            Some(KeyAlgorithm::RS256) => Algorithm::RS256,
            Some(KeyAlgorithm::ES256) => Algorithm::ES256,
            Some(KeyAlgorithm::EdDSA) => Algorithm::EdDSA,
            _ => return Err(BadKey::Algorithm),
        };
        if !suits(&jwk.algorithm, algorithm) {
            return Err(BadKey::Public);
        }
        let kid = thumbprint(&jwk).ok_or(BadKey::Public)?;
        if jwk.common.key_id.as_ref() != Some(&kid) {
            return Err(BadKey::Kid);
        }
        let signing = der.map(|der| signing_key(algorithm, der));
        if let Some(signing) = &signing {
            let own = Jwk::from_encoding_key(signing, algorithm).ok();
            if own.as_ref().and_then(thumbprint) != Some(kid.clone()) {
                return Err(BadKey::Private);
            }
        }
        Ok(Self {
            verifying: DecodingKey::from_jwk(&jwk).map_err(|_| BadKey::Public)?,
            kid,
            algorithm,
            sign_from,
            revoked,
            jwk,
            signing,
        })
    }
}

impl TryFrom<Written> for Key {
    type Error = BadKey;

    fn try_from(written: Written) -> Result<Self, BadKey> {
        let der = written.der.map(|der| URL_SAFE_NO_PAD.decode(der));
        let der = der.transpose().map_err(|_| BadKey::Private)?;
        let sign_from = Duration::from_secs(written.sign_from);
        Self::of(written.jwk, der.as_deref(), sign_from, written.revoked)
    }
}

impl From<Key> for Written {
    fn from(key: Key) -> Self {
        let der = key.signing.as_ref().map(EncodingKey::as_bytes);
        Self {
            sign_from: key.sign_from.as_secs(),
            revoked: key.revoked,
            jwk: key.jwk,
            der: der.map(|der| URL_SAFE_NO_PAD.encode(der)),
        }
    }
}

/// Debug output must not show the private part.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.kid)
    }
}

fn signing_key(algorithm: Algorithm, der: &[u8]) -> EncodingKey {
    match algorithm {
        Algorithm::ES256 => EncodingKey::from_ec_der(der),
        Algorithm::EdDSA => EncodingKey::from_ed_der(der),
        _ => EncodingKey::from_rsa_der(der),
    }
}

fn thumbprint(jwk: &Jwk) -> Option<String> {
    jwk.thumbprint(ThumbprintHash::SHA256).ok()
}

fn suits(parameters: &AlgorithmParameters, algorithm: Algorithm) -> bool {
    match (parameters, algorithm) {
        (AlgorithmParameters::RSA(rsa), Algorithm::RS256) => {
            let modulus = URL_SAFE_NO_PAD.decode(&rsa.n).unwrap_or_default();
            // A zero in front (RFC 7518 6.3.1.1 forbids it) would make a weak key look long.
            let zeros = modulus
                .first()
                .map_or(0, |first| first.leading_zeros() as usize);
            zeros < 8 && modulus.len() * 8 - zeros >= LEAST_BITS && rsa.e == EXPONENT
        }
        (AlgorithmParameters::EllipticCurve(ec), Algorithm::ES256) => {
            ec.curve == EllipticCurve::P256 && is_32_bytes(&ec.x) && is_32_bytes(&ec.y)
        }
        (AlgorithmParameters::OctetKeyPair(pair), Algorithm::EdDSA) => {
            pair.curve == EllipticCurve::Ed25519 && is_32_bytes(&pair.x)
        }
        _ => false,
    }
}

/// RFC 7518 6.2.1.2, RFC 8037 2.
fn is_32_bytes(base64: &str) -> bool {
    let bytes = URL_SAFE_NO_PAD.decode(base64);
    bytes.is_ok_and(|bytes| bytes.len() == 32)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests;
