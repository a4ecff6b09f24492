//! Every environment variable: its default, its unit, and what is wrong with it; and the parts of a
//! function that are made of them.
//!
//! | module | holds |
//! |---|---|
//! | `reader` | [`Reader`]: reads variables, and says all that is wrong with them at once |
//! | `state` | [`State`]: what a function keeps between requests; [`Parts`]: what is made once for all of it |
//! | `store` | `USER_STORE`, and what belongs to it |
//! | `aws` | Lambda's own variables |
//! | `token` | `JWT_SECRET_KEY`, `ACCESS_TOKEN_EXPIRE_MINUTES` |
//! | `login` | `LOGIN_FAILURES_`, `PASSWORD_HASH_` |
//! | `service` | `API_DIALECT`, `DOCS_ENABLED` |
//!
//! A function reads the variables of what its handler takes, and no others.

mod aws;
mod login;
mod reader;
mod service;
mod state;
mod store;
mod token;

pub use login::password_policy;
pub use reader::{ConfigError, Reader};
pub use service::{dialect, docs_enabled};
pub use state::{Parts, State};
pub use store::StoreConfig;

/// A variable of the process's environment; one that is not Unicode is read as far as it is.
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
