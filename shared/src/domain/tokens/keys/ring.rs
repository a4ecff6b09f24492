//! All keys of a service, and what the time makes of each.
//!
//! A key has one time, from which on it signs. What it is follows from the clock, so a rotation is
//! one write, and nothing must happen later.
//!
//! | a key is | if | it |
//! |---|---|---|
//! | next | its time has not come | is published, so that everybody knows it when it begins to sign |
//! | active | its time was the last to come | signs |
//! | retired | another one's time came later | is published as long as a token that it has signed can be valid |
//! | revoked | somebody said so | is not accepted at all |

use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::issuer::{BadIssuer, Issuer};
use super::key::{self, BadKey, Key};

/// How long a new key is published before it signs. API Gateway's JWT authorizer may keep the keys
/// that it has read for two hours.
pub const LEAD: Duration = Duration::from_hours(3);
/// How long, if it cannot wait. A function asks for a key that it does not know at most once in
/// [`super::keyring::PAUSE`], so all of this service's functions know it by then.
pub const SHORT_LEAD: Duration = Duration::from_mins(1);
/// How long a key stays published after the last token that it has signed has expired: clocks
/// differ.
const MARGIN: Duration = Duration::from_mins(5);
/// So long after another one took over, a key is forgotten.
const FORGOTTEN: Duration = Duration::from_hours(366 * 24);

/// All keys of a service, and whose tokens they sign. The private ring has the private parts; the
/// public one has none, and is otherwise the same.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(into = "Written")]
pub struct Ring {
    /// Whose tokens they sign; without one, the tokens have no `iss`.
    pub issuer: Option<Issuer>,
    /// In no particular order.
    pub keys: Vec<Key>,
}

/// What a key is at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is published and will sign.
    Next,
    /// It signs.
    Active,
    /// Another one signs since this time.
    Retired {
        /// Since the epoch.
        since: Duration,
    },
    /// It is not accepted.
    Revoked,
}

/// What is wrong with a ring.
#[derive(Debug, thiserror::Error)]
pub enum BadRing {
    /// It is not JSON, or not a ring. What is there instead is not repeated: it may be a private
    /// part.
    #[error("{problem}, at line {line} column {column}")]
    Json {
        /// What is wrong.
        problem: &'static str,
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// One of its keys is not valid.
    #[error("key {number}: {problem}")]
    Key {
        /// Which, counted from 1.
        number: usize,
        /// What is wrong.
        problem: BadKey,
    },
    /// Its issuer or audience is not valid.
    #[error("issuer: {0}")]
    Issuer(#[from] BadIssuer),
    /// Two keys have the same `kid`.
    #[error("the key {0} is there twice")]
    Twice(String),
    /// It has private parts, and should not.
    #[error("it has the private part of a key; only what signs may know it")]
    Private,
}

/// A ring in JSON.
#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audience: Option<String>,
    keys: Vec<key::Written>,
}

impl Ring {
    /// Reads a ring.
    pub fn from_json(json: &str) -> Result<Self, BadRing> {
        let written: Written = serde_json::from_str(json)?;
        let mut keys: Vec<Key> = Vec::new();
        for (at, key) in written.keys.into_iter().enumerate() {
            let number = at + 1;
            let key = Key::try_from(key).map_err(|problem| BadRing::Key { number, problem })?;
            if keys.iter().any(|other| other.kid == key.kid) {
                return Err(BadRing::Twice(key.kid));
            }
            keys.push(key);
        }
        let audience = written.audience.as_deref();
        let issuer = written.issuer.map(|url| Issuer::new(&url, audience));
        let issuer = issuer.transpose()?;
        Ok(Self { issuer, keys })
    }

    /// Reads a ring for who verifies; private parts in it are an error.
    pub fn public_from_json(json: &str) -> Result<Self, BadRing> {
        let ring = Self::from_json(json)?;
        if ring.keys.iter().any(|key| key.signing.is_some()) {
            return Err(BadRing::Private);
        }
        Ok(ring)
    }

    /// Writes it, with the private parts that it has.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// The same ring without private parts.
    #[must_use]
    pub fn public(&self) -> Self {
        Self {
            issuer: self.issuer.clone(),
            keys: self.keys.iter().map(Key::public).collect(),
        }
    }

    /// The key of this name.
    #[must_use]
    pub fn key(&self, kid: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// What this key is at this time.
    #[must_use]
    pub fn state(&self, key: &Key, now: Duration) -> State {
        if key.revoked {
            return State::Revoked;
        }
        if key.sign_from > now {
            return State::Next;
        }
        match self.replaced(key, now) {
            Some(since) => State::Retired { since },
            None => State::Active,
        }
    }

    /// When the next one took over from this key, if that has happened. It does not matter whether
    /// that one is revoked by now: it did sign.
    fn replaced(&self, key: &Key, now: Duration) -> Option<Duration> {
        let times = self.keys.iter().map(|other| other.sign_from);
        let later = times.filter(|time| *time > key.sign_from && *time <= now);
        later.min()
    }

    /// The key that signs now.
    #[must_use]
    pub fn active(&self, now: Duration) -> Option<&Key> {
        let mut keys = self.keys.iter();
        keys.find(|key| self.state(key, now) == State::Active)
    }

    /// The keys whose tokens can be valid, if a token is valid for `lifetime`.
    pub fn accepted(&self, now: Duration, lifetime: Duration) -> impl Iterator<Item = &Key> {
        let keys = self.keys.iter();
        keys.filter(move |key| match self.state(key, now) {
            State::Next | State::Active => true,
            State::Retired { since } => now < needed_until(since, lifetime),
            State::Revoked => false,
        })
    }

    /// The same, as everybody may know them (RFC 7517 5).
    pub fn published(&self, now: Duration, lifetime: Duration) -> impl Iterator<Item = &Jwk> {
        self.accepted(now, lifetime).map(|key| &key.jwk)
    }

    /// Removes private parts that will not sign again, and keys that were replaced a year ago.
    pub fn tidy(&mut self, now: Duration) {
        let old = self.clone();
        self.keys.retain_mut(|key| {
            if matches!(old.state(key, now), State::Retired { .. } | State::Revoked) {
                key.signing = None;
            }
            let replaced = old.replaced(key, now);
            replaced.is_none_or(|since| now < since + FORGOTTEN)
        });
    }
}

/// Until when a key is published that signs no more since this time: then the last token that it
/// has signed has expired.
#[must_use]
pub fn needed_until(since: Duration, lifetime: Duration) -> Duration {
    since + lifetime + MARGIN
}

impl From<serde_json::Error> for BadRing {
    fn from(error: serde_json::Error) -> Self {
        Self::Json {
            problem: match error.classify() {
                Category::Eof => "the JSON ends too soon",
                Category::Data => "a member is missing or has the wrong type",
                Category::Syntax | Category::Io => "not JSON",
            },
            line: error.line(),
            column: error.column(),
        }
    }
}

impl From<Ring> for Written {
    fn from(ring: Ring) -> Self {
        let (issuer, audience) = match ring.issuer {
            Some(Issuer { url, audience }) if url == audience => (Some(url), None),
            Some(Issuer { url, audience }) => (Some(url), Some(audience)),
            None => (None, None),
        };
        Self {
            issuer,
            audience,
            keys: ring.keys.into_iter().map(key::Written::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
