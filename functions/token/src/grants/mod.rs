//! What a client may offer for a token: a file for each grant (RFC 6749 4).

pub mod client_credentials;
pub mod password;
pub mod refresh;

use shared::domain::clients::{Client, GrantType};
use shared::http::ApiError;

/// Refuses a client that may not use this grant.
fn allowed(client: &Client, grant: GrantType) -> Result<(), ApiError> {
    if client.may(grant) {
        Ok(())
    } else {
        Err(ApiError::UnauthorizedClient)
    }
}
