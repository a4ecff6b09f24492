//! The statuses, headers and bodies of RFC 6749 5.2 (the authorization server's clients) and RFC 6750 3
//! (resources), a row for every case. What they say nothing about is answered as FastAPI answers it.

use lambda_http::http::header::PRAGMA;
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::fastapi::{self, ErrorBody, HttpError};
use super::validation::HttpValidationError;
use super::{Header, Row, challenge};
use crate::domain::access::Denied;
use crate::domain::login::LoginError;
use crate::domain::sessions::SessionError;
use crate::domain::store::StoreError;
use crate::domain::tokens::InvalidToken;
use crate::http::request::error::RequestError;
use crate::http::request::problem::{Kind, Problem};
use crate::http::response::error::{ApiError, is_temporary};

/// RFC 6749 5.2. Both texts are constants: nothing that a client sent is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
struct OAuthError {
    /// What happened, for programs.
    error: &'static str,
    /// What happened, for people.
    error_description: &'static str,
}

/// The error of a resource also has the `detail` that FastAPI sends.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OAuth{Detail}")]
struct ResourceError<Detail> {
    #[serde(flatten)]
    oauth: Option<OAuthError>,
    #[serde(flatten)]
    detail: Detail,
}

/// The answer to a client of the authorization server (RFC 6749 5.2). Where the RFC has no code, such as
/// for a path where nothing is, the body is FastAPI's.
pub(super) fn oauth(error: &ApiError) -> Response<Body> {
    let mut row = row(error);
    let mut oauth = oauth_error(error);
    if let ApiError::Request(RequestError::Invalid(problems)) = error {
        row.status = StatusCode::BAD_REQUEST;
        if another_grant(problems) {
            let description = "The grant type is not supported";
            oauth = Some(words("unsupported_grant_type", description));
        }
    }
    let Some(body) = oauth else {
        return row.response();
    };
    row.headers
        .push((PRAGMA, HeaderValue::from_static("no-cache")));
    Row {
        status: row.status,
        headers: row.headers,
        body,
    }
    .response()
}

/// The answer to a client that uses a resource (RFC 6750 3).
pub(super) fn bearer(error: &ApiError) -> Response<Body> {
    let Row {
        status,
        headers,
        body: detail,
    } = row(error);
    let oauth = oauth_error(error);
    Row {
        status,
        headers,
        body: ResourceError::<ErrorBody> { oauth, detail },
    }
    .response()
}

pub(super) fn oauth_schema(status: StatusCode, generator: &mut SchemaGenerator) -> Schema {
    match status {
        // The RFCs have no code for a path where nothing is.
        StatusCode::NOT_FOUND => fastapi::schema(status, generator),
        _ => generator.subschema_for::<OAuthError>(),
    }
}

pub(super) fn bearer_schema(status: StatusCode, generator: &mut SchemaGenerator) -> Schema {
    match status {
        StatusCode::UNPROCESSABLE_ENTITY => {
            generator.subschema_for::<ResourceError<HttpValidationError>>()
        }
        _ => generator.subschema_for::<ResourceError<HttpError>>(),
    }
}

/// FastAPI's row, but for bearer tokens the status and the challenge of RFC 6750 3.
fn row(error: &ApiError) -> Row<ErrorBody> {
    let (status, required) = match error {
        ApiError::NotAuthenticated => (StatusCode::UNAUTHORIZED, &[][..]),
        ApiError::MalformedCredentials { required } => (StatusCode::BAD_REQUEST, *required),
        ApiError::Denied { required, denied } => match denied {
            Denied::InvalidToken(_) => (StatusCode::UNAUTHORIZED, *required),
            Denied::InsufficientScope => (StatusCode::FORBIDDEN, *required),
            // The row of a bad token, in every word: a client is not told that the user is disabled.
            Denied::InactiveUser => {
                let bad = Denied::InvalidToken(InvalidToken::Expired);
                return row(&ApiError::Denied {
                    required,
                    denied: bad,
                });
            }
            Denied::Store(_) => return fastapi::row(error),
        },
        _ => return fastapi::row(error),
    };
    Row {
        status,
        headers: vec![bearer_challenge(required, oauth_error(error))],
        ..fastapi::row(error)
    }
}

