//! What a password hash costs.

use std::fmt;

use shared::domain::password::{PasswordHash, Policy};

/// Memory, passes and lanes of argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cost {
    kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// The cost of an argon2id hash; `None` for a text by which nobody can log in.
    #[must_use]
    pub fn of(hash: &str) -> Option<Self> {
        let hash = PasswordHash::parse(hash).ok()?.to_string();
        // "$argon2id$v=19$m=...,t=...,p=...$<salt>$<hash>"; only parameters have a "=". What a hash
        // does not say is the default.
        let params = hash.split('$').skip(3).find(|part| part.contains('='));
        let params = params.map_or(Ok(Policy::default()), str::parse).ok()?;
        Some(Self {
            kib: params.m_cost(),
            passes: params.t_cost(),
            lanes: params.p_cost(),
        })
    }
}

/// As a PHC string spells it.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p={}", self.kib, self.passes, self.lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: &str = "wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc";

    fn cost(algorithm: &str) -> Option<String> {
        Cost::of(&format!("{algorithm}${END}")).map(|cost| cost.to_string())
    }

    #[test]
    fn a_cost_is_spelled_in_one_way_however_the_hash_spells_it() {
        for (algorithm, expected) in [
            ("$argon2id$v=19$m=65536,t=3,p=4", "m=65536,t=3,p=4"),
            ("$argon2id$v=19$p=4,t=3,m=65536", "m=65536,t=3,p=4"),
            ("$argon2id$v=19$m=65536", "m=65536,t=2,p=1"),
            ("$argon2id$v=19", "m=19456,t=2,p=1"),
        ] {
            assert_eq!(cost(algorithm).as_deref(), Some(expected), "{algorithm}");
        }
    }

    #[test]
    fn a_hash_by_which_nobody_can_log_in_has_no_cost() {
        for algorithm in [
            "$argon2i$v=19$m=65536,t=3,p=4",
            "$argon2id$m=65536,t=3,p=4",
            "$argon2id$v=19$m=1,t=3,p=4",
            "$2b$12",
            "",
        ] {
            assert_eq!(cost(algorithm), None, "{algorithm}");
        }
        assert_eq!(Cost::of("$argon2id$v=19$m=65536,t=3,p=4"), None);
    }
}
