//! A client's own credentials, for a token of its own without a user (RFC 6749 4.4).

use lambda_http::Request;
use schemars::JsonSchema;
use shared::domain::clients::GrantType;
use shared::domain::tokens::NewToken;
use shared::http::{self, ApiError, Fields, Form};

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
    let ClientForm { scope, .. } = form.read(ClientForm::read)?;
    let client = http::confidential_client(&endpoint.clients, request, form).await?;
    super::allowed(&client, GrantType::ClientCredentials)?;
    client.note_in_log();
    let scopes = client.grant(scope).ok_or(ApiError::InvalidScope)?;
    let token = NewToken {
        sub: &client.subject(),
        client: &client.id,
        scopes: &scopes,
        stamp: None,
        session: None,
    };
    TokenResponse::new(endpoint, token, None).await
}

/// The form of RFC 6749 4.4.2.
#[derive(JsonSchema)]
pub struct ClientForm<'a> {
    /// `client_credentials`
    #[schemars(extend("const" = GRANT))]
    pub grant_type: &'a str,
    /// The scopes to grant, with spaces between them; all that the client has if it is not there.
    #[schemars(extend("type" = "string"))]
    pub scope: Option<&'a str>,
}

impl<'a> ClientForm<'a> {
    fn read(fields: &mut Fields<'a>) -> Self {
        fields.one_line(&["grant_type", "scope"]);
        Self {
            grant_type: GRANT,
            scope: fields.optional("scope"),
        }
    }
}
