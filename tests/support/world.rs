//! What the functions of a test are started with: variables, a clock, stores.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use shared::config::Parts;
use shared::domain::attempts::{Attempts, MemoryAttempts};
use shared::domain::clock::Clock;
use shared::domain::store::Patience;
use shared::domain::token::{Signer, Verifier};
use shared::domain::users::{HashStore, MemoryUsers, UserStore, tutorial};
use shared::lambda::{ColdStart, Function, Service};

use crate::logs;

/// The key of FastAPI's page; `make dev` and `events/env.json` use it too.
pub const KEY: &str = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";

/// 2026-07-01T00:00:00Z.
pub const NOW: u64 = 1_782_864_000;

/// A test that is not about time limits must not fail because the machine is busy.
pub const PATIENT: Patience = Patience(30);

/// A clock that stands still.
pub struct Stopped(pub u64);

impl Clock for Stopped {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0)
    }
}

/// Variables, a clock, and stores that replace those which the variables name. Clones share their
/// stores.
#[derive(Clone)]
pub struct World {
    pub variables: BTreeMap<String, String>,
    pub clock: Arc<dyn Clock>,
    pub users: Option<Arc<dyn UserStore>>,
    pub hashes: Option<Arc<dyn HashStore>>,
    pub attempts: Option<Arc<dyn Attempts>>,
    pub patience: Patience,
}

/// A world with the tutorial's users in memory, at [`NOW`], and with no limit of logins.
pub fn world() -> World {
    logs::install();
    let users = Arc::new(MemoryUsers::new(tutorial().unwrap()));
    let world = World {
        variables: BTreeMap::new(),
        clock: Arc::new(Stopped(NOW)),
        users: Some(users.clone()),
        hashes: Some(users),
        attempts: Some(Arc::new(MemoryAttempts::default())),
        patience: PATIENT,
    };
    world
        .with("USER_STORE", "memory")
        .with("TUTORIAL_USERS", "true")
        .with("JWT_SECRET_KEY", KEY)
        .limits(0, 0)
}

impl World {
    /// Sets a variable.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a number or a text as it is")]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.insert(name.into(), value.to_string());
        self
    }

    /// How many logins may fail; 0 is no limit.
    #[must_use]
    pub fn limits(self, per_account: u32, per_address: u32) -> Self {
        self.with("LOGIN_FAILURES_PER_ACCOUNT", per_account)
            .with("LOGIN_FAILURES_PER_ADDRESS", per_address)
    }

    /// Sets the clock to so many seconds after [`NOW`].
    #[must_use]
    pub fn later(mut self, seconds: u64) -> Self {
        self.clock = Arc::new(Stopped(NOW + seconds));
        self
    }

    /// With another store of users.
    #[must_use]
    pub fn users(mut self, users: impl UserStore + HashStore + 'static) -> Self {
        let users = Arc::new(users);
        self.users = Some(users.clone());
        self.hashes = Some(users);
        self
    }

    /// With another count of attempts.
    #[must_use]
    pub fn attempts(mut self, attempts: impl Attempts + 'static) -> Self {
        self.attempts = Some(Arc::new(attempts));
        self
    }

    /// With the stores that the variables name.
    #[must_use]
    pub fn own_stores(self) -> Self {
        Self {
            users: None,
            hashes: None,
            attempts: None,
            ..self
        }
    }

    /// Starts a function, as its `main` does.
    pub async fn start(&self, function: &Function) -> Box<dyn Service> {
        let mut parts = Parts::default();
        parts.clock = Arc::clone(&self.clock);
        parts.users.clone_from(&self.users);
        parts.hashes.clone_from(&self.hashes);
        parts.attempts.clone_from(&self.attempts);
        parts.patience = self.patience;
        let lookup = |name: &str| self.variables.get(name).cloned();
        let started = (function.start)(ColdStart::new(&lookup, parts)).await;
        started.unwrap_or_else(|error| panic!("{}: {error}", function.name))
    }
}

/// Signs tokens with [`KEY`].
pub fn signer() -> Signer {
    Signer::new(&KEY.into(), Duration::from_mins(30))
}

/// Checks tokens with [`KEY`].
pub fn verifier() -> Verifier {
    Verifier::new(&KEY.into())
}
