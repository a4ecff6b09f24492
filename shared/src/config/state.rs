//! What a function keeps between requests, and how a cold start makes it.

use std::cell::OnceCell;
use std::sync::Arc;

use super::reader::{ConfigError, Reader};
use super::store::{Store, StoreConfig};
use crate::domain::attempts::{Attempts, MemoryAttempts};
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::users::{HashStore, UserStore};

/// What a handler takes besides the request: made in the cold start, first of the variables that it
/// reads, then of the [`Parts`] that it opens. Two of them are a pair.
pub trait State: Sized {
    /// What the variables say.
    type Config;

    /// Reads variables. It opens nothing and logs nothing.
    fn read(reader: &mut Reader<'_>) -> Self::Config;

    /// Opens what it needs.
    fn open(config: Self::Config, parts: &Parts)
    -> impl Future<Output = Result<Self, ConfigError>>;
}

/// A handler that needs nothing.
impl State for () {
    type Config = ();

    fn read(_: &mut Reader<'_>) {}

    async fn open((): (), _: &Parts) -> Result<(), ConfigError> {
        Ok(())
    }
}

impl<A: State, B: State> State for (A, B) {
    type Config = (A::Config, B::Config);

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        (A::read(reader), B::read(reader))
    }

    async fn open((a, b): Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        Ok((A::open(a, parts).await?, B::open(b, parts).await?))
    }
}

/// What is made once for all of a function's state. A test puts its own in the place of what the
/// variables name.
pub struct Parts {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Finds users.
    pub users: Option<Arc<dyn UserStore>>,
    /// Replaces their hashes.
    pub hashes: Option<Arc<dyn HashStore>>,
    /// Counts attempts to log in.
    pub attempts: Option<Arc<dyn Attempts>>,
    store: OnceCell<Store>,
}

impl Default for Parts {
    /// The machine's clock, and the stores that the variables name.
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            users: None,
            hashes: None,
            attempts: None,
            store: OnceCell::new(),
        }
    }
}

impl Parts {
    pub(super) async fn users(
        &self,
        config: StoreConfig,
    ) -> Result<Arc<dyn UserStore>, ConfigError> {
        if let Some(users) = &self.users {
            return Ok(Arc::clone(users));
        }
        Ok(match self.store(config).await? {
            Store::Memory(users) => users,
            Store::DynamoDb(table) => Arc::new(table),
        })
    }

    pub(super) async fn hashes(
        &self,
        config: StoreConfig,
    ) -> Result<Arc<dyn HashStore>, ConfigError> {
        if let Some(hashes) = &self.hashes {
            return Ok(Arc::clone(hashes));
        }
        Ok(match self.store(config).await? {
            Store::Memory(users) => users,
            Store::DynamoDb(table) => Arc::new(table),
        })
    }

    pub(super) async fn attempts(
        &self,
        config: StoreConfig,
    ) -> Result<Arc<dyn Attempts>, ConfigError> {
        if let Some(attempts) = &self.attempts {
            return Ok(Arc::clone(attempts));
        }
        Ok(match self.store(config).await? {
            Store::Memory(_) => Arc::new(MemoryAttempts::default()),
            Store::DynamoDb(table) => Arc::new(table),
        })
    }

    /// The same for every part that asks: one list of users, one connection.
    async fn store(&self, config: StoreConfig) -> Result<Store, ConfigError> {
        if let Some(store) = self.store.get() {
            return Ok(store.clone());
        }
        let store = config.open().await?;
        Ok(self.store.get_or_init(|| store).clone())
    }
}
