//! A stored hash: a PHC string.

use std::fmt;

use argon2::ARGON2ID_IDENT;
use argon2::password_hash::phc;
use serde::{Deserialize, Deserializer, de};

use super::{Capacity, Policy, TooExpensive};

/// A password's argon2id hash, salt and parameters, as a PHC string:
/// `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    pub(super) text: phc::PasswordHash,
    pub(super) cost: Policy,
}

/// A text that is no argon2id hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an argon2id hash that can be used: expected $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>"
)]
pub struct NotArgon2id;

impl PasswordHash {
    /// Reads a PHC string; everything that [`super::Passwords::verify`] needs must be there.
    pub fn parse(text: &str) -> Result<Self, NotArgon2id> {
        let text = phc::PasswordHash::new(text).map_err(|_| NotArgon2id)?;
        let complete = text.salt.is_some() && text.hash.is_some() && text.version == Some(19);
        if text.algorithm != ARGON2ID_IDENT || !complete || !has_all_parameters(&text) {
            return Err(NotArgon2id);
        }
        let cost = Policy::try_from(&text.params).map_err(|_| NotArgon2id)?;
        Ok(Self { text, cost })
    }

    /// Can a function with this capacity verify a password with it?
    pub fn check(&self, capacity: Capacity) -> Result<(), TooExpensive> {
        capacity.check(&self.cost)
    }

    /// What it costs: memory, passes and lanes.
    #[must_use]
    pub fn cost(&self) -> Policy {
        self.cost.clone()
    }
}

/// True if the hash names its memory, passes and lanes, each once, and nothing else. The argon2 crate would take
/// its own defaults for what is missing, and no password would ever match.
fn has_all_parameters(text: &phc::PasswordHash) -> bool {
    let mut names: Vec<_> = text.params.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    let names = names.iter().map(phc::Ident::as_str);
    names.eq(["m", "p", "t"])
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// Debug output often ends up in a log, which must not contain hashes.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

impl<'de> Deserialize<'de> for PasswordHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `pwdlib`, FastAPI's password library, with its defaults.
    const FASTAPI: &str = "$argon2id$v=19$m=65536,t=3,p=4$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc";

    #[test]
    fn refuses_what_is_not_an_argon2id_hash() {
        let good = FASTAPI;
        assert!(PasswordHash::parse(good).is_ok());
        for bad in [
            "",
            "secret",
            "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW",
            "$argon2id$v=19$m=65536,t=3,p=4$wagCPXjifgvUFBzq4hqe3w",
            "$argon2id$v=19$m=65536,t=3,p=4",
            &good.replace("argon2id", "argon2i"),
            &good.replace("argon2id", "argon2d"),
            &good.replace("v=19", "v=16"),
            &good.replace("$v=19", ""),
            &good.replace("t=3", "t=0"),
            &good.replace("m=65536", "m=1"),
            &good.replace("p=4", "p=0"),
            &good.replace("m=65536", "m=4294967296"),
            &good.replace("m=65536,", ""),
            &good.replace("t=3,", ""),
            &good.replace(",p=4", ""),
            &good.replace("m=65536,t=3,p=4$", ""),
            &good.replace("p=4", "p=4,t=3"),
            &good.replace("p=4", "p=4,keyid=a2V5"),
            &good.replace("p=4", "p=4,data=ZGF0YQ"),
        ] {
            assert_eq!(PasswordHash::parse(bad), Err(NotArgon2id), "{bad}");
        }
    }

    /// Other libraries write the parameters in another order.
    #[test]
    fn the_parameters_may_be_in_any_order() {
        let hash = FASTAPI.replace("m=65536,t=3,p=4", "p=4,m=65536,t=3");
        let cost = PasswordHash::parse(&hash).unwrap().cost();
        assert_eq!(cost.to_string(), "m=65536,t=3,p=4");
    }

    #[test]
    fn no_debug_output_shows_a_hash() {
        assert!(!format!("{:?}", PasswordHash::parse(FASTAPI)).contains("argon2"));
    }
}
