//! What a client may offer for a token: a file for each grant (RFC 6749 4).

pub mod password;
pub mod refresh;
