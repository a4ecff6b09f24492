//! What the functions share: a request's way from the gateway's event to the answer.
//!
//! | module | holds |
//! |---|---|
//! | [`app`] | [`App`]: users, tokens, passwords and clock, built once per cold start |
//! | [`config`] | every environment variable, its default and its unit |
//! | [`http`] | one way in (event, form), one way out (json, [`http::File`], [`http::ApiError`]) |
//! | [`route`] | [`Route`]: method, path and required scopes of a function |
//! | [`attempts`] | how often a login may fail |
//! | [`auth`] | the one place where token, user and scopes are checked |
//! | [`login`] | the password, the count of failures, the scopes that are granted |
//! | [`scope`] | [`scope::Scopes`] and the service's catalogue of scopes |
//! | [`token`] | claims, signing and verification of the JWT (`hs256`: its one algorithm) |
//! | [`password`] | argon2id: hash and verify |
//! | [`users`] | [`users::UserStore`] and its homes |
//! | [`table`] | the DynamoDB table: keys, attributes |
//! | [`aws`] | the client of DynamoDB: credentials, TLS, time limits |
//! | [`clock`] | the only place that reads the time |
//! | [`log`] | one JSON line per request |

pub mod app;
pub mod attempts;
pub mod auth;
pub mod aws;
pub mod clock;
pub mod config;
mod hs256;
pub mod http;
pub mod log;
pub mod login;
pub mod password;
pub mod route;
pub mod scope;
pub mod table;
pub mod token;
pub mod users;

pub use app::App;
pub use route::Route;
