//! What the service knows and decides, independent of HTTP and of where its data is stored.
//!
//! | module | holds |
//! |---|---|
//! | [`accounts`] | users: their records, names and passwords, and the stores that keep them |
//! | [`login`] | [`login::Login`]: checks the password and limits the failures |
//! | [`clients`] | the programs that ask for tokens, and how they prove which one they are |
//! | [`sessions`] | logins that last, and their refresh tokens |
//! | [`grants`] | what a client gets for what it has proved: one way to issue |
//! | [`tokens`] | the JWT: how it is signed and verified, its claims, and the keys |
//! | [`access`] | [`access::Guard`]: the one place where token, user and scopes are checked |
//! | [`introspection`] | what a token is worth, for clients that ask |
//! | [`route_scopes`] | which scopes the routes of another API need |
//! | [`scope`] | [`scope::Scopes`] and the service's catalogue of scopes |
//! | [`store`] | what all stores have in common: their errors |
//! | [`clock`] | the only place that reads the time |

pub mod access;
pub mod accounts;
pub mod clients;
pub mod clock;
pub mod grants;
pub mod introspection;
pub mod login;
pub mod route_scopes;
pub mod scope;
pub mod sessions;
pub mod store;
pub mod tokens;
