//! The tests that need neither Docker nor a network: each file is named like the route or the concern that it tests. One file's
//! run by `cargo test -p tests --test all flows::`.

mod attacks;
mod authorizer;
mod catalogue;
mod clients;
mod dependencies;
mod deploy;
mod development;
mod documentation;
mod examples;
mod faults;
mod flows;
mod hostile;
mod ids;
mod interleavings;
mod log;
mod logins;
mod modules;
mod oauth2;
mod parity;
mod refreshes;
mod revoke;
mod rfc;
mod routing;
mod runtime;
mod second_factor;
mod sessions;
mod store;
mod tls;
mod tokens;
mod users_me_sessions;
mod well_known;
mod wire;
