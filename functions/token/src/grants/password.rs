//! A user's name and password for tokens (RFC 6749 4.3), as FastAPI's page reads them.

use schemars::JsonSchema;
use shared::domain::login;
use shared::domain::token::OWN;
use shared::http::{ApiError, Dialect, Fields, Form};

use crate::{State, TokenResponse};

/// The only `grant_type` that is allowed, as FastAPI's regular expression.
pub const PASSWORD: &str = "^password$";

/// Verifies the password, grants the scopes that were asked for, and begins a session where there are
/// any.
pub async fn tokens(
    state: &State,
    form: &Form,
    source_ip: &str,
) -> Result<TokenResponse, ApiError> {
    let (login, _, dialect, sessions) = state;
    let form = form.read(|fields| LoginForm::read(fields, *dialect))?;
    let user = login
        .authenticate(source_ip, form.username, form.password)
        .await?;
    let grant = login::grant(user, form.scope)?;
    let held = match sessions {
        Some(sessions) => Some(sessions.begin(&grant, OWN).await?),
        None => None,
    };
    TokenResponse::new(state, &grant, held.as_ref()).await
}

/// The form of RFC 6749 4.3.2, as FastAPI's `OAuth2PasswordRequestForm` reads it.
///
/// The client is this service's own, so what it says of itself is read and not used.
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
    /// Not used.
    #[schemars(extend("type" = "string"))]
    pub client_id: Option<&'a str>,
    /// Not used.
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