/// `scope` comes first, as in FastAPI's challenge (RFC 6750 3).
fn bearer_challenge(required: &[&str], error: Option<OAuthError>) -> Header {
    let scope = required.join(" ");
    let mut parameters = vec![("scope", &*scope), ("realm", "api")];
    parameters.retain(|(_, value)| !value.is_empty());
    if let Some(error) = &error {
        parameters.push(("error", error.error));
        parameters.push(("error_description", error.error_description));
    }
    challenge("Bearer", &parameters)
}

const fn words(error: &'static str, error_description: &'static str) -> OAuthError {
    OAuthError {
        error,
        error_description,
    }
}

/// `error` and `error_description`, where the RFCs have one. `temporarily_unavailable` is borrowed
/// from RFC 6749 4.1.2.1: at `invalid_grant` a client would throw its session away.
fn oauth_error(error: &ApiError) -> Option<OAuthError> {
    Some(match error {
        ApiError::Request(error) => request(error)?,
        // RFC 6750 3.1: no error code for a request that has no credentials.
        ApiError::NotAuthenticated | ApiError::Status { .. } => return None,
        ApiError::MalformedCredentials { .. } => words(
            "invalid_request",
            "The Authorization header is not one bearer token",
        ),
        ApiError::Denied { denied, .. } => match denied {
            Denied::InvalidToken(_) | Denied::InactiveUser => {
                words("invalid_token", "The access token is not valid")
            }
            Denied::InsufficientScope => words(
                "insufficient_scope",
                "The access token does not have every scope that is required",
            ),
            Denied::Store(error) => store(error),
        },
        ApiError::Login(error) => login(error),
        ApiError::InvalidClient { .. } => words(
            "invalid_client",
            "The client is unknown or did not prove who it is",
        ),
        ApiError::MalformedClient => words(
            "invalid_request",
            "The client's credentials are malformed, or there twice",
        ),
        ApiError::UnauthorizedClient => words(
            "unauthorized_client",
            "The client may not use this grant type",
        ),
        ApiError::Session(SessionError::Invalid(_)) => words(
            "invalid_grant",
            "The refresh token is not valid, or not any more",
        ),
        ApiError::InvalidScope | ApiError::Session(SessionError::Scope) => words(
            "invalid_scope",
            "A scope is malformed, unknown, or more than was granted",
        ),
        ApiError::UnsupportedTokenType => words(
            "unsupported_token_type",
            "The token has no session that could be ended",
        ),
        ApiError::ScopeNotAllowed => words(
            "invalid_scope",
            "A scope is unknown, malformed or not one of the user's",
        ),
        ApiError::Store(error) | ApiError::Session(SessionError::Store(error)) => store(error),
        ApiError::Internal(_) | ApiError::Session(SessionError::Random) => SERVER_ERROR,
    })
}

const SERVER_ERROR: OAuthError = words("server_error", "The service has failed");

fn request(error: &RequestError) -> Option<OAuthError> {
    let description = match error {
        RequestError::NotFound | RequestError::MethodNotAllowed { .. } => return None,
        RequestError::MalformedBody => "The body cannot be read",
        RequestError::ContentTooLarge => "The body is too large",
        RequestError::TooManyFields { .. } => "The form has too many fields",
        RequestError::Invalid(_) => "A parameter is missing, repeated or malformed",
    };
    Some(words("invalid_request", description))
}

/// Only `grant_type` has a pattern. Another grant has other fields, so those that it lacks do not
/// count; a line break does, whichever grant it is.
fn another_grant(problems: &[Problem]) -> bool {
    let mut kinds = problems.iter().map(|problem| &problem.kind);
    let line_break = kinds.clone().any(|kind| matches!(kind, Kind::Other(_)));
    !line_break && kinds.any(|kind| matches!(kind, Kind::Mismatch(_)))
}

fn login(error: &LoginError) -> OAuthError {
    match error {
        LoginError::IncorrectPassword { .. } => {
            words("invalid_grant", "The username or the password is wrong")
        }
        LoginError::TooManyAttempts { .. } => words(
            "temporarily_unavailable",
            "Too many logins have failed; wait before the next",
        ),
        LoginError::Store(error) => store(error),
    }
}

fn store(error: &StoreError) -> OAuthError {
    if is_temporary(error) {
        words(
            "temporarily_unavailable",
            "The service is not available at the moment",
        )
    } else {
        SERVER_ERROR
    }
}
