//! Passwords: argon2id hashes in PHC strings.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use argon2::password_hash::{self, phc, try_generate_salt};
use argon2::{ARGON2ID_IDENT, Argon2, Block, Params, Version};
use serde::{Deserialize, Deserializer, de};

/// What a function of some size can compute: the most memory of a hash, and the most memory times
/// passes. CPU and memory of a function grow together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    megabytes: u32,
    kib: u32,
    kib_times_passes: u64,
}

/// A hash that a function of this size cannot compute in its memory and in half of its timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{kib} KiB and {passes} passes are more than a function of {} MB can hash: at most {} KiB, and {} KiB times passes",
    capacity.megabytes, capacity.kib, capacity.kib_times_passes
)]
pub struct TooExpensive {
    kib: u32,
    passes: u32,
    capacity: Capacity,
}

impl Capacity {
    /// Of a function with this much memory. The program itself has 16 MB. At 128 MB, with a
    /// fourteenth of a CPU, 160,000 KiB times passes took a second when measured, and of the
    /// timeout's 10 seconds a hash may take 5.
    #[must_use]
    pub const fn of_function(megabytes: u32) -> Self {
        Self {
            megabytes,
            kib: megabytes.saturating_sub(16).saturating_mul(1024),
            kib_times_passes: megabytes as u64 * 6_250,
        }
    }

    /// For new hashes: 3 seconds instead of 5, since the login that replaces an older hash verifies
    /// that one first.
    #[must_use]
    pub const fn of_policy(self) -> Self {
        Self {
            kib_times_passes: self.kib_times_passes / 5 * 3,
            ..self
        }
    }

    /// Can the function compute a hash with these parameters?
    pub fn check(self, params: &Params) -> Result<(), TooExpensive> {
        let (kib, passes) = (params.m_cost(), params.t_cost());
        if kib <= self.kib && u64::from(kib) * u64::from(passes) <= self.kib_times_passes {
            return Ok(());
        }
        Err(TooExpensive {
            kib,
            passes,
            capacity: self,
        })
    }
}

/// The least memory that Lambda gives to a function, and what template.yaml gives to POST /token.
pub const SMALLEST_FUNCTION: u32 = 128;

impl Default for Capacity {
    fn default() -> Self {
        Self::of_function(SMALLEST_FUNCTION)
    }
}

/// A password's argon2id hash, salt and parameters, as a PHC string:
/// `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(phc::PasswordHash);

/// A text that is no argon2id hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an argon2id hash that can be used: expected $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>"
)]
pub struct NotArgon2id;

