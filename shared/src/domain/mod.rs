//! What the service knows and decides, independent of HTTP and of where its data is stored.
//!
//! | module | holds |
//! |---|---|
//! | [`access`] | [`access::Guard`]: the one place where token, user and scopes are checked |
//! | [`login`] | [`login::Login`]: checks the password, limits the failures, grants the scopes |
//! | [`keys`] | the keys that sign and verify tokens, and how one follows another |
//! | [`token`] | the JWT: how it is signed and verified, and its claims |
//! | [`clients`] | the programs that ask for tokens, and how they prove which one they are |
//! | [`sessions`] | logins that last, and their refresh tokens |
//! | [`introspection`] | what a token is worth, for clients that ask |
//! | [`route_scopes`] | which scopes the routes of another API need |
//! | [`scope`] | [`scope::Scopes`] and the service's catalogue of scopes |
//! | [`password`] | argon2id: hash and verify |
//! | [`users`] | a user's record, and the traits of the stores that keep it |
//! | [`unicode`] | the one form of names and passwords |
//! | [`store`] | what all stores have in common: their errors |
//! | [`clock`] | the only place that reads the time |

pub mod access;
pub mod clients;
pub mod clock;
pub mod introspection;
pub mod keys;
pub mod login;
pub mod password;
pub mod route_scopes;
pub mod scope;
pub mod sessions;
pub mod store;
pub mod token;
pub mod unicode;
pub mod users;
