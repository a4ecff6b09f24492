//! The environment variables: their defaults, their units, what can be wrong with them, and the
//! parts of a function that they configure.
//!
//! | module | holds |
//! |---|---|
//! | `reader` | [`Reader`]: reads variables, and reports all their problems at once |
//! | `state` | [`State`]: what a function keeps between requests; [`Parts`]: what its states share |
//! | `store` | `USER_STORE`, and the variables that belong to it |
//! | `aws` | the AWS variables, most of which Lambda sets |
//! | `keys` | `SIGNING_KEYS`, `PUBLIC_KEYS`, `ISSUER`, `AUDIENCE` |
//! | `token` | `JWT_SECRET_KEY`, `JWT_SECRET_KEY_PREVIOUS`, `ACCEPT_HS256_UNTIL`, `ACCESS_TOKEN_EXPIRE_MINUTES`, `TOKEN_CHECK` |
//! | `shared_key` | what is wrong with either of the two keys |
//! | `sessions` | `REFRESH_IDLE_DAYS`, `REFRESH_DAYS`, `REFRESH_GRACE_SECONDS` |
//! | `clients` | `CLIENTS`, `CLIENTS_FILE` |
//! | `grants` | what issues tokens |
//! | `offered` | [`Offered`]: what is off until it is asked for, for functions that tell of it |
//! | `login` | `LOGIN_FAILURES_`, `PASSWORD_HASH_` |
//! | `route_scopes` | `ROUTE_SCOPES` |
//! | `service` | `API_DIALECT`, `DOCS_ENABLED` |
//!
//! A function reads `API_DIALECT` and the variables that its handler's state needs, and no others.

mod aws;
mod clients;
mod grants;
mod keys;
mod login;
mod offered;
mod reader;
mod route_scopes;
mod service;
mod sessions;
mod shared_key;
mod state;
mod store;
mod token;

pub use login::{failures_per_account, function_capacity, password_policy};
pub use offered::Offered;
pub use reader::{ConfigError, Reader};
pub use service::{dialect, docs_enabled};
pub use state::{Parts, State};
pub use store::{Memory, StoreConfig};
pub use token::token_lifetime;

/// A variable of the process's environment. Bytes that are not Unicode are read as U+FFFD.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one reading of the environment"
)]
pub fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
