//! The refresh token: which session, and a secret that changes with each refresh.

use std::fmt;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{digest, hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// What a refresh token begins with, so that nobody takes it for an access token, and scanners for
/// leaked secrets can find it.
const PREFIX: &str = "rt_";
const FAMILY: usize = 16;
const SECRET: usize = 32;

/// What a refresh token hands out: `rt_`, and in base64url the session's own 16 bytes and 32 that
/// change. Both are random; a store has only their hashes.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    family: [u8; FAMILY],
    secret: [u8; SECRET],
}

/// A session's name. It is in access tokens, too (`sid`), so nobody can find a session's refresh
/// token by it: it is a hash of the bytes that are in the refresh token.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sid(pub String);

/// SHA-256 of a refresh token's secret.
pub type Hash = [u8; 32];
/// Makes the successor of a refresh token another one each time.
pub type Salt = [u8; 16];

impl RefreshToken {
    /// The first of a new session.
    pub fn random() -> Result<Self, Unspecified> {
        Ok(Self {
            family: random()?,
            secret: random()?,
        })
    }

    /// Reads what a client sent.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (family, secret) = bytes.split_at_checked(FAMILY)?;
        Some(Self {
            family: family.try_into().ok()?,
            secret: secret.try_into().ok()?,
        })
    }

    /// As a client keeps it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let bytes = [&self.family[..], &self.secret].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Which session it belongs to.
    #[must_use]
    pub fn sid(&self) -> Sid {
        let hash = sha256(&self.family);
        Sid(URL_SAFE_NO_PAD.encode(&hash[..16]))
    }

    /// What the store keeps of it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        sha256(&self.secret)
    }

    /// The one that follows it. The store keeps the salt, so that whoever presents this token once
    /// more, since the answer was lost or another tab asked at the same moment, gets the same
    /// successor, and not a second one.
    #[must_use]
    pub fn successor(&self, salt: &Salt) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.secret);
        let tag = hmac::sign(&key, &[b"refresh", &salt[..]].concat());
        let mut secret = [0; SECRET];
        secret.copy_from_slice(tag.as_ref());
        Self {
            family: self.family,
            secret,
        }
    }
}

/// Debug output must not show the secret.
impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefreshToken({})", self.sid().0)
    }
}

/// Random bytes.
pub fn random<const N: usize>() -> Result<[u8; N], Unspecified> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes)?;
    Ok(bytes)
}

fn sha256(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}
