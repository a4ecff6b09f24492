//! POST /token: an access token, for what the form offers: a file of `grants/` for each.

pub mod grants;

use std::time::Duration;

use lambda_http::http::HeaderValue;
use lambda_http::http::header::PRAGMA;
use schemars::JsonSchema;
use serde::Serialize;
use shared::config::{ConfigError, Parts, Reader, State};
use shared::domain::clients::Clients;
use shared::domain::login::{Login, LoginError};
use shared::domain::sessions::{Held, SessionError, Sessions};
use shared::domain::store::StoreError;
use shared::domain::tokens::{NewToken, SessionClaims, Signer};
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

/// What gives tokens.
pub struct TokenEndpoint {
    /// Checks passwords.
    pub login: Login,
    /// Signs access tokens.
    pub signer: Signer,
    /// How FastAPI's own form is read.
    pub dialect: Dialect,
    /// Which programs there are.
    pub clients: Clients,
    /// Makes refresh tokens, if logins last.
    pub sessions: Option<Sessions>,
}

type Needs = ((Login, Signer, Dialect), (Clients, Option<Sessions>));

impl State for TokenEndpoint {
    type Config = <Needs as State>::Config;

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        Needs::read(reader)
    }

    async fn open(config: Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        let ((login, signer, dialect), (clients, sessions)) = Needs::open(config, parts).await?;
        Ok(Self {
            login,
            signer,
            dialect,
            clients,
            sessions,
        })
    }
}

/// Gives tokens for what the form's `grant_type` names. FastAPI's page knows only one, the password;
/// the others are there where sessions and clients are.
pub async fn handle(endpoint: &TokenEndpoint, request: Request) -> Result<Response<Body>, Failure> {
    let form = Form::of_body(&request)?;
    let grant = form.read(|fields| fields.optional("grant_type"));
    let tokens = match (grant, &endpoint.sessions) {
        (Ok(Some(refresh::GRANT)), Some(sessions)) => {
            let tokens = refresh::tokens(endpoint, sessions, &request, &form).await;
            tokens.map_err(Failure::oauth)?
        }
        (Ok(Some(client_credentials::GRANT)), _) if endpoint.clients.are_checked() => {
            let tokens = client_credentials::tokens(endpoint, &request, &form).await;
            tokens.map_err(Failure::oauth)?
        }
        _ => password::tokens(endpoint, &request, &form).await?,
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
    vec![
        ApiError::Request(RequestError::Invalid(vec![implicit, missing])),
        ApiError::Login(LoginError::IncorrectPassword { reason: "" }),
        ApiError::Login(LoginError::ScopeNotAllowed),
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

impl TokenResponse {
    /// Signs an access token, which names its session if it has one.
    pub async fn new(
        endpoint: &TokenEndpoint,
        token: NewToken<'_>,
        held: Option<&Held>,
    ) -> Result<Self, ApiError> {
        let sid = held.map(|held| held.token.sid());
        let session = held.zip(sid.as_ref()).map(|(held, sid)| SessionClaims {
            sid: &sid.0,
            auth_time: held.auth_time,
        });
        let token = NewToken { session, ..token };
        let now = endpoint.login.clock.now();
        Ok(Self {
            access_token: endpoint.signer.sign(&token, now).await?,
            token_type: "bearer",
            expires_in: endpoint.signer.lifetime().as_secs(),
            scope: token.scopes.to_string(),
            refresh_token: held.map(|held| held.token.to_text()),
        })
    }
}
