//! POST /token: a user's name and password for an access token (RFC 6749 4.3).

use lambda_http::http::HeaderValue;
use lambda_http::http::header::PRAGMA;
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use shared::http::{self, ApiError, FieldError, Form};
use shared::{App, Route, auth};

/// POST /token
pub const ROUTE: Route = Route::public_post("/token");

/// Verifies the password and grants the scopes that were asked for.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, ApiError> {
    let form = Form::from_request(&request)?;
    let login = Login::read(&form)?;
    let user = auth::authenticate(app, login.username, login.password).await?;
    let scopes = auth::grant(&user, login.scope)?;
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
struct Login<'a> {
    username: &'a str,
    password: &'a str,
    scope: &'a str,
}

impl<'a> Login<'a> {
    fn read(form: &'a Form) -> Result<Self, ApiError> {
        let mut errors = Vec::new();
        if let Some(other) = form
            .optional("grant_type", &mut errors)
            .filter(|value| *value != "password")
        {
            let (name, pattern) = ("grant_type", "^password$");
            errors.push(FieldError::Mismatch {
                name,
                pattern,
                input: other.to_owned(),
            });
        }
        let login = Self {
            username: form.required("username", &mut errors),
            password: form.required("password", &mut errors),
            scope: form.optional("scope", &mut errors).unwrap_or_default(),
        };
        // Read by FastAPI too, and not used: the client is this service's own.
        for name in ["client_id", "client_secret"] {
            form.optional(name, &mut errors);
        }
        if errors.is_empty() {
            Ok(login)
        } else {
            Err(ApiError::InvalidForm(errors))
        }
    }
}

/// RFC 6749 5.1.
#[derive(Serialize)]
struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
    scope: String,
}
