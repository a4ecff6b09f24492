//! A client's secret: made here, shown once, and kept as a hash.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a secret begins with, so that scanners for leaked secrets can find it.
const PREFIX: &str = "cs_";
const SECRET: usize = 32;
const HASH: usize = 32;

/// What is kept of a secret. Secrets are only made here, of 256 random bits, which nobody can guess,
/// so a fast hash protects them as well as a slow one
/// (docs/adr/0029-clients-and-their-secrets.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Its SHA-256.
    pub sha256: Hash,
    /// When it was made, in seconds since the epoch.
    pub created: u64,
}

/// SHA-256, in base64url where it is text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; HASH]);

impl Secret {
    /// A new one: what the client is told, and what is kept of it.
    pub fn random(now: u64) -> Result<(SecretString, Self), Unspecified> {
        let mut bytes = [0; SECRET];
        rand::fill(&mut bytes)?;
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        let kept = Self {
            sha256: Hash::of(&text),
            created: now,
        };
        Ok((text.into(), kept))
    }

    /// Is it this one? The time that it takes says nothing about where they differ.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        verify_slices_are_equal(&self.sha256.0, &Hash::of(text).0).is_ok()
    }
}

impl Hash {
    fn of(text: &str) -> Self {
        let mut hash = [0; HASH];
        hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Self(hash)
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| D::Error::custom("not 32 bytes in base64url"))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_is_known_by_its_hash_alone() {
        let (text, kept) = Secret::random(7).unwrap();
        let text = text.expose_secret();
        assert!(text.starts_with("cs_") && text.len() == 46, "{text}");
        assert!(kept.is(text));
        for other in [
            "",
            "cs_",
            &text[..45],
            &format!("{text}A"),
            &text.to_uppercase(),
        ] {
            assert!(!kept.is(other), "{other}");
        }
        assert!(!format!("{kept:?}").contains(&text[3..]));
        assert_ne!(Secret::random(7).unwrap().1, kept);
    }

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let (_, kept) = Secret::random(7).unwrap();
        let json = serde_json::to_string(&kept).unwrap();
        assert_eq!(serde_json::from_str::<Secret>(&json).unwrap(), kept);
        for text in ["", "AAAA", "=", "x y"] {
            let json = serde_json::json!({"sha256": text, "created": 7});
            let error = serde_json::from_value::<Secret>(json).unwrap_err();
            assert!(error.to_string().contains("base64url"), "{error}");
        }
    }
}
