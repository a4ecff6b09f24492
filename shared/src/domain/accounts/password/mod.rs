//! Passwords: argon2id hashes in PHC strings.

mod capacity;
mod hash;

use std::hint::black_box;
use std::sync::{Mutex, PoisonError};

use argon2::password_hash::{self, phc, try_generate_salt};
use argon2::{ARGON2ID_IDENT, Argon2, Block, Params, Version};
use tracing::debug;

use super::unicode::nfc;

pub use capacity::{Capacity, DEFAULT_FUNCTION, TooExpensive};
pub use hash::{NotArgon2id, PasswordHash};

/// A password that could not be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashError(password_hash::Error);

/// What new hashes cost: `PASSWORD_HASH_MEMORY_KIB`, `_ITERATIONS` and `_PARALLELISM`.
///
/// The default is the least that OWASP's Password Storage Cheat Sheet asks of argon2id:
/// 19,456 KiB of memory, 2 passes, 1 lane.
pub use argon2::Params as Policy;

/// How a password compares with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// It is the password.
    Right,
    /// It is the password, but the hash is of what was typed and not of its NFC, so it must be made anew.
    RightAsTyped,
    /// It is not the password.
    Wrong,
}

/// Hashes and verifies passwords.
pub struct Passwords {
    policy: Policy,
    capacity: Capacity,
    arena: Arena,
}

impl Passwords {
    /// `policy` is what new hashes cost. Costlier hashes than a function of the default size can
    /// compute are no hashes, unless [`Passwords::within`] says otherwise.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            capacity: Capacity::default(),
            arena: Arena::default(),
        }
    }

    /// The same, in a function with this capacity.
    #[must_use]
    pub fn within(self, capacity: Capacity) -> Self {
        Self { capacity, ..self }
    }

    /// Allocates the memory that a hash needs. The cold start calls it, so that the first login does
    /// not have to wait for it.
    pub fn warm(&self) {
        self.arena.with(self.policy.block_count(), |_| ());
    }

    /// Hashes a new password, in NFC, with a salt of its own.
    pub fn hash(&self, password: &str) -> Result<PasswordHash, HashError> {
        let text = self.new_hash(&nfc(password)).map_err(HashError)?;
        let cost = self.policy.clone();
        Ok(PasswordHash { text, cost })
    }

    fn new_hash(&self, password: &str) -> password_hash::Result<phc::PasswordHash> {
        let salt = try_generate_salt()?;
        let hash = self.compute(&self.policy, password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
        Ok(phc::PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::default().into()),
            params: (&self.policy).try_into()?,
            salt: Some(phc::Salt::new(&salt)?),
            hash: Some(hash),
        })
    }

    /// Whether this is the password of the hash, whose own parameters are used.
    ///
    /// The password is compared in NFC and, if that is another text than was typed, as it was typed:
    /// older versions hashed it so. Without a hash, or with one that is beyond this function's
    /// capacity, the answer is no, but as many hashes by the policy are computed all the same, so that
    /// the time does not tell which users exist.
    #[must_use]
    pub fn verify(&self, password: &str, hash: Option<&PasswordHash>) -> Match {
        let normalized = nfc(password);
        if self.verify_exactly(&normalized, hash) {
            Match::Right
        } else if *normalized != *password && self.verify_exactly(password, hash) {
            Match::RightAsTyped
        } else {
            Match::Wrong
        }
    }

    fn verify_exactly(&self, password: &str, hash: Option<&PasswordHash>) -> bool {
        if let Some(hash) = hash.filter(|hash| self.can_verify(hash)) {
            return self.matches(password, hash);
        }
        self.compute_nobodys(password, &self.policy);
        false
    }

    /// Is the hash within this function's capacity?
    #[must_use]
    pub fn can_verify(&self, hash: &PasswordHash) -> bool {
        hash.check(self.capacity).is_ok()
    }

    fn matches(&self, password: &str, hash: &PasswordHash) -> bool {
        let (Some(salt), Some(expected)) = (&hash.text.salt, &hash.text.hash) else {
            return false;
        };
        // `==` compares outputs in constant time.
        self.compute(&hash.cost, password, salt, expected.len())
            .is_ok_and(|computed| computed == *expected)
    }

    /// Computes a hash that nobody has.
    fn compute_nobodys(&self, password: &str, cost: &Policy) {
        let length = Params::DEFAULT_OUTPUT_LEN;
        let _for_its_time_only = black_box(self.compute(cost, password, NOBODYS_SALT, length));
    }

    fn compute(
        &self,
        params: &Params,
        password: &str,
        salt: &[u8],
        length: usize,
    ) -> password_hash::Result<phc::Output> {
        // Release builds leave this out. Tests read in which order hashes are computed.
        debug!(cost = %params, "a hash is computed");
        let mut output = [0; phc::Output::MAX_LENGTH];
        let output = &mut output[..length];
        self.arena.with(params.block_count(), |memory| {
            let argon2 = Argon2::from(params);
            argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, memory)
        })?;
        Ok(phc::Output::new(output)?)
    }

    /// True if the hash has other settings than the policy. A costlier one is made anew, too: as long as its
    /// user has it, the time of a refused login shows that the user exists.
    #[must_use]
    pub fn needs_rehash(&self, hash: &PasswordHash) -> bool {
        hash.cost != self.policy
    }
}

/// As long as the salt of a new hash.
const NOBODYS_SALT: &[u8] = b"no-such-user....";

/// The memory that argon2 works in. It is kept from hash to hash, because new pages would cost a
/// third of a hash's time. It grows to what the costliest hash needs.
#[derive(Default)]
struct Arena(Mutex<Vec<Block>>);

