//! The statuses, headers and bodies of RFC 6749 5.2 (token endpoint) and RFC 6750 3 (resources), a
//! row for every case. What they say nothing about is answered as FastAPI answers it.

use lambda_http::http::header::{PRAGMA, WWW_AUTHENTICATE};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::fastapi::{self, ErrorBody, HttpError, HttpValidationError};
use super::{Header, Surface};
use crate::http::request::error::RequestError;
use crate::http::request::problem::{Kind, Problem};
use crate::http::response::error::{AccessError, ApiError, OAuthRefused, Refused};

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

pub(super) fn response(error: &ApiError, surface: Surface) -> Response<Body> {
    let (status, detail, header) = match error {
        // The row of a bad token, in every word: a client is not told that the user is disabled.
        ApiError::Access(AccessError::InactiveUser { required }) => {
            fastapi::row(&ApiError::Access(AccessError::MalformedCredentials {
                required,
            }))
        }
        error => fastapi::row(error),
    };
    let status = own_status(error, surface).unwrap_or(status);
    let oauth = oauth(error, surface);
    let header = match error {
        ApiError::Access(error) => Some(challenge(error, oauth)),
        _ => header,
    };
    match (surface, oauth) {
        (Surface::TokenEndpoint | Surface::OAuthEndpoint, Some(oauth)) => {
            let mut response = super::response(status, &oauth, header);
            let no_cache = HeaderValue::from_static("no-cache");
            response.headers_mut().insert(PRAGMA, no_cache);
            response
        }
        _ => super::response(
            status,
            &ResourceError::<ErrorBody> { oauth, detail },
            header,
        ),
    }
}

pub(super) fn schema(
    status: StatusCode,
    surface: Surface,
    generator: &mut SchemaGenerator,
) -> Schema {
    match (surface, status) {
        // The RFCs have no code for a path where nothing is.
        (Surface::OAuthEndpoint, StatusCode::NOT_FOUND) => fastapi::schema(status, generator),
        (Surface::TokenEndpoint | Surface::OAuthEndpoint, _) => {
            generator.subschema_for::<OAuthError>()
        }
        (Surface::Resource, StatusCode::UNPROCESSABLE_ENTITY) => {
            generator.subschema_for::<ResourceError<HttpValidationError>>()
        }
        (Surface::Resource, _) => generator.subschema_for::<ResourceError<HttpError>>(),
    }
}

/// Where the status is not FastAPI's.
fn own_status(error: &ApiError, surface: Surface) -> Option<StatusCode> {
    match error {
        ApiError::Access(AccessError::MalformedCredentials { .. }) => Some(StatusCode::BAD_REQUEST),
        ApiError::Access(AccessError::InactiveUser { .. }) => Some(StatusCode::UNAUTHORIZED),
        ApiError::Access(AccessError::InsufficientScope { .. }) => Some(StatusCode::FORBIDDEN),
        ApiError::Request(RequestError::Invalid(_)) if surface != Surface::Resource => {
            Some(StatusCode::BAD_REQUEST)
        }
        _ => None,
    }
}

/// `error` and `error_description`, where the RFCs have one. `temporarily_unavailable` is borrowed
/// from RFC 6749 4.1.2.1: at `invalid_grant` a client would throw its session away.
fn oauth(error: &ApiError, surface: Surface) -> Option<OAuthError> {
    let (error, error_description) = match error {
        ApiError::Request(error) => request(error, surface)?,
        ApiError::Access(error) => access(error)?,
        ApiError::Login(error) => login(error),
        ApiError::OAuth(error) => refused(*error),
        ApiError::InRfc(error) => return self::oauth(error, surface),
        ApiError::Status { .. } => return None,
        ApiError::Unavailable(_) => (
            "temporarily_unavailable",
            "The service is not available at the moment",
        ),
        ApiError::Internal(_) => ("server_error", "The service has failed"),
    };
    Some(OAuthError {
        error,
        error_description,
    })
}

type Row = (&'static str, &'static str);

