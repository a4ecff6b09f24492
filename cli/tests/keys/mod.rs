//! The keys that sign tokens.

mod rings;
mod tables;

use std::time::Duration;

use jsonwebtoken::Algorithm;
use shared::domain::tokens::keys::generate::generate;
use shared::domain::tokens::keys::{Key, Ring};
use users::items::now;

/// A ring whose keys began to sign so many seconds ago.
fn ring(ages: &[u64]) -> Ring {
    let key = |age: &u64| generate(Algorithm::EdDSA, Duration::from_secs(now() - age)).unwrap();
    Ring {
        issuer: None,
        keys: ages.iter().map(key).collect(),
    }
}

fn kids(ring: &Ring) -> Vec<&str> {
    ring.keys.iter().map(|key| &*key.kid).collect()
}

/// How many seconds from now on, an hour at most being lost on a slow machine.
fn signs_in(key: &Key) -> u64 {
    key.sign_from.as_secs().saturating_sub(now())
}

/// Both rings say the same, and the public one has no private part.
fn belong_together(private: &Ring, public: &Ring) {
    assert_eq!(
        private.public().to_json().unwrap(),
        public.to_json().unwrap()
    );
    assert!(public.keys.iter().all(|key| key.signing.is_none()));
}
