//! POST /token: an access token for a user's name and password (RFC 6749 4.3), or for a refresh token.

pub mod grants;

use std::time::Duration;

use lambda_http::http::HeaderValue;
use lambda_http::http::header::PRAGMA;
use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::login::Login;
use shared::domain::sessions::{Held, Sessions};
use shared::domain::store::StoreError;
use shared::domain::token::{Grant, NewToken, SessionClaims, Signer};
use shared::http::{
    self, Answer, ApiError, Description, Dialect, Form, Kind, OAuthRefused, Operation, Problem,
    Public, Refused, Request, RequestError,
};
use shared::lambda::Function;

use grants::password::{LoginForm, PASSWORD};
use grants::{password, refresh};

/// POST /token
pub const ROUTE: Public = Public::at("/token", &[Operation::public("POST")]).token_endpoint();

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[Description::new("Log in")
        .takes_form::<LoginForm>()
        .answers::<TokenResponse>()
        .refuses(refusals)],
    start: |cold_start| cold_start.public(ROUTE, handle),
};

/// What a login needs, and what a session does, if there are any.
pub type State = (Login, Signer, Dialect, Option<Sessions>);

/// Gives tokens for what the form's `grant_type` names. Without sessions there is only FastAPI's:
/// the password.
pub async fn handle(state: &State, request: Request) -> Answer {
    let form = Form::of_body(&request)?;
    let grant = form.read(|fields| fields.optional("grant_type"));
    let tokens = match (grant, &state.3) {
        (Ok(Some(refresh::GRANT)), Some(sessions)) => {
            let tokens = refresh::tokens(state, sessions, &form).await;
            tokens.map_err(ApiError::in_rfc)?
        }
        _ => password::tokens(state, &form, http::source_ip(&request)).await?,
    };
    let mut response = http::json(&tokens)?;
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
    let token = Problem::of_field("body", "refresh_token", Kind::Missing);
    vec![
        ApiError::Request(RequestError::Invalid(vec![implicit, missing])),
        ApiError::Login(Refused::IncorrectPassword { reason: "" }),
        ApiError::Login(Refused::ScopeNotAllowed),
        ApiError::Login(Refused::TooManyAttempts { wait, reason: "" }),
        ApiError::OAuth(OAuthRefused::InvalidGrant { reason: "" }).in_rfc(),
        ApiError::OAuth(OAuthRefused::InvalidScope).in_rfc(),
        ApiError::Request(RequestError::Invalid(vec![token])).in_rfc(),
        ApiError::Unavailable(StoreError::Unavailable("".into())).in_rfc(),
        ApiError::internal("").in_rfc(),
    ]
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

impl TokenResponse {
    /// Signs an access token, which names its session if it has one.
    pub async fn new(
        (login, signer, ..): &State,
        grant: &Grant,
        held: Option<&Held>,
    ) -> Result<Self, ApiError> {
        let sid = held.map(|held| held.token.sid());
        let session = held.zip(sid.as_ref()).map(|(held, sid)| SessionClaims {
            sid: &sid.0,
            auth_time: held.auth_time,
        });
        let token = NewToken {
            session,
            ..grant.token()
        };
        Ok(Self {
            access_token: signer.sign(&token, login.clock.now()).await?,
            token_type: "bearer",
            expires_in: signer.lifetime().as_secs(),
            scope: grant.scopes.to_string(),
            refresh_token: held.map(|held| held.token.to_text()),
        })
    }
}
