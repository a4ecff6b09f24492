//! Rings of keys, and where a test keeps them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jsonwebtoken::Algorithm;
use shared::aws::table::{PRIVATE_KEYS, PUBLIC_KEYS, RING, Table, text};
use shared::domain::store::Asking;
use shared::domain::tokens::keys::generate::generate;
use shared::domain::tokens::keys::{Key, Ring, RingStore};

use crate::stores::unavailable;
use crate::world::NOW;

/// The issuer of the tests.
pub const ISSUER: &str = "https://api.example.com";

/// A new key, which signs from so many seconds before [`NOW`] on.
pub fn key(algorithm: Algorithm, before: u64) -> Key {
    generate(algorithm, Duration::from_secs(NOW - before)).unwrap()
}

/// A ring with one key, which signs.
pub fn ring(algorithm: Algorithm) -> Ring {
    Ring {
        issuer: None,
        keys: vec![key(algorithm, 3600)],
    }
}

/// Writes a ring where the deployed functions read it.
pub async fn put(users: &Table, keys: &Table, ring: &Ring) {
    for (table, key, ring) in [
        (users, PUBLIC_KEYS, &ring.public()),
        (keys, PRIVATE_KEYS, ring),
    ] {
        let put = table.client.put_item().table_name(&table.name);
        let put = put
            .item("pk", text(key))
            .item(RING, text(ring.to_json().unwrap()));
        put.send().await.unwrap();
    }
}

/// A store of a ring that a test changes, makes fail, and counts the reads of.
#[derive(Default)]
pub struct Shelf {
    pub ring: Mutex<Option<Ring>>,
    pub dead: Mutex<bool>,
    pub reads: Mutex<u32>,
}

impl Shelf {
    /// With this ring.
    pub fn with(ring: Ring) -> Arc<Self> {
        let shelf = Self::default();
        *shelf.ring.lock().unwrap() = Some(ring);
        Arc::new(shelf)
    }

    /// How often it was read since this was asked last.
    pub fn reads(&self) -> u32 {
        std::mem::take(&mut self.reads.lock().unwrap())
    }
}

impl RingStore for Shelf {
    fn read(&self) -> Asking<'_, Option<Ring>> {
        *self.reads.lock().unwrap() += 1;
        let ring = self.ring.lock().unwrap().clone();
        let dead = *self.dead.lock().unwrap();
        Box::pin(async move { if dead { Err(unavailable()) } else { Ok(ring) } })
    }
}
