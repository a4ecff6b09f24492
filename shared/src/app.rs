//! What a function needs to answer requests.

use crate::attempts::{Attempts, Limits, MemoryAttempts};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, ConfigError, Users};
use crate::password::Passwords;
use crate::table::Table;
use crate::token::Tokens;
use crate::users::UserStore;

/// Built once per cold start; a test builds its own.
pub struct App {
    /// Where the users are.
    pub users: Box<dyn UserStore>,
    /// Counts attempts to log in.
    pub attempts: Box<dyn Attempts>,
    /// How many of them may fail.
    pub limits: Limits,
    /// Signs and verifies access tokens.
    pub tokens: Tokens,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// Tells the time.
    pub clock: Box<dyn Clock>,
}

impl App {
    /// From the environment of a Lambda function.
    pub async fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(config::environment).await
    }

    /// From variables that `lookup` knows.
    pub async fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let config = Config::read(lookup)?;
        let (users, attempts) = stores(config.users).await?;
        Ok(Self {
            users,
            attempts,
            limits: config.login_failures,
            tokens: Tokens::new(&config.jwt_secret_key, config.access_token_lifetime),
            passwords: Passwords::new(config.password_policy)
                .map_err(|error| ConfigError(vec![error.to_string()]))?,
            clock: Box::new(SystemClock),
        })
    }
}

type Stores = (Box<dyn UserStore>, Box<dyn Attempts>);

async fn stores(users: Users) -> Result<Stores, ConfigError> {
    Ok(match users {
        Users::Memory(users) => (Box::new(users), Box::new(MemoryAttempts::default())),
        Users::DynamoDb { table, aws } => {
            let table = Table::new(table, aws)?;
            table.open().await;
            (Box::new(table.clone()), Box::new(table))
        }
    })
}
