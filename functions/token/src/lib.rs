//! POST /token: a user's name and password for an access token (RFC 6749 4.3).

use lambda_http::http::HeaderValue;
use lambda_http::http::header::PRAGMA;
use lambda_http::{Body, Request, Response};
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
struct LoginForm<'a> {
    username: &'a str,
    password: &'a str,
    scope: &'a str,
}

impl<'a> LoginForm<'a> {
    /// With every field's error, in FastAPI's order.
    fn read(form: &'a Form) -> Result<Self, ApiError> {
        let grant_type = form.optional("grant_type").and_then(only_password);
        let username = form.required("username");
        let password = form.required("password");
        let scope = form.optional("scope");
        // Read by FastAPI too, and not used: the client is this service's own.
        let client = ["client_id", "client_secret"].map(|name| form.optional(name));
        if let (Ok(()), Ok(username), Ok(password), Ok(scope), [Ok(_), Ok(_)]) =
            (&grant_type, &username, &password, &scope, &client)
        {
            let scope = scope.unwrap_or_default();
            return Ok(Self {
                username,
                password,
                scope,
            });
        }
        let [client_id, client_secret] = client.map(Result::err);
        let errors = [
            grant_type.err(),
            username.err(),
            password.err(),
            scope.err(),
            client_id,
            client_secret,
        ];
        Err(ApiError::InvalidForm(
            errors.into_iter().flatten().collect(),
        ))
    }
}

fn only_password(grant_type: Option<&str>) -> Result<(), FieldError> {
    match grant_type {
        None | Some("password") => Ok(()),
        Some(other) => Err(FieldError::Mismatch {
            name: "grant_type",
            pattern: "^password$",
            input: other.to_owned(),
        }),
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
