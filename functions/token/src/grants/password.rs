//! A user's name and password for tokens (RFC 6749 4.3), as FastAPI's page reads them.

use lambda_http::Request;
use schemars::JsonSchema;
use shared::domain::clients::GrantType;
use shared::domain::grants::{self, TokenSet};
use shared::http::{self, Dialect, Failure, Fields, Form};

use crate::State;

/// The only `grant_type` that is allowed, as FastAPI's regular expression.
pub const PASSWORD: &str = "^password$";

/// Logs the user in.
pub async fn tokens(
    ((login, grants), (dialect, clients)): &State,
    request: &Request,
    form: &Form,
) -> Result<TokenSet, Failure> {
    let LoginForm {
        username,
        password,
        scope,
        ..
    } = form.read(|fields| LoginForm::read(fields, *dialect))?;
    // FastAPI's page knows no clients.
    let client = http::client(clients, request, form).await;
    let client = client.map_err(Failure::oauth)?;
    grants::check(&client, GrantType::Password).map_err(Failure::oauth)?;

    let source_ip = http::source_ip(request);
    let login = login.authenticate(source_ip, username, password).await?;
    Ok(grants.password(&login, &client, scope).await?)
}

/// The form of RFC 6749 4.3.2, as FastAPI's `OAuth2PasswordRequestForm` reads it.
///
/// What a client says of itself is used only where clients are checked.
// A form cannot contain null, so in the schema an optional field is a plain string.
#[derive(JsonSchema)]
pub struct LoginForm<'a> {
    /// `password`, if it is there.
    #[schemars(regex(pattern = PASSWORD), extend("type" = "string"))]
    pub grant_type: Option<&'a str>,
    /// The user's name.
    #[schemars(length(min = 1))]
    pub username: &'a str,
    /// The user's password.
    #[schemars(length(min = 1), extend("format" = "password"))]
    pub password: &'a str,
    /// The scopes to grant, with spaces between them.
    #[schemars(default)]
    pub scope: &'a str,
    /// Used where clients are checked.
    #[schemars(extend("type" = "string"))]
    pub client_id: Option<&'a str>,
    /// Used where clients are checked.
    #[schemars(extend("type" = "string", "format" = "password"))]
    pub client_secret: Option<&'a str>,
}

impl<'a> LoginForm<'a> {
    /// Reads the fields in FastAPI's order, so that errors come in the same order.
    fn read(fields: &mut Fields<'a>, dialect: Dialect) -> Self {
        if dialect == Dialect::Rfc {
            // RFC 6749 4.3.2 requires it, and its appendix A allows no line break.
            fields.required("grant_type");
            fields.one_line(&[
                "grant_type",
                "username",
                "password",
                "scope",
                "client_id",
                "client_secret",
            ]);
        }
        Self {
            grant_type: fields.only("grant_type", "password", PASSWORD),
            username: fields.required("username"),
            password: fields.required("password"),
            scope: fields.optional("scope").unwrap_or_default(),
            client_id: fields.optional("client_id"),
            client_secret: fields.optional("client_secret"),
        }
    }
}
