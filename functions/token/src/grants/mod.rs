//! The forms of POST /token: a file for each grant (RFC 6749 4).

pub mod client_credentials;
pub mod password;
pub mod refresh;
