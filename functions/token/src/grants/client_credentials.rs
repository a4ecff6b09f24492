//! A client's own credentials, for a token of its own without a user (RFC 6749 4.4).

use lambda_http::Request;
use schemars::JsonSchema;
use shared::domain::clients::GrantType;
use shared::domain::grants::TokenSet;
use shared::http::{self, ApiError, Fields, Form};

use crate::State;

/// What the form names it.
pub const GRANT: &str = GrantType::ClientCredentials.as_str();

/// Gives a client that has proved who it is a token of its own.
pub async fn tokens(
    ((_, grants), (_, clients)): &State,
    request: &Request,
    form: &Form,
) -> Result<TokenSet, ApiError> {
    let ClientForm { scope, .. } = form.read(ClientForm::read)?;
    let client = http::confidential_client(clients, request, form).await?;
    Ok(grants.client_credentials(&client, scope).await?)
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
