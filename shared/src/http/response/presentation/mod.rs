//! How the client sees an error: one table for each presentation.

mod fastapi;
mod rfc;
mod validation;

use std::time::Duration;

use lambda_http::http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use schemars::{Schema, SchemaGenerator};
use serde::Serialize;

use crate::http::response::error::ApiError;
use crate::http::response::json;

/// How errors are spelled, where a route knows both ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// As FastAPI's page spells them.
    #[default]
    FastApi,
    /// As RFC 6749 and RFC 6750 spell them, so that OAuth libraries understand them.
    Rfc,
}

/// The form of an error's answer. A route chooses one for each dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presentation {
    /// As FastAPI's page has it.
    FastApi,
    /// To a client of the authorization server (RFC 6749 5.2).
    OAuth,
    /// To a client that uses a resource, or needs no token (RFC 6750 3).
    Bearer,
}

impl Presentation {
    /// Turns an error into a response. No other place does.
    #[must_use]
    pub fn response(self, error: &ApiError) -> Response<Body> {
        match self {
            Self::FastApi => fastapi::row(error).response(),
            Self::OAuth => rfc::oauth(error),
            Self::Bearer => rfc::bearer(error),
        }
    }

    /// The schema of an error's body, for `/openapi.json`.
    pub fn schema(self, status: StatusCode, generator: &mut SchemaGenerator) -> Schema {
        match self {
            Self::FastApi => fastapi::schema(status, generator),
            Self::OAuth => rfc::oauth_schema(status, generator),
            Self::Bearer => rfc::bearer_schema(status, generator),
        }
    }
}

/// An error, and how it is presented if not as its route presents the others.
#[derive(Debug)]
pub struct Failure {
    /// The cause.
    pub error: ApiError,
    /// The presentation; `None` for the route's.
    pub presentation: Option<Presentation>,
}

impl Failure {
    /// An error in the form of RFC 6749 5.2 whatever the dialect is: FastAPI's page has no such request.
    pub fn oauth(error: impl Into<ApiError>) -> Self {
        Self {
            error: error.into(),
            presentation: Some(Presentation::OAuth),
        }
    }
}

impl<E: Into<ApiError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            error: error.into(),
            presentation: None,
        }
    }
}

/// A header that a case adds to the usual ones.
type Header = (HeaderName, HeaderValue);

/// The status, headers and body of an error.
struct Row<T> {
    status: StatusCode,
    headers: Vec<Header>,
    body: T,
}

impl<T: Serialize> Row<T> {
    fn response(self) -> Response<Body> {
        // Strings can always be written, so the default is never used.
        let text = serde_json::to_string(&self.body).unwrap_or_default();
        let mut response = json::response(self.status, text);
        response.headers_mut().extend(self.headers);
        response
    }
}

/// `WWW-Authenticate` with one challenge (RFC 9110 11.6.1). A scope token has neither `"` nor `\`
/// (RFC 6749 3.3) and the other values are constants, so nothing has to be escaped.
fn challenge(scheme: &str, parameters: &[(&str, &str)]) -> Header {
    let parameters = parameters.iter();
    let parameters = parameters.map(|(name, value)| format!("{name}=\"{value}\""));
    let text = format!("{scheme} {}", parameters.collect::<Vec<_>>().join(", "));
    let value = HeaderValue::from_str(text.trim_end());
    (
        WWW_AUTHENTICATE,
        value.unwrap_or(HeaderValue::from_static("Bearer")),
    )
}

/// `Retry-After` counts whole seconds (RFC 9110 10.2.3). They are rounded up, so that the client
/// does not come too early.
fn retry_after(wait: Duration) -> Header {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    (RETRY_AFTER, HeaderValue::from(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up() {
        for (wait, seconds) in [
            (Duration::from_secs(30), 30_u64),
            (Duration::from_millis(29_001), 30),
            (Duration::from_nanos(1), 1),
            (Duration::ZERO, 0),
        ] {
            let header = (RETRY_AFTER, HeaderValue::from(seconds));
            assert_eq!(retry_after(wait), header, "{wait:?}");
        }
    }

    #[test]
    fn a_challenge_has_its_parameters_in_their_order() {
        for (parameters, expected) in [
            (&[][..], "Bearer"),
            (&[("scope", "items me")], "Bearer scope=\"items me\""),
            (
                &[("scope", "me"), ("realm", "api")],
                "Bearer scope=\"me\", realm=\"api\"",
            ),
        ] {
            assert_eq!(challenge("Bearer", parameters).1, expected);
        }
    }
}
