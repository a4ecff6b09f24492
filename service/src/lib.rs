//! The whole service: the one list of functions, and what is made of it. Nothing that is deployed depends on
//! this crate.
//!
//! | module | holds |
//! |---|---|
//! | [`development`] | the whole service in one process, for `make dev` |
//! | [`server`] | its HTTP server |
//! | [`gateway`] | API Gateway's HTTP API before the functions |
//! | [`template`] | what `template.yaml` says of a function |
//! | [`variables`] | the variables that a function reads |
//! | [`wiring`] | every place that must know a function, which `make routes` writes |
//! | [`document()`] | the document of the API (OpenAPI), which `functions/openapi` serves |

pub mod development;
mod document;
pub mod gateway;
pub mod server;
pub mod template;
pub mod variables;
pub mod wiring;

use std::path::PathBuf;

pub use document::document;
use shared::lambda::Function;

/// Every function that answers requests. A new one is a line here, and a line in Cargo.toml.
pub const FUNCTIONS: &[Function] = &[
    token::FUNCTION,
    users_me::FUNCTION,
    users_me_items::FUNCTION,
    status::FUNCTION,
    users_me_logout::FUNCTION,
    users_me_sessions::FUNCTION,
    users_me_session::FUNCTION,
    revoke::FUNCTION,
    introspect::FUNCTION,
    openapi::FUNCTION,
    docs::FUNCTION,
    well_known::FUNCTION,
    not_found::FUNCTION,
];

/// The function that answers the gateways of other APIs.
pub const AUTHORIZER: Function = authorizer::FUNCTION;

/// Every function of `functions/`.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter().chain([const { &AUTHORIZER }])
}

/// The function of this name.
#[must_use]
pub fn function(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// A path in the repository.
#[must_use]
pub fn repository(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", path].iter().collect()
}