/// A password that could not be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashError(password_hash::Error);

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

    /// Can a function with this capacity verify a password with it?
    pub fn check(&self, capacity: Capacity) -> Result<(), TooExpensive> {
        Params::try_from(&self.0).map_or(Ok(()), |params| capacity.check(&params))
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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

/// What new hashes cost: `PASSWORD_HASH_MEMORY_KIB`, `_ITERATIONS` and `_PARALLELISM`.
///
/// The default is the least that OWASP's Password Storage Cheat Sheet asks of argon2id:
/// 19,456 KiB of memory, 2 passes, 1 lane.
pub use argon2::Params as Policy;

/// Hashes and verifies passwords.
pub struct Passwords {
    policy: Policy,
    capacity: Capacity,
    nobodys: PasswordHash,
    arena: Arena,
}

impl Passwords {
    /// `policy` is what new hashes cost. Costlier hashes than the smallest function can compute are
    /// no hashes, unless [`Passwords::within`] says otherwise.
    pub fn new(policy: Policy) -> Result<Self, NotArgon2id> {
        let (m, t, p) = (policy.m_cost(), policy.t_cost(), policy.p_cost());
        let nobodys = format!("$argon2id$v=19$m={m},t={t},p={p}${NOBODYS_SALT_AND_HASH}");
        Ok(Self {
            policy,
            capacity: Capacity::default(),
            nobodys: PasswordHash::parse(&nobodys)?,
            arena: Arena::default(),
        })
    }

    /// The same, in a function with this capacity.
    #[must_use]
    pub fn within(self, capacity: Capacity) -> Self {
        Self { capacity, ..self }
    }

    /// Allocates the memory that a hash by the policy needs. The cold start calls it, so that the
    /// first login does not have to wait for it.
    pub fn warm(&self) {
        self.arena.with(self.policy.block_count(), |_| ());
    }

    /// Hashes a new password with a salt of its own.
    pub fn hash(&self, password: &str) -> Result<PasswordHash, HashError> {
        self.new_hash(password).map(PasswordHash).map_err(HashError)
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

    /// Is this the password of the hash? The hash says its own parameters.
    ///
    /// Without a hash, or with one that is beyond this function's capacity, the answer is no, but a
    /// hash with the policy's parameters is computed all the same: the time that a login takes must
    /// not tell which users exist.
    #[must_use]
    pub fn verify(&self, password: &str, hash: Option<&PasswordHash>) -> bool {
        let hash = hash.filter(|hash| self.can_verify(hash));
        // Without a hash, nobody's is computed all the same, and even a match with it is wrong.
        self.matches(password, hash.unwrap_or(&self.nobodys)) & hash.is_some()
    }

    /// Is the hash within this function's capacity?
    #[must_use]
    pub fn can_verify(&self, hash: &PasswordHash) -> bool {
        hash.check(self.capacity).is_ok()
    }

    fn matches(&self, password: &str, hash: &PasswordHash) -> bool {
        let (Ok(params), Some(salt), Some(expected)) =
            (Params::try_from(&hash.0), &hash.0.salt, &hash.0.hash)
        else {
            return false;
        };
        // `==` compares outputs in constant time.
        self.compute(&params, password, salt, expected.len())
            .is_ok_and(|computed| computed == *expected)
    }

    fn compute(
        &self,
        params: &Params,
        password: &str,
        salt: &[u8],
        length: usize,
    ) -> password_hash::Result<phc::Output> {
        let mut output = [0; phc::Output::MAX_LENGTH];
        let output = &mut output[..length];
        self.arena.with(params.block_count(), |memory| {
            let argon2 = Argon2::from(params);
            argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, memory)
        })?;
        Ok(phc::Output::new(output)?)
    }

    /// Does a hash have less memory, fewer passes or fewer lanes than the policy asks for? One that
    /// has more memory or more passes is kept, because a new hash would lose those.
    #[must_use]
    pub fn needs_rehash(&self, hash: &PasswordHash) -> bool {
        let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        let (memory, passes, lanes) = costs(&self.policy);
        Params::try_from(&hash.0).is_ok_and(|params| {
            let (m, t, p) = costs(&params);
            m <= memory && t <= passes && (m < memory || t < passes || p < lanes)
        })
    }
}

/// Salt and hash to verify against if a user does not exist; no password is known for them. They
/// are constant, because computing them would cost every cold start one argon2 hash.
const NOBODYS_SALT_AND_HASH: &str =
    "bm8tc3VjaC11c2VyLi4uLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

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

    fn passwords() -> Passwords {
        Passwords::new(Policy::default()).unwrap()
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
        assert!(passwords.verify("correct horse", Some(&hash)));
        assert!(!passwords.verify("correct horse ", Some(&hash)));
        assert!(!passwords.verify("", Some(&hash)));
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
        assert!(passwords().verify("secret", Some(&hash)));
    }

    #[test]
    fn nobodys_hash_costs_what_a_users_costs_and_is_never_right() {
        for policy in [Policy::default(), Policy::new(8192, 3, 2, None).unwrap()] {
            let passwords = Passwords::new(policy).unwrap();
            let (nobodys, users) = (&passwords.nobodys, passwords.hash("x").unwrap());
            assert_eq!(nobodys.0.params, users.0.params);
            let lengths = |hash: &PasswordHash| {
                let (salt, output) = (hash.0.salt.as_ref().unwrap(), hash.0.hash.as_ref().unwrap());
                (salt.as_ref().len(), output.len())
            };
            assert_eq!(lengths(nobodys), lengths(&users));
            assert!(!passwords.verify("x", None));
        }
        let mut passwords = passwords();
        passwords.nobodys = passwords.hash("guessed").unwrap();
        assert!(
            !passwords.verify("guessed", None),
            "not even with its password"
        );
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
        assert!(!passwords.verify("x", None));
        assert_eq!(blocks(), 19_456, "for nobody too a hash is computed");
        let small = PasswordHash::parse(&FASTAPI.replace("m=65536", "m=64")).unwrap();
        for (hash, expected) in [
            (None, 19_456),
            (Some(small), 19_456),
            (Some(PasswordHash::parse(FASTAPI).unwrap()), 65_536),
            (None, 65_536),
        ] {
            let right = passwords.verify("secret", hash.as_ref());
            assert_eq!(right, hash == PasswordHash::parse(FASTAPI).ok());
            assert_eq!(blocks(), expected);
        }
    }

    #[test]
    fn a_cold_start_gets_the_arena() {
        let passwords = passwords();
        passwords.warm();
        assert_eq!(passwords.arena.0.lock().unwrap().len(), 19_456);
    }

    #[test]
    fn a_weaker_hash_is_made_anew() {
        let stored = |m, t, p| {
            Passwords::new(Policy::new(m, t, p, None).unwrap())
                .unwrap()
                .hash("x")
                .unwrap()
        };
        for (hash, expected) in [
            (stored(19_456, 2, 1), false),
            (stored(19_455, 2, 1), true),
            (stored(19_456, 1, 1), true),
            (stored(19_456, 2, 4), false),
            (stored(20_000, 3, 1), false),
            (stored(20_000, 1, 1), false),
            (stored(19_000, 3, 1), false),
            (stored(9_000, 2, 4), true),
            (PasswordHash::parse(FASTAPI).unwrap(), false),
        ] {
            assert_eq!(passwords().needs_rehash(&hash), expected, "{hash}");
        }
        let lanes = Passwords::new(Policy::new(19_456, 2, 2, None).unwrap()).unwrap();
        assert!(
            lanes.needs_rehash(&stored(19_456, 2, 1)) && !lanes.needs_rehash(&stored(19_456, 2, 2))
        );
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
            &good.replace("m=65536", "m=4294967296"),
        ] {
            assert_eq!(PasswordHash::parse(bad), Err(NotArgon2id), "{bad}");
        }
    }

    #[test]
    fn a_function_computes_no_hash_beyond_its_memory_and_its_time() {
        let costs = |m: u32, t: u32| {
            let hash = FASTAPI.replace("m=65536,t=3", &format!("m={m},t={t}"));
            PasswordHash::parse(&hash).unwrap()
        };
        for (megabytes, m, t, affordable) in [
            (128, 65_536, 3, true),
            (128, 114_688, 6, true),
            (128, 114_689, 1, false),
            (128, 114_688, 7, false),
            (128, 19_456, 42, false),
            (128, 262_144, 12, false),
            (512, 262_144, 12, true),
            (512, 262_144, 13, false),
            (0, 64, 1, false),
        ] {
            let capacity = Capacity::of_function(megabytes);
            let check = costs(m, t).check(capacity);
            assert_eq!(check.is_ok(), affordable, "{megabytes} MB: {m} {t}");
        }
        let problem = costs(262_144, 12).check(Capacity::default()).unwrap_err();
        assert_eq!(
            problem.to_string(),
            "262144 KiB and 12 passes are more than a function of 128 MB can hash: at most 114688 KiB, and 800000 KiB times passes"
        );
    }

    /// 256 MiB times 12 passes took a function 18 seconds, until its timeout, for one bad login.
    #[test]
    fn a_hash_beyond_the_functions_capacity_is_verified_as_nobodys() {
        let dear = FASTAPI.replace("m=65536,t=3", "m=262144,t=12");
        let passwords = passwords();
        assert!(!passwords.verify("secret", PasswordHash::parse(&dear).ok().as_ref()));
        assert_eq!(passwords.arena.0.lock().unwrap().len(), 19_456);
    }

    #[test]
    fn no_debug_output_shows_a_hash() {
        assert!(!format!("{:?}", PasswordHash::parse(FASTAPI)).contains("argon2"));
    }
}
