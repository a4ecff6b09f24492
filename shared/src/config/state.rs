//! What a function keeps between requests, and how a cold start makes it.

use std::cell::OnceCell;
use std::sync::Arc;

use super::keys::RingConfig;
use super::reader::{ConfigError, Reader};
use super::store::{Memory, Store, StoreConfig};
use crate::aws::keys::RingItem;
use crate::aws::table::{OPENING, Table};
use crate::domain::accounts::UserStore;
use crate::domain::clients::Clients;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::login::store::LoginStore;
use crate::domain::sessions::store::SessionStore;
use crate::domain::store::Patience;
use crate::domain::tokens::keys::{Keyring, Ring, RingStore};

/// What a handler is given besides the request and the user. The cold start makes it in two steps:
/// it reads all variables, and only then opens what it needs. A pair of states is a state, too.
pub trait State: Sized {
    /// What the variables say.
    type Config;

    /// Reads variables. It opens nothing and logs nothing.
    fn read(reader: &mut Reader<'_>) -> Self::Config;

    /// Makes the state from what was read, and opens what it needs.
    fn open(config: Self::Config, parts: &Parts)
    -> impl Future<Output = Result<Self, ConfigError>>;
}

/// The state of a handler that needs none.
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

impl<A: State, B: State, C: State> State for (A, B, C) {
    type Config = (A::Config, B::Config, C::Config);

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        (A::read(reader), B::read(reader), C::read(reader))
    }

    async fn open((a, b, c): Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        let (a, b) = (A::open(a, parts).await?, B::open(b, parts).await?);
        Ok((a, b, C::open(c, parts).await?))
    }
}

/// What all states of a function share. A test can use its own clock and stores here, instead of
/// those that the variables name.
pub struct Parts {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Finds users.
    pub users: Option<Arc<dyn UserStore>>,
    /// Knows what a login must know.
    pub logins: Option<Arc<dyn LoginStore>>,
    /// Knows sessions.
    pub sessions: Option<Arc<dyn SessionStore>>,
    /// Keeps the keys, private and public.
    pub keys: Option<Arc<dyn RingStore>>,
    /// The stores in memory that this function shares with others of its process; on Lambda it has its own.
    pub memory: Option<Memory>,
    /// How long the stores may take.
    pub patience: Patience,
    store: OnceCell<Store>,
}

impl Default for Parts {
    /// The machine's clock, and the stores that the variables name.
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            users: None,
            logins: None,
            sessions: None,
            keys: None,
            memory: None,
            patience: Patience::default(),
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
            Store::Memory(memory) => memory.users,
            Store::DynamoDb(table) => Arc::new(table),
        })
    }

    pub(super) async fn sessions(
        &self,
        config: StoreConfig,
    ) -> Result<Arc<dyn SessionStore>, ConfigError> {
        if let Some(sessions) = &self.sessions {
            return Ok(Arc::clone(sessions));
        }
        Ok(match self.store(config).await? {
            Store::Memory(memory) => memory.sessions,
            Store::DynamoDb(table) => Arc::new(table),
        })
    }

    /// Those of a table.
    pub(super) async fn clients(&self, config: StoreConfig) -> Result<Clients, ConfigError> {
        Ok(match self.store(config).await? {
            Store::DynamoDb(table) => Clients::of(Arc::new(table)),
            Store::Memory(_) => {
                let problem = "CLIENTS: check, but these clients are in no table".to_owned();
                return Err(ConfigError(vec![problem]));
            }
        })
    }

    /// Opens the connection to the users that were made, if they are in a table.
    pub(super) async fn connect(&self) {
        if let Some(Store::DynamoDb(table)) = self.store.get() {
            table.open(self.patience).await;
        }
    }

    pub(super) async fn logins(
        &self,
        config: StoreConfig,
    ) -> Result<Arc<dyn LoginStore>, ConfigError> {
        if let Some(logins) = &self.logins {
            return Ok(Arc::clone(logins));
        }
        Ok(match self.store(config).await? {
            Store::Memory(memory) => memory.logins,
            Store::DynamoDb(table) => Arc::new(table),
        })
    }

    /// A ring that has been read, if it could be.
    pub(super) async fn keyring(&self, config: RingConfig) -> Result<Keyring, ConfigError> {
        let store: Arc<dyn RingStore> = match (&self.keys, config) {
            (Some(keys), _) => Arc::clone(keys),
            (None, RingConfig::Given(ring)) => Arc::new(ring),
            (None, RingConfig::Item { name, key, store }) => match self.store(store).await? {
                Store::DynamoDb(table) => {
                    let name = name.unwrap_or(table.name);
                    let client = table.client;
                    let table = Table { client, name };
                    Arc::new(RingItem { table, key })
                }
                // The reader has seen that the users are in DynamoDB.
                Store::Memory(_) => Arc::new(Ring::default()),
            },
        };
        let keyring = Keyring::new(store);
        keyring
            .open(self.clock.now(), self.patience.of(OPENING))
            .await;
        Ok(keyring)
    }

    /// Makes the store only once, so that all parts share one list of users, or one client.
    async fn store(&self, config: StoreConfig) -> Result<Store, ConfigError> {
        if let Some(store) = self.store.get() {
            return Ok(store.clone());
        }
        let store = match (&self.memory, config) {
            (Some(memory), StoreConfig::Memory { .. }) => Store::Memory(memory.clone()),
            (_, config) => config.open(self.patience)?,
        };
        Ok(self.store.get_or_init(|| store).clone())
    }
}
