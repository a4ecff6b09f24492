//! What people do with a ring: make its first key, let another one follow, take one out.
//!
//! Each operation may be done again: what is done already stays as it is. If one fails, the ring is
//! not to be used any more.

use std::time::Duration;

use jsonwebtoken::Algorithm;

use super::generate::generate;
use super::key::{BadKey, Key};
use super::ring::{Ring, State, needed_until};

/// The first key's algorithm, if nobody asks for another: the only one that API Gateway's JWT
/// authorizer knows.
const FIRST: Algorithm = Algorithm::RS256;
/// So many characters of a `kid` stand for it, if no other one begins with them.
pub const SHORTEST: usize = 4;

/// Why an operation is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no key of this name.
    #[error("no key {0:?}")]
    Unknown(String),
    /// More than one key's name begins so.
    #[error("more than one key begins with {0:?}")]
    Ambiguous(String),
    /// The active key cannot be taken out.
    #[error("{0} signs now")]
    Signs(String),
    /// Tokens that a retired key has signed can still be valid.
    #[error("tokens that {kid} has signed can still be valid")]
    Needed {
        /// The key.
        kid: String,
        /// When the last of them has expired.
        until: Duration,
    },
    /// There is nothing to retire.
    #[error("{0} is revoked: nobody accepts it")]
    Revoked(String),
    /// No key could be made.
    #[error("no key could be made: {0}")]
    Key(#[from] BadKey),
}

impl Ring {
    /// The key of this name, or the only one whose name begins with it.
    pub fn find(&self, kid: &str) -> Result<&Key, Refused> {
        if let Some(key) = self.key(kid) {
            return Ok(key);
        }
        let begins = |key: &&Key| kid.len() >= SHORTEST && key.kid.starts_with(kid);
        let mut keys = self.keys.iter().filter(begins);
        match (keys.next(), keys.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(Refused::Ambiguous(kid.to_owned())),
            (None, _) => Err(Refused::Unknown(kid.to_owned())),
        }
    }

    /// The key that will sign next.
    #[must_use]
    pub fn next(&self, now: Duration) -> Option<&Key> {
        let keys = self.keys.iter();
        let next = keys.filter(|key| self.state(key, now) == State::Next);
        next.min_by_key(|key| key.sign_from)
    }

    /// Makes the first key, which signs at once. Answers `false` if there is one already that signs
    /// or will sign.
    pub fn generate(
        &mut self,
        algorithm: Option<Algorithm>,
        now: Duration,
    ) -> Result<bool, Refused> {
        let first = self.active(now).is_none() && self.next(now).is_none();
        if first {
            self.keys.push(generate(algorithm.unwrap_or(FIRST), now)?);
        }
        self.tidy(now);
        Ok(first)
    }

    /// Makes a key that signs after this time, of the active one's algorithm if no other is named. If
    /// one is next already, no other is made, but it signs after this time too. Answers `false` if
    /// it would have done so anyway.
    pub fn rotate(
        &mut self,
        lead: Duration,
        algorithm: Option<Algorithm>,
        now: Duration,
    ) -> Result<bool, Refused> {
        let sign_from = now + lead;
        let known = self.next(now).map(|next| next.sign_from);
        if known.is_some_and(|known| known <= sign_from) {
            self.tidy(now);
            return Ok(false);
        }
        let algorithm = algorithm.unwrap_or(self.algorithm(now));
        self.follow(algorithm, sign_from, now)?;
        self.tidy(now);
        Ok(true)
    }

    /// Takes a key out that signs nothing: one that is next, or a retired one whose tokens, valid
    /// for `lifetime`, have all expired. Returns it.
    pub fn retire(&mut self, kid: &str, now: Duration, lifetime: Duration) -> Result<Key, Refused> {
        let key = self.find(kid)?.clone();
        match self.state(&key, now) {
            State::Active => return Err(Refused::Signs(key.kid)),
            State::Revoked => return Err(Refused::Revoked(key.kid)),
            State::Retired { since } if now < needed_until(since, lifetime) => {
                let until = needed_until(since, lifetime);
                return Err(Refused::Needed {
                    kid: key.kid,
                    until,
                });
            }
            State::Retired { .. } | State::Next => {}
        }
        self.keys.retain(|other| other.kid != key.kid);
        self.tidy(now);
        Ok(key)
    }

    /// Ends the trust in a key, and in all that it has signed. If it was the active one, the next
    /// one signs at once, or else a new one. Returns its name.
    pub fn revoke(&mut self, kid: &str, now: Duration) -> Result<String, Refused> {
        let kid = self.find(kid)?.kid.clone();
        let algorithm = self.algorithm(now);
        // One that was next has never signed: it must not take over when its time comes.
        let latest = self.active(now).map_or(now, |active| active.sign_from);
        for key in self.keys.iter_mut().filter(|key| key.kid == kid) {
            key.revoked = true;
            key.sign_from = key.sign_from.min(latest);
        }
        if self.active(now).is_none() {
            self.follow(algorithm, now, now)?;
        }
        self.tidy(now);
        Ok(kid)
    }

    /// Lets the next key sign from this time on, or a new one if none is next.
    fn follow(
        &mut self,
        algorithm: Algorithm,
        sign_from: Duration,
        now: Duration,
    ) -> Result<(), BadKey> {
        let next = self.next(now).map(|next| next.kid.clone());
        match self
            .keys
            .iter_mut()
            .find(|key| Some(&key.kid) == next.as_ref())
        {
            Some(next) => next.sign_from = sign_from,
            None => self.keys.push(generate(algorithm, sign_from)?),
        }
        Ok(())
    }

    /// The active key's algorithm.
    fn algorithm(&self, now: Duration) -> Algorithm {
        self.active(now).map_or(FIRST, |active| active.algorithm)
    }
}

#[cfg(test)]
mod tests;
