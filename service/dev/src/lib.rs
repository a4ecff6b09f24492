//! What `make dev` and the processes that it starts must agree on.
//!
//! | module | holds |
//! |---|---|
//! | [`saved`] | which files the service is made of, and whether one was saved |
//! | [`host`] | which requests come from this machine |

pub mod host;
pub mod saved;

/// The exit code of a service whose configuration is not valid (`EX_CONFIG` of BSD's sysexits).
pub const NOT_CONFIGURED: u8 = 78;

/// The environment of this process.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "make dev configures the functions, whose configuration is injected"
)]
pub fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    Some(value.to_string_lossy().into_owned())
}
