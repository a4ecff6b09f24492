//! POST /token: a user's name and password for an access token (RFC 6749 4.3).

use std::time::Duration;

use lambda_http::http::HeaderValue;
use lambda_http::http::header::PRAGMA;
use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::login::{self, Login};
use shared::domain::token::Signer;
use shared::http::{
    self, Answer, ApiError, Description, Dialect, Fields, Form, Kind, Operation, Problem, Public,
    Refused, Request, RequestError,
};
use shared::lambda::Function;

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

/// The only `grant_type` that is allowed, as FastAPI's regular expression.
const PASSWORD: &str = "^password$";

/// Verifies the password and grants the scopes that were asked for.
pub async fn handle(
    (login, signer, dialect): &(Login, Signer, Dialect),
    request: Request,
) -> Answer {
    let form = Form::of_body(&request)?;
    let form = form.read(|fields| LoginForm::read(fields, *dialect))?;
    let source_ip = http::source_ip(&request);
    let user = login
        .authenticate(source_ip, form.username, form.password)
        .await?;
    let grant = login::grant(user, form.scope)?;
    let token = TokenResponse {
        access_token: signer.sign(&grant, login.clock.now()).await?,
        token_type: "bearer",
        expires_in: signer.lifetime().as_secs(),
        scope: grant.scopes.to_string(),
    };
    let mut response = http::json(&token)?;
    let headers = response.headers_mut();
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    Ok(response)
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

fn refusals() -> Vec<ApiError> {
    let wait = Duration::from_secs(30);
    let implicit = Problem {
        input: "implicit".into(),
        ..Problem::of_field("body", "grant_type", Kind::Mismatch(PASSWORD))
    };
    let missing = Problem::of_field("body", "username", Kind::Missing);
    vec![
        ApiError::Request(RequestError::Invalid(vec![implicit, missing])),
        ApiError::Login(Refused::IncorrectPassword { reason: "" }),
        ApiError::Login(Refused::ScopeNotAllowed),
        ApiError::Login(Refused::TooManyAttempts { wait, reason: "" }),
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
}
