//! A refresh token for new tokens (RFC 6749 6).

use lambda_http::Request;
use shared::domain::clients::GrantType;
use shared::domain::sessions::Sessions;
use shared::domain::token::NewToken;
use shared::http::{self, ApiError, Form};

use crate::{TokenEndpoint, TokenResponse};

/// What the form names it.
pub const GRANT: &str = GrantType::RefreshToken.as_str();

/// Gives the next refresh token, and an access token with it.
pub async fn tokens(
    endpoint: &TokenEndpoint,
    sessions: &Sessions,
    request: &Request,
    form: &Form,
) -> Result<TokenResponse, ApiError> {
    let (presented, scope) = form.read(|fields| {
        fields.one_line(&["grant_type", "refresh_token", "scope"]);
        (fields.required("refresh_token"), fields.optional("scope"))
    })?;
    let client = http::client(&endpoint.clients, request, form).await?;
    super::allowed(&client, GrantType::RefreshToken)?;
    let (grant, held) = sessions.refresh(presented, &client, scope).await?;
    let token = NewToken {
        client: &client.id,
        ..grant.token()
    };
    TokenResponse::new(endpoint, token, Some(&held)).await
}
