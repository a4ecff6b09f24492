//! What the functions of a test are started with: variables, a clock, stores.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use shared::config::Parts;
use shared::domain::accounts::{Account, MemoryUsers, UserStore, tutorial};
use shared::domain::clock::Clock;
use shared::domain::login::memory::MemoryLogins;
use shared::domain::login::store::LoginStore;
use shared::domain::sessions::memory::MemorySessions;
use shared::domain::sessions::store::SessionStore;
use shared::domain::store::Patience;
use shared::domain::tokens::keys::RingStore;
use shared::domain::tokens::{Published, Signer, Verifier};
use shared::lambda::{ColdStart, Function, Service};

use crate::stores::{Call, Dead, Fault, Flaky};
use crate::{logs, repository};

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

/// A clock that a test sets.
pub struct Hands(AtomicU64);

impl Hands {
    /// At [`NOW`].
    pub fn at_now() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(NOW)))
    }

    /// Sets it to so many seconds after [`NOW`].
    pub fn set(&self, seconds: u64) {
        self.0.store(NOW + seconds, Ordering::SeqCst);
    }

    /// Turns it on by so many seconds.
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// Variables, a clock, and stores that replace those which the variables name. Clones share their
/// stores.
#[derive(Clone)]
pub struct World {
    pub variables: BTreeMap<String, String>,
    pub clock: Arc<dyn Clock>,
    pub users: Option<Arc<dyn UserStore>>,
    pub logins: Option<Arc<dyn LoginStore>>,
    pub sessions: Option<Arc<dyn SessionStore>>,
    pub keys: Option<Arc<dyn RingStore>>,
    pub patience: Patience,
}

/// A world with the tutorial's users in memory, at [`NOW`], and with no limit of logins.
pub fn world() -> World {
    logs::install();
    let world = World {
        variables: BTreeMap::new(),
        clock: Arc::new(Stopped(NOW)),
        users: None,
        logins: None,
        sessions: None,
        keys: None,
        patience: PATIENT,
    };
    world
        .memory(tutorial().unwrap())
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

    /// Removes a variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// With the clients of `events/clients.json`, which are checked.
    #[must_use]
    pub fn checking_clients(self) -> Self {
        let file = repository("events/clients.json");
        self.with("CLIENTS", "check")
            .with("CLIENTS_FILE", file.display())
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
    pub fn users(mut self, users: impl UserStore + LoginStore + 'static) -> Self {
        let users = Arc::new(users);
        self.users = Some(users.clone());
        self.logins = Some(users);
        self
    }

    /// With these users in memory.
    #[must_use]
    pub fn memory(mut self, users: impl IntoIterator<Item = (String, Account)>) -> Self {
        let users = Arc::new(MemoryUsers::new(users.into_iter().collect()));
        self.users = Some(users.clone());
        self.sessions = Some(Arc::new(MemorySessions::new(users.clone())));
        self.logins = Some(Arc::new(MemoryLogins::new(users)));
        self
    }

    /// With a store that answers nothing.
    #[must_use]
    pub fn dead(mut self) -> Self {
        self.users = Some(Arc::new(Dead));
        self.flaky(|_| Fault::Lost)
    }

    /// With faults in what its logins ask of the store.
    #[must_use]
    pub fn flaky(mut self, fault: impl Fn(Call) -> Fault + Send + Sync + 'static) -> Self {
        let store = self.logins.take().unwrap();
        self.logins = Some(Arc::new(Flaky::new(store, fault)));
        self
    }

    /// With the stores that the variables name.
    #[must_use]
    pub fn own_stores(self) -> Self {
        Self {
            users: None,
            logins: None,
            sessions: None,
            ..self
        }
    }

    /// Starts a function, as its `main` does.
    pub async fn start(&self, function: &Function) -> Box<dyn Service> {
        let mut parts = Parts::default();
        parts.clock = Arc::clone(&self.clock);
        parts.users.clone_from(&self.users);
        parts.logins.clone_from(&self.logins);
        parts.sessions.clone_from(&self.sessions);
        parts.keys.clone_from(&self.keys);
        parts.patience = self.patience;
        let lookup = |name: &str| self.variables.get(name).cloned();
        let started = (function.start)(ColdStart::new(&lookup, parts)).await;
        started.unwrap_or_else(|error| panic!("{}: {error}", function.name))
    }
}

/// Signs tokens with [`KEY`].
pub fn signer() -> Signer {
    Signer::shared(&KEY.into(), None, Duration::from_mins(30))
}

/// Checks tokens with [`KEY`], at [`NOW`].
pub fn verifier() -> Verifier {
    Verifier::new(Published {
        keyring: None,
        issuer: None,
        lifetime: Duration::from_mins(30),
        clock: Arc::new(Stopped(NOW)),
    })
    .or(&KEY.into())
}
