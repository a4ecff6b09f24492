//! POST /token: an access token, for what the form offers: a file of `grants/` for each.

pub mod grants;

use std::time::Duration;

use lambda_http::http::HeaderValue;
use lambda_http::http::header::PRAGMA;
use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::clients::Clients;
use shared::domain::grants::{Grants, TokenSet};
use shared::domain::login::{Login, LoginError};
use shared::domain::sessions::SessionError;
use shared::domain::store::StoreError;
use shared::http::{
    self, Alternative, ApiError, Body, Description, Dialect, Failure, Feature, Form, Kind,
    Operation, Problem, Public, Request, RequestError, Response,
};
use shared::lambda::Function;

use grants::client_credentials::ClientForm;
use grants::password::{LoginForm, PASSWORD};
use grants::refresh::RefreshForm;
use grants::{client_credentials, password, refresh};

/// POST /token
pub const ROUTE: Public = Public::at("/token", &[Operation::public("POST")]).token_endpoint();

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[Description::new("Log in")
        .takes_form::<LoginForm>()
        .or_takes(&[
            Alternative::form::<RefreshForm>(Feature::Sessions, refresh_refusals),
            Alternative::form::<ClientForm>(Feature::Clients, grant_refusals),
        ])
        .answers::<TokenResponse>()
        .refuses(refusals)],
    start: |cold_start| cold_start.public(ROUTE, handle),
};

/// Checks passwords, issues tokens, knows how FastAPI's own form is read, and which programs there are.
pub type State = ((Login, Grants), (Dialect, Clients));

/// Gives tokens for what the form's `grant_type` names. FastAPI's page knows only one, the password;
/// the others are there where sessions and clients are.
pub async fn handle(state: &State, request: Request) -> Result<Response<Body>, Failure> {
    let ((_, grants), (_, clients)) = state;
    let form = Form::of_body(&request)?;
    let grant = form.read(|fields| fields.optional("grant_type"));
    let tokens = match (grant, &grants.sessions) {
        (Ok(Some(refresh::GRANT)), Some(sessions)) => {
            let tokens = refresh::tokens(state, sessions, &request, &form).await;
            tokens.map_err(Failure::oauth)?
        }
        (Ok(Some(client_credentials::GRANT)), _) if clients.are_checked() => {
            let tokens = client_credentials::tokens(state, &request, &form).await;
            tokens.map_err(Failure::oauth)?
        }
        _ => password::tokens(state, &request, &form).await?,
    };
    let mut response = http::json(&TokenResponse::from(tokens))?;
    let headers = response.headers_mut();
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    Ok(response)
}

fn refusals() -> Vec<ApiError> {
    let wait = Duration::from_secs(30);
    let implicit = Problem {
        input: "implicit".into(),
        ..Problem::of_field("body", "grant_type", Kind::Mismatch(PASSWORD))
    };
    let missing = Problem::of_field("body", "username", Kind::Missing);
    vec![
        ApiError::Request(RequestError::Invalid(vec![implicit, missing])),
        ApiError::Login(LoginError::IncorrectPassword { reason: "" }),
        ApiError::ScopeNotAllowed,
        ApiError::Login(LoginError::TooManyAttempts { wait, reason: "" }),
    ]
}

/// What each grant that FastAPI's page does not have can refuse with.
fn grant_refusals() -> Vec<ApiError> {
    vec![
        ApiError::InvalidScope,
        ApiError::UnauthorizedClient,
        ApiError::Store(StoreError::Unavailable("".into())),
        ApiError::internal(""),
    ]
}

fn refresh_refusals() -> Vec<ApiError> {
    let missing = Problem::of_field("body", "refresh_token", Kind::Missing);
    let own = [
        SessionError::Invalid("").into(),
        ApiError::Request(RequestError::Invalid(vec![missing])),
    ];
    own.into_iter().chain(grant_refusals()).collect()
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
    /// For new tokens, where sessions are on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("type" = "string"))]
    pub refresh_token: Option<String>,
}

impl From<TokenSet> for TokenResponse {
    fn from(tokens: TokenSet) -> Self {
        Self {
            access_token: tokens.access_token,
            token_type: "bearer",
            expires_in: tokens.lifetime.as_secs(),
            scope: tokens.scopes.to_string(),
            refresh_token: tokens.refresh_token.map(|token| token.to_text()),
        }
    }
}