impl Arena {
    /// Lends this many blocks, and wipes them afterwards, so that no trace of a password stays.
    fn with<T>(&self, blocks: usize, compute: impl FnOnce(&mut [Block]) -> T) -> T {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() < blocks {
            // The old memory is freed before the new memory is allocated, so they never add up.
            *memory = Vec::new();
            *memory = vec![Block::new(); blocks];
        }
        let lent = &mut memory[..blocks];
        let computed = compute(lent);
        lent.fill(Block::new());
        computed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash of "secret" by `pwdlib`, FastAPI's password library, with its defaults.
    const FASTAPI: &str = "$argon2id$v=19$m=65536,t=3,p=4$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc";

    /// In a function of 128 MB.
    fn passwords() -> Passwords {
        Passwords::new(Policy::default()).within(Capacity::of_function(128))
    }

    #[test]
    fn hashes_with_the_policy_and_verifies() {
        let passwords = passwords();
        let hash = passwords.hash("correct horse").unwrap();
        assert!(
            hash.to_string()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        for (password, expected) in [
            ("correct horse", Match::Right),
            ("correct horse ", Match::Wrong),
            ("", Match::Wrong),
        ] {
            assert_eq!(passwords.verify(password, Some(&hash)), expected);
        }
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
        assert_eq!(passwords().verify("secret", Some(&hash)), Match::Right);
    }

    const COMPOSED: &str = "Schl\u{fc}sselbund";
    const DECOMPOSED: &str = "Schlu\u{308}sselbund";

    #[test]
    fn a_password_is_the_same_on_every_keyboard() {
        let passwords = Passwords::new(cost(8, 1, 1));
        for set in [COMPOSED, DECOMPOSED] {
            let hash = passwords.hash(set).unwrap();
            for typed in [COMPOSED, DECOMPOSED] {
                assert_eq!(passwords.verify(typed, Some(&hash)), Match::Right);
            }
            assert_eq!(passwords.verify("Schlusselbund", Some(&hash)), Match::Wrong);
        }
    }

    #[test]
    fn a_hash_of_what_was_typed_matches_what_is_typed_the_same_way() {
        let passwords = Passwords::new(cost(8, 1, 1));
        for (set, typed, expected) in [
            (COMPOSED, COMPOSED, Match::Right),
            (COMPOSED, DECOMPOSED, Match::Right),
            (DECOMPOSED, DECOMPOSED, Match::RightAsTyped),
            (DECOMPOSED, COMPOSED, Match::Wrong),
        ] {
            let text = passwords.new_hash(set).unwrap();
            let old = PasswordHash::parse(&text.to_string()).unwrap();
            assert_eq!(passwords.verify(typed, Some(&old)), expected);
        }
    }

    fn cost(m: u32, t: u32, p: u32) -> Policy {
        Policy::new(m, t, p, None).unwrap()
    }

    #[test]
    fn without_a_hash_every_password_is_wrong() {
        assert_eq!(passwords().verify("x", None), Match::Wrong);
    }

    #[test]
    fn the_arena_is_kept_wiped_and_grows() {
        let passwords = passwords();
        let blocks = || {
            let memory = passwords.arena.0.lock().unwrap();
            let wiped = |block: &Block| block.as_ref().iter().all(|word| *word == 0);
            assert!(memory.iter().all(wiped), "something of a password stayed");
            memory.len()
        };
        assert_eq!(blocks(), 0);
        assert_eq!(passwords.verify("x", None), Match::Wrong);
        assert_eq!(blocks(), 19_456, "for nobody too a hash is computed");
        let small = PasswordHash::parse(&FASTAPI.replace("m=65536", "m=64")).unwrap();
        for (hash, expected) in [
            (None, 19_456),
            (Some(small), 19_456),
            (Some(PasswordHash::parse(FASTAPI).unwrap()), 65_536),
            (None, 65_536),
        ] {
            let right = passwords.verify("secret", hash.as_ref());
            assert_eq!(
                right == Match::Right,
                hash == PasswordHash::parse(FASTAPI).ok()
            );
            assert_eq!(blocks(), expected);
        }
    }

    #[test]
    fn a_cold_start_gets_the_arena_of_a_new_hash() {
        let passwords = passwords();
        passwords.warm();
        assert_eq!(passwords.arena.0.lock().unwrap().len(), 19_456);
    }

    #[test]
    fn a_hash_of_another_cost_is_made_anew() {
        for (m, t, p, expected) in [
            (19_456, 2, 1, false),
            (19_455, 2, 1, true),
            (19_456, 1, 1, true),
            (19_456, 2, 4, true),
            (20_000, 2, 1, true),
            (65_536, 3, 4, true),
        ] {
            let hash = FASTAPI.replace("m=65536,t=3,p=4", &format!("m={m},t={t},p={p}"));
            let hash = PasswordHash::parse(&hash).unwrap();
            assert_eq!(passwords().needs_rehash(&hash), expected, "{hash}");
        }
    }

    /// 256 MiB times 12 passes took a function 18 seconds, until its timeout, for one bad login.
    #[test]
    fn a_hash_beyond_the_functions_capacity_is_verified_as_nobodys() {
        let dear = FASTAPI.replace("m=65536,t=3", "m=262144,t=12");
        let passwords = passwords();
        let dear = PasswordHash::parse(&dear).ok();
        assert_eq!(passwords.verify("secret", dear.as_ref()), Match::Wrong);
        assert_eq!(passwords.arena.0.lock().unwrap().len(), 19_456);
    }
}
