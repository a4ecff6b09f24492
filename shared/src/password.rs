//! Passwords: argon2id hashes in PHC strings.

use std::fmt;

use argon2::password_hash::phc;
use argon2::{ARGON2ID_IDENT, Argon2, Params, PasswordHasher, PasswordVerifier};
use serde::{Deserialize, Deserializer, de};

/// Longer user names and passwords are refused before anything is hashed, and never cut short.
pub const MAX_BYTES: usize = 1024;

/// A password's argon2id hash, salt and parameters, as a PHC string:
/// `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(phc::PasswordHash);

/// A text that is no argon2id hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an argon2id hash: expected $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>")]
pub struct NotArgon2id;

/// A password that could not be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashError(argon2::password_hash::Error);

impl PasswordHash {
    /// Reads a PHC string; everything that [`Passwords::verify`] needs must be there.
    pub fn parse(text: &str) -> Result<Self, NotArgon2id> {
        let hash = phc::PasswordHash::new(text).map_err(|_| NotArgon2id)?;
        let complete = hash.salt.is_some() && hash.hash.is_some() && hash.version == Some(19);
        if hash.algorithm != ARGON2ID_IDENT || !complete || Params::try_from(&hash).is_err() {
            return Err(NotArgon2id);
        }
        Ok(Self(hash))
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A hash is no secret to its owner, but no log needs it.
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

/// Hashes and verifies passwords.
pub struct Passwords {
    argon2: Argon2<'static>,
    unknown_user: PasswordHash,
}

impl Passwords {
    /// With the least parameters that OWASP's Password Storage Cheat Sheet asks of argon2id:
    /// 19,456 KiB of memory, 2 passes, 1 lane; they are the crate's defaults.
    pub fn new() -> Result<Self, NotArgon2id> {
        Ok(Self {
            argon2: Argon2::default(),
            unknown_user: PasswordHash::parse(UNKNOWN_USER)?,
        })
    }

    /// Hashes a new password with a salt of its own.
    pub fn hash(&self, password: &str) -> Result<PasswordHash, HashError> {
        let hash = self.argon2.hash_password(password.as_bytes());
        hash.map(PasswordHash).map_err(HashError)
    }

    /// Is this the password? The parameters are those of the hash.
    #[must_use]
    pub fn verify(&self, password: &str, hash: &PasswordHash) -> bool {
        self.argon2
            .verify_password(password.as_bytes(), &hash.0)
            .is_ok()
    }

    /// The hash to verify against where the user does not exist: the answer must cost the same
    /// time, or it would tell which names exist.
    #[must_use]
    pub fn unknown_user(&self) -> &PasswordHash {
        &self.unknown_user
    }
}

/// No password is known for this hash; its parameters are the policy's. A constant, since
/// computing one would cost every cold start a whole argon2.
const UNKNOWN_USER: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm8tc3VjaC11c2VyLi4uLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[cfg(test)]
mod tests {
    use super::*;

    /// What `pwdlib`, FastAPI's password library, made of "secret" with its defaults.
    const FASTAPI: &str = "$argon2id$v=19$m=65536,t=3,p=4$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc";

    #[test]
    fn hashes_with_the_policy_and_verifies() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("correct horse").unwrap();
        assert!(
            hash.to_string()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(passwords.verify("correct horse", &hash));
        assert!(!passwords.verify("correct horse ", &hash));
        assert!(!passwords.verify("", &hash));
        assert_ne!(
            hash,
            passwords.hash("correct horse").unwrap(),
            "each hash has its own salt"
        );
        assert_eq!(PasswordHash::parse(&hash.to_string()), Ok(hash));
    }

    #[test]
    fn verifies_with_the_parameters_of_the_hash() {
        let hash = PasswordHash::parse(FASTAPI).unwrap();
        assert!(Passwords::new().unwrap().verify("secret", &hash));
    }

    #[test]
    fn the_unknown_user_costs_what_a_known_one_costs() {
        let passwords = Passwords::new().unwrap();
        let known = passwords.hash("x").unwrap();
        assert_eq!(passwords.unknown_user().0.params, known.0.params);
        let lengths = |hash: &PasswordHash| {
            let (salt, output) = (hash.0.salt.as_ref().unwrap(), hash.0.hash.as_ref().unwrap());
            (salt.as_ref().len(), output.len())
        };
        assert_eq!(lengths(passwords.unknown_user()), lengths(&known));
    }

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
        ] {
            assert_eq!(PasswordHash::parse(bad), Err(NotArgon2id), "{bad}");
        }
    }

    #[test]
    fn no_debug_output_shows_a_hash() {
        assert!(!format!("{:?}", PasswordHash::parse(FASTAPI)).contains("argon2"));
    }
}
