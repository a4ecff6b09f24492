//! What a function needs to answer requests.

use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, ConfigError, Users};
use crate::password::Passwords;
use crate::token::Tokens;
use crate::users::UserStore;

/// Built once per cold start; a test builds its own.
pub struct App {
    /// Where the users are.
    pub users: Box<dyn UserStore>,
    /// Signs and verifies access tokens.
    pub tokens: Tokens,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// Tells the time.
    pub clock: Box<dyn Clock>,
}

impl App {
    /// From the environment of a Lambda function. Its future waits for stores that must be asked.
    pub async fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(config::environment).await
    }

    /// From variables that `lookup` knows.
    #[expect(
        clippy::unused_async,
        reason = "a store over the network will have to connect"
    )]
    pub async fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let config = Config::read(lookup)?;
        let Users::Memory(users) = config.users;
        Ok(Self {
            users: Box::new(users),
            tokens: Tokens::new(&config.jwt_secret_key, config.access_token_lifetime),
            passwords: Passwords::new().map_err(|error| ConfigError(vec![error.to_string()]))?,
            clock: Box::new(SystemClock),
        })
    }
}
