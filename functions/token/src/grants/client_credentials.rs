//! A client's own credentials, for a token of its own without a user (RFC 6749 4.4).

use lambda_http::Request;
use shared::domain::clients::GrantType;
use shared::domain::token::NewToken;
use shared::http::{self, ApiError, Form, OAuthRefused};

use crate::{TokenEndpoint, TokenResponse};

/// What the form names it.
pub const GRANT: &str = GrantType::ClientCredentials.as_str();

/// Gives an access token for the scopes that are asked for, or for all that the client has. There is
/// no refresh token: the client can ask again (RFC 6749 4.4.3).
pub async fn tokens(
    endpoint: &TokenEndpoint,
    request: &Request,
    form: &Form,
) -> Result<TokenResponse, ApiError> {
    let scope = form.read(|fields| {
        fields.one_line(&["grant_type", "scope"]);
        fields.optional("scope")
    })?;
    let client = http::confidential_client(&endpoint.clients, request, form).await?;
    super::allowed(&client, GrantType::ClientCredentials)?;
    client.note_in_log();
    let scopes = client.grant(scope).ok_or(OAuthRefused::InvalidScope)?;
    let token = NewToken {
        sub: &client.subject(),
        client: &client.id,
        scopes: &scopes,
        stamp: None,
        session: None,
    };
    TokenResponse::new(endpoint, token, None).await
}
