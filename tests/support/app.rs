//! An `App` of the tests.

use std::time::Duration;

use shared::App;
use shared::clock::Clock;
use shared::password::Passwords;
use shared::token::Tokens;
use shared::users::MemoryStore;

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

/// With the tutorial's users, at [`NOW`].
pub fn app() -> App {
    App {
        users: Box::new(MemoryStore::tutorial().unwrap()),
        tokens: Tokens::new(&KEY.into(), Duration::from_mins(30)),
        passwords: Passwords::new().unwrap(),
        clock: Box::new(Stopped(NOW)),
    }
}
