//! FastAPI's statuses, headers and bodies, in one row for each error.

use std::time::Duration;

use lambda_http::http::header::ALLOW;
use lambda_http::http::{HeaderValue, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::validation::HttpValidationError;
use super::{Row, challenge, retry_after};
use crate::domain::access::Denied;
use crate::domain::login::LoginError;
use crate::domain::sessions::SessionError;
use crate::domain::store::StoreError;
use crate::http::request::error::RequestError;
use crate::http::response::error::{ApiError, is_temporary};

/// The body of every error but 422.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HTTPError")]
pub struct HttpError {
    /// What happened.
    detail: String,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum ErrorBody {
    Plain(HttpError),
    Problems(HttpValidationError),
}

pub(super) fn schema(status: StatusCode, generator: &mut SchemaGenerator) -> Schema {
    match status {
        StatusCode::UNPROCESSABLE_ENTITY => generator.subschema_for::<HttpValidationError>(),
        _ => generator.subschema_for::<HttpError>(),
    }
}

pub(super) fn row(error: &ApiError) -> Row<ErrorBody> {
    match error {
        ApiError::Request(error) => request(error),
        ApiError::NotAuthenticated => unauthorized("Not authenticated", &[]),
        ApiError::MalformedCredentials { required } => {
            unauthorized("Could not validate credentials", required)
        }
        ApiError::Denied { required, denied } => match denied {
            Denied::InvalidToken(_) => unauthorized("Could not validate credentials", required),
            Denied::InsufficientScope => unauthorized("Not enough permissions", required),
            Denied::InactiveUser => plain(StatusCode::BAD_REQUEST, "Inactive user"),
            Denied::Store(error) => store(error),
        },
        ApiError::Login(error) => login(error),
        // A 401 needs a challenge (RFC 9110 15.5.2), and a challenge of this kind opens a browser's
        // dialog; so it is only for a client that has sent such a header (RFC 6749 5.2).
        ApiError::InvalidClient { basic: true, .. } => Row {
            headers: vec![challenge("Basic", &[("realm", "api")])],
            ..plain(StatusCode::UNAUTHORIZED, "Invalid client")
        },
        ApiError::ScopeNotAllowed => plain(StatusCode::BAD_REQUEST, "Scope not allowed"),
        // FastAPI's page has none of these, so they are only presented as in RFC 6749, whose table
        // says the rest.
        ApiError::InvalidClient { .. }
        | ApiError::MalformedClient
        | ApiError::UnauthorizedClient
        | ApiError::InvalidScope
        | ApiError::UnsupportedTokenType
        | ApiError::Session(SessionError::Invalid(_) | SessionError::Scope) => {
            plain(StatusCode::BAD_REQUEST, "Bad Request")
        }
        ApiError::Status { status, detail } => plain(*status, detail),
        ApiError::Store(error) | ApiError::Session(SessionError::Store(error)) => store(error),
        ApiError::Internal(_) | ApiError::Session(SessionError::Random) => internal(),
    }
}

fn request(error: &RequestError) -> Row<ErrorBody> {
    match error {
        RequestError::NotFound => plain(StatusCode::NOT_FOUND, "Not Found"),
        RequestError::MethodNotAllowed { allowed } => Row {
            headers: vec![(ALLOW, methods(allowed))],
            ..plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
        },
        RequestError::MalformedBody => plain(
            StatusCode::BAD_REQUEST,
            "There was an error parsing the body",
        ),
        RequestError::ContentTooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE, "Content Too Large"),
        RequestError::TooManyFields { most } => plain(
            StatusCode::BAD_REQUEST,
            &format!("Too many fields. Maximum number of fields is {most}."),
        ),
        RequestError::Invalid(problems) => Row {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            headers: Vec::new(),
            body: ErrorBody::Problems(HttpValidationError::of(problems)),
        },
    }
}

fn login(error: &LoginError) -> Row<ErrorBody> {
    match error {
        LoginError::IncorrectPassword { .. } => {
            plain(StatusCode::BAD_REQUEST, "Incorrect username or password")
        }
        LoginError::TooManyAttempts { wait, .. } => later(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many login attempts",
            *wait,
        ),
        LoginError::Store(error) => store(error),
    }
}

fn store(error: &StoreError) -> Row<ErrorBody> {
    if is_temporary(error) {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        later(status, "Service Unavailable", Duration::from_secs(1))
    } else {
        internal()
    }
}

fn internal() -> Row<ErrorBody> {
    plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

fn plain(status: StatusCode, detail: &str) -> Row<ErrorBody> {
    Row {
        status,
        headers: Vec::new(),
        body: ErrorBody::Plain(HttpError {
            detail: detail.to_owned(),
        }),
    }
}

fn later(status: StatusCode, detail: &str, wait: Duration) -> Row<ErrorBody> {
    Row {
        headers: vec![retry_after(wait)],
        ..plain(status, detail)
    }
}

/// A 401 whose challenge has all scopes that are required (RFC 6750 3).
fn unauthorized(detail: &str, required: &[&str]) -> Row<ErrorBody> {
    let scope = required.join(" ");
    let parameters = &[("scope", &*scope)][..usize::from(!scope.is_empty())];
    Row {
        headers: vec![challenge("Bearer", parameters)],
        ..plain(StatusCode::UNAUTHORIZED, detail)
    }
}

/// `Allow` (RFC 9110 10.2.1), in the order of the route.
fn methods(allowed: &[&str]) -> HeaderValue {
    HeaderValue::from_str(&allowed.join(", ")).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    #[test]
    fn the_challenge_names_every_required_scope() {
        let challenge = |required| unauthorized("", required).headers.remove(0).1;
        assert_eq!(challenge(&[]), "Bearer");
        assert_eq!(challenge(&["items", "me"]), "Bearer scope=\"items me\"");
    }

    #[test]
    fn every_method_is_allowed_in_one_header() {
        assert_eq!(methods(&["GET"]), "GET");
        assert_eq!(methods(&["GET", "POST"]), "GET, POST");
    }

    #[test]
    fn a_5xx_says_nothing_of_its_cause() {
        for error in [
            ApiError::Store(StoreError::Unavailable("10.0.0.1 refused".into())),
            ApiError::internal("a secret cause"),
        ] {
            let response = row(&error).response();
            assert!(response.status().is_server_error());
            let Body::Text(body) = response.body() else {
                panic!("no text")
            };
            assert!(
                !body.contains("secret") && !body.contains("10.0.0.1"),
                "{body}"
            );
            let reason = error.reason().unwrap();
            assert!(
                reason.contains("secret") || reason.contains("10.0.0.1"),
                "{reason}"
            );
        }
    }
}
