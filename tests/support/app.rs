//! An `App` of the tests.

use std::time::Duration;

use shared::App;
use shared::attempts::{Limits, MemoryAttempts};
use shared::clock::Clock;
use shared::password::{Passwords, Policy};
use shared::token::Tokens;
use shared::users::MemoryStore;

use crate::logs;

/// The key of FastAPI's page; `make dev` and `events/env.json` use it too.
pub const KEY: &str = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";

/// 2026-07-01T00:00:00Z.
pub const NOW: u64 = 1_782_864_000;

/// A clock that stands still.
pub struct Stopped(pub u64);

impl Clock for Stopped {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0)
    }
}

/// With the tutorial's users, at [`NOW`], and no limit of logins.
pub fn app() -> App {
    logs::install();
    App {
        users: Box::new(MemoryStore::tutorial().unwrap()),
        tokens: Tokens::new(&KEY.into(), Duration::from_mins(30)),
        attempts: Box::new(MemoryAttempts::default()),
        limits: Limits {
            per_account: 0,
            per_address: 0,
        },
        passwords: Passwords::new(Policy::default()).unwrap(),
        clock: Box::new(Stopped(NOW)),
    }
}
