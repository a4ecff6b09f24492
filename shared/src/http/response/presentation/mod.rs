//! What the client sees of an error: one table per dialect.

mod fastapi;
mod rfc;

use std::time::Duration;

use lambda_http::http::header::{HeaderName, RETRY_AFTER};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use schemars::{Schema, SchemaGenerator};
use serde::Serialize;

use crate::http::response::error::ApiError;
use crate::http::response::json;

/// How errors are spelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// As FastAPI's page spells them.
    #[default]
    FastApi,
    /// As RFC 6749 and RFC 6750 spell them, so that OAuth libraries understand them.
    Rfc,
}

/// Who reads an error. RFC 6749 5.2 has a form of its own for the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// A client that asks for a token.
    TokenEndpoint,
    /// A client that asks something else of the authorization server, of which FastAPI's page knows
    /// nothing: errors are spelled as at the token endpoint of RFC 6749 in either dialect.
    OAuthEndpoint,
    /// A client that uses one, or needs none.
    Resource,
}

impl Dialect {
    /// Turns an error into a response. No other place does.
    #[must_use]
    pub fn response(self, error: &ApiError, surface: Surface) -> Response<Body> {
        match (error, self, surface) {
            (ApiError::InRfc(error), ..) => rfc::response(error, Surface::TokenEndpoint),
            (_, _, Surface::OAuthEndpoint) | (_, Self::Rfc, _) => rfc::response(error, surface),
            (_, Self::FastApi, _) => fastapi::response(error),
        }
    }

    /// The schema of an error's body, for `/openapi.json`.
    pub fn schema(
        self,
        status: StatusCode,
        surface: Surface,
        generator: &mut SchemaGenerator,
    ) -> Schema {
        match (self, surface) {
            (_, Surface::OAuthEndpoint) | (Self::Rfc, _) => rfc::schema(status, surface, generator),
            (Self::FastApi, _) => fastapi::schema(status, generator),
        }
    }
}

/// A header that a case adds to the usual ones.
type Header = (HeaderName, HeaderValue);

fn response(status: StatusCode, body: &impl Serialize, header: Option<Header>) -> Response<Body> {
    // Strings can always be written, so the default is never used.
    let text = serde_json::to_string(body).unwrap_or_default();
    let mut response = json::response(status, text);
    response.headers_mut().extend(header);
    response
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
}
