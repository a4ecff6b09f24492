//! What is shown of a ring: never a private part, but for a new one that is kept nowhere.

use std::fmt::{self, Display};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use shared::domain::tokens::keys::ring::{State, needed_until};
use shared::domain::tokens::keys::{Key, Ring};

use super::json;
use crate::error::Error;
use crate::output::date;

/// A ring at a time. Times are in seconds since the epoch.
#[derive(Debug, Serialize)]
pub struct Shown {
    issuer: Option<String>,
    audience: Option<String>,
    /// Are the public keys those of these keys?
    published: bool,
    /// The newest first.
    keys: Vec<ShownKey>,
}

/// The values of the variables that hold new keys; here alone is a private part shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct New {
    signing_keys: Value,
    public_keys: Value,
}

impl New {
    /// The values for a ring.
    pub fn of(ring: &Ring) -> Result<Self, Error> {
        let value = |ring: &Ring| {
            let value = serde_json::from_str(&json(ring)?);
            value.map_err(|error| Error::Failed(error.to_string()))
        };
        Ok(Self {
            signing_keys: value(ring)?,
            public_keys: value(&ring.public())?,
        })
    }
}

#[derive(Debug, Serialize)]
struct ShownKey {
    kid: String,
    algorithm: String,
    state: &'static str,
    /// When it began to sign, or will; one that was revoked before has no such time.
    sign_from: Option<u64>,
    /// When another one took over.
    signed_until: Option<u64>,
    /// When its last token has expired.
    needed_until: Option<u64>,
}

impl Shown {
    /// What is shown of a ring.
    #[must_use]
    pub fn of(ring: &Ring, published: bool, now: Duration, lifetime: Duration) -> Self {
        let mut keys: Vec<&Key> = ring.keys.iter().collect();
        keys.sort_by_key(|key| std::cmp::Reverse(key.sign_from));
        let keys = keys.into_iter();
        let issuer = ring.issuer.as_ref();
        Self {
            issuer: issuer.map(|issuer| issuer.url.clone()),
            audience: issuer.map(|issuer| issuer.audience.clone()),
            published,
            keys: keys
                .map(|key| ShownKey::of(key, ring.state(key, now), lifetime))
                .collect(),
        }
    }
}

impl ShownKey {
    fn of(key: &Key, state: State, lifetime: Duration) -> Self {
        let (name, since) = match state {
            State::Next => ("next", None),
            State::Active => ("active", None),
            State::Retired { since } => ("retired", Some(since)),
            State::Revoked => ("revoked", None),
        };
        let until = since.map(|since| needed_until(since, lifetime).as_secs());
        Self {
            kid: key.kid.clone(),
            algorithm: format!("{:?}", key.algorithm),
            state: name,
            sign_from: (state != State::Revoked).then_some(key.sign_from.as_secs()),
            signed_until: since.map(|since| since.as_secs()),
            needed_until: until,
        }
    }
}

/// The issuer, and a key on each line.
impl Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.issuer, &self.audience) {
            (Some(issuer), Some(audience)) if issuer != audience => {
                write!(f, "issuer {issuer}, audience {audience}")?;
            }
            (Some(issuer), _) => write!(f, "issuer {issuer}")?,
            (None, _) => f.write_str("no issuer")?,
        }
        self.keys.iter().try_for_each(|key| write!(f, "\n{key}"))
    }
}

impl Display for ShownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kid, algorithm, state) = (&self.kid, &self.algorithm, self.state);
        write!(f, "{kid}  {algorithm:<5}  {state:<7}")?;
        match (self.sign_from, self.signed_until, self.needed_until) {
            (Some(_), Some(signed), Some(needed)) => {
                let (signed, needed) = (date(signed), date(needed));
                write!(f, "  since {signed}, its last token ends {needed}")
            }
            (Some(from), _, _) if state == "next" => write!(f, "  from {}", date(from)),
            (Some(from), _, _) => write!(f, "  since {}", date(from)),
            (None, _, _) => Ok(()),
        }
    }
}
