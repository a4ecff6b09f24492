//! POST /token: a user's name and password for an access token (RFC 6749 4.3).

use lambda_http::http::HeaderValue;
use lambda_http::http::header::PRAGMA;
use lambda_http::{Body, Request, Response};
use schemars::JsonSchema;
use serde::Serialize;
use shared::http::{self, ApiError, FieldError, Form};
use shared::{App, Route, login};

/// POST /token
pub const ROUTE: Route = Route::public_post("/token");

/// Verifies the password and grants the scopes that were asked for.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, ApiError> {
    let fields = Form::from_request(&request)?;
    let form = LoginForm::read(&fields)?;
    let user =
        login::authenticate(app, http::source_ip(&request), form.username, form.password).await?;
    let scopes = login::grant(&user, form.scope)?;
    let token = TokenResponse {
        access_token: app.tokens.sign(&user.username, &scopes, app.clock.now())?,
        token_type: "bearer",
        expires_in: app.tokens.lifetime().as_secs(),
        scope: scopes.to_string(),
    };
    let mut response = http::json(&token)?;
    response
        .headers_mut()
        .insert(PRAGMA, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// The form of RFC 6749 4.3.2, as FastAPI's `OAuth2PasswordRequestForm` reads it.
///
/// The client is this service's own, so what it says of itself is read and not used.
// A form has no null: an optional field has the type of a string.
#[derive(JsonSchema)]
pub struct LoginForm<'a> {
    /// `password`, if it is there.
    #[schemars(regex(pattern = "^password$"), extend("type" = "string"))]
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
    /// With every field's error, in FastAPI's order.
    fn read(form: &'a Form) -> Result<Self, ApiError> {
        let grant_type = form.optional("grant_type").and_then(only_password);
        let username = form.required("username");
        let password = form.required("password");
        let scope = form.optional("scope");
        let client_id = form.optional("client_id");
        let client_secret = form.optional("client_secret");
        if let (
            Ok(grant_type),
            Ok(username),
            Ok(password),
            Ok(scope),
            Ok(client_id),
            Ok(client_secret),
        ) = (
            &grant_type,
            &username,
            &password,
            &scope,
            &client_id,
            &client_secret,
        ) {
            return Ok(Self {
                grant_type: *grant_type,
                username,
                password,
                scope: scope.unwrap_or_default(),
                client_id: *client_id,
                client_secret: *client_secret,
            });
        }
        let errors = [
            grant_type.err(),
            username.err(),
            password.err(),
            scope.err(),
            client_id.err(),
            client_secret.err(),
        ];
        Err(ApiError::InvalidForm(
            errors.into_iter().flatten().collect(),
        ))
    }
}

fn only_password(grant_type: Option<&str>) -> Result<Option<&str>, FieldError> {
    match grant_type {
        None | Some("password") => Ok(grant_type),
        Some(other) => Err(FieldError::Mismatch {
            name: "grant_type",
            pattern: "^password$",
            input: other.to_owned(),
        }),
    }
}

/// RFC 6749 5.1.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Token")]
pub struct TokenResponse {
    /// A JWT.
    pub access_token: String,
    /// `bearer`.
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: u64,
    /// The scopes that were granted, with spaces between them.
    pub scope: String,
}
