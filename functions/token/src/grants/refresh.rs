//! A refresh token for new tokens (RFC 6749 6).

use lambda_http::Request;
use schemars::JsonSchema;
use shared::domain::clients::GrantType;
use shared::domain::grants::TokenSet;
use shared::domain::sessions::Sessions;
use shared::http::{self, ApiError, Fields, Form};

use crate::State;

/// What the form names it.
pub const GRANT: &str = GrantType::RefreshToken.as_str();

/// Gives the next refresh token, and an access token with it.
pub async fn tokens(
    ((_, grants), (_, clients)): &State,
    sessions: &Sessions,
    request: &Request,
    form: &Form,
) -> Result<TokenSet, ApiError> {
    let RefreshForm {
        refresh_token,
        scope,
        ..
    } = form.read(RefreshForm::read)?;
    let client = http::client(clients, request, form).await?;
    let tokens = grants.refresh(sessions, refresh_token, &client, scope);
    Ok(tokens.await?)
}

/// The form of RFC 6749 6.
#[derive(JsonSchema)]
pub struct RefreshForm<'a> {
    /// `refresh_token`
    #[schemars(extend("const" = GRANT))]
    pub grant_type: &'a str,
    /// The token that was answered last.
    #[schemars(length(min = 1))]
    pub refresh_token: &'a str,
    /// Fewer scopes than the user granted, with spaces between them.
    #[schemars(extend("type" = "string"))]
    pub scope: Option<&'a str>,
}

impl<'a> RefreshForm<'a> {
    fn read(fields: &mut Fields<'a>) -> Self {
        fields.one_line(&["grant_type", "refresh_token", "scope"]);
        Self {
            grant_type: GRANT,
            refresh_token: fields.required("refresh_token"),
            scope: fields.optional("scope"),
        }
    }
}
