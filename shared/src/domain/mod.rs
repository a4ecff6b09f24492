//! What the service knows and decides, whatever it is reached by and wherever its data is.
//!
//! | module | holds |
//! |---|---|
//! | [`access`] | [`access::Guard`]: the one place where token, user and scopes are checked |
//! | [`login`] | [`login::Login`]: the password, the count of failures, the scopes that are granted |
//! | [`attempts`] | how often a login may fail |
//! | [`token`] | the JWT: who signs one, who verifies one, and what it says |
//! | [`scope`] | [`scope::Scopes`] and the service's catalogue of scopes |
//! | [`password`] | argon2id: hash and verify |
//! | [`users`] | a user's record, and the traits of the stores that keep it |
//! | [`store`] | what every store may answer besides its data |
//! | [`clock`] | the only place that reads the time |

pub mod access;
pub mod attempts;
pub mod clock;
pub mod login;
pub mod password;
pub mod scope;
pub mod store;
pub mod token;
pub mod users;