fn request(error: &RequestError, surface: Surface) -> Option<Row> {
    let description = match error {
        RequestError::NotFound | RequestError::MethodNotAllowed { .. } => return None,
        RequestError::MalformedBody => "The body cannot be read",
        RequestError::ContentTooLarge => "The body is too large",
        RequestError::TooManyFields { .. } => "The form has too many fields",
        RequestError::Invalid(problems)
            if surface == Surface::TokenEndpoint && another_grant(problems) =>
        {
            return Some(("unsupported_grant_type", "The grant type is not supported"));
        }
        RequestError::Invalid(_) => "A parameter is missing, repeated or malformed",
    };
    Some(("invalid_request", description))
}

/// Only `grant_type` has a pattern. Another grant has other fields, so those that it lacks do not
/// count; a line break does, whichever grant it is.
fn another_grant(problems: &[Problem]) -> bool {
    let mut kinds = problems.iter().map(|problem| &problem.kind);
    let line_break = kinds.clone().any(|kind| matches!(kind, Kind::Other(_)));
    !line_break && kinds.any(|kind| matches!(kind, Kind::Mismatch(_)))
}

fn access(error: &AccessError) -> Option<Row> {
    match error {
        // RFC 6750 3.1: no error code for a request that has no credentials.
        AccessError::NotAuthenticated => None,
        AccessError::MalformedCredentials { .. } => Some((
            "invalid_request",
            "The Authorization header is not one bearer token",
        )),
        AccessError::InvalidToken { .. } | AccessError::InactiveUser { .. } => {
            Some(("invalid_token", "The access token is not valid"))
        }
        AccessError::InsufficientScope { .. } => Some((
            "insufficient_scope",
            "The access token does not have every scope that is required",
        )),
    }
}

fn login(error: &Refused) -> Row {
    match error {
        Refused::IncorrectPassword { .. } => {
            ("invalid_grant", "The username or the password is wrong")
        }
        Refused::TooManyAttempts { .. } => (
            "temporarily_unavailable",
            "Too many logins have failed; wait before the next",
        ),
        Refused::ScopeNotAllowed => (
            "invalid_scope",
            "A scope is unknown, malformed or not one of the user's",
        ),
    }
}

fn refused(error: OAuthRefused) -> Row {
    match error {
        OAuthRefused::InvalidClient { .. } => (
            "invalid_client",
            "The client is unknown or did not prove who it is",
        ),
        OAuthRefused::MalformedClient => (
            "invalid_request",
            "The client's credentials are malformed, or there twice",
        ),
        OAuthRefused::UnauthorizedClient => (
            "unauthorized_client",
            "The client may not use this grant type",
        ),
        OAuthRefused::InvalidGrant { .. } => (
            "invalid_grant",
            "The refresh token is not valid, or not any more",
        ),
        OAuthRefused::InvalidScope => (
            "invalid_scope",
            "A scope is malformed, unknown, or more than was granted",
        ),
        OAuthRefused::UnsupportedTokenType => (
            "unsupported_token_type",
            "The token has no session that could be ended",
        ),
    }
}

/// One challenge (RFC 6750 3), `scope` first, as in FastAPI's. A scope token has neither `"` nor `\`
/// (RFC 6749 3.3), so nothing has to be escaped.
fn challenge(error: &AccessError, oauth: Option<OAuthError>) -> Header {
    let required = match error {
        AccessError::NotAuthenticated => &[][..],
        AccessError::MalformedCredentials { required }
        | AccessError::InvalidToken { required, .. }
        | AccessError::InactiveUser { required }
        | AccessError::InsufficientScope { required } => required,
    };
    let scope = (!required.is_empty()).then(|| ("scope", required.join(" ")));
    let realm = [("realm", "api".to_owned())];
    let error = oauth.map(|oauth| {
        [
            ("error", oauth.error.to_owned()),
            ("error_description", oauth.error_description.to_owned()),
        ]
    });
    let parameters = scope
        .into_iter()
        .chain(realm)
        .chain(error.into_iter().flatten());
    let parameters = parameters.map(|(name, value)| format!("{name}=\"{value}\""));
    let text = format!("Bearer {}", parameters.collect::<Vec<_>>().join(", "));
    let value = HeaderValue::from_str(&text);
    (
        WWW_AUTHENTICATE,
        value.unwrap_or(HeaderValue::from_static("Bearer")),
    )
}
