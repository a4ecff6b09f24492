//! A refresh token for new tokens (RFC 6749 6).

use shared::domain::sessions::Sessions;
use shared::domain::token::OWN;
use shared::http::{ApiError, Form};

use crate::{State, TokenResponse};

/// What the form names it.
pub const GRANT: &str = "refresh_token";

/// Gives the next refresh token, and an access token with it.
pub async fn tokens(
    state: &State,
    sessions: &Sessions,
    form: &Form,
) -> Result<TokenResponse, ApiError> {
    let (presented, scope) = form.read(|fields| {
        fields.one_line(&["grant_type", "refresh_token", "scope"]);
        (fields.required("refresh_token"), fields.optional("scope"))
    })?;
    let (grant, held) = sessions.refresh(presented, OWN, scope).await?;
    TokenResponse::new(state, &grant, Some(&held)).await
}
