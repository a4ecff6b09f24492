//! Everything that can go wrong, and the one function that says what the client sees of it.

use std::error::Error;
use std::time::Duration;

use lambda_http::http::header::{ALLOW, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::token::{InvalidToken, SigningError};
use crate::users::StoreError;

/// What happened. [`ApiError::response`] says what the client sees.
#[derive(Debug)]
pub enum ApiError {
    /// No route has this path.
    NotFound,
    /// The route has another method.
    MethodNotAllowed {
        /// The method that it has.
        allow: &'static str,
    },
    /// The body is not the base64 that the event says it is.
    MalformedBody,
    /// The body is larger than this API reads.
    ContentTooLarge,
    /// The form has more fields than this API reads.
    TooManyFields {
        /// As many as it reads.
        most: usize,
    },
    /// Fields of the form are missing or wrong.
    InvalidForm(Vec<FieldError>),
    /// No such user, or another password: not said which.
    IncorrectPassword {
        /// For the log.
        reason: &'static str,
    },
    /// The account, or the address, has failed too often of late.
    TooManyAttempts {
        /// Until the next attempt is allowed.
        wait: Duration,
    },
    /// A scope was asked for that the user may not have, or that is no scope (RFC 6749 5.2).
    ScopeNotAllowed,
    /// No token came (RFC 6750 3: then the challenge says nothing more).
    NotAuthenticated,
    /// The token is not valid, or its user does not exist.
    InvalidToken {
        /// What the route requires.
        required: &'static [&'static str],
        /// For the log.
        reason: InvalidToken,
    },
    /// The token, or its user, does not have all the scopes.
    InsufficientScope {
        /// What the route requires.
        required: &'static [&'static str],
    },
    /// The user is disabled.
    InactiveUser,
    /// The user store cannot be asked.
    Unavailable(StoreError),
    /// A fault of this service.
    Internal(Box<dyn Error + Send + Sync>),
}

/// What is wrong with a field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldError {
    /// It must be there.
    Missing {
        /// The field.
        name: &'static str,
    },
    /// It is there more than once (RFC 6749 3.2).
    Repeated {
        /// The field.
        name: &'static str,
    },
    /// Its value is not UTF-8.
    NotUtf8 {
        /// The field.
        name: &'static str,
    },
    /// It must match a regular expression.
    Mismatch {
        /// The field.
        name: &'static str,
        /// Its value; never used for a secret.
        input: String,
        /// The regular expression.
        pattern: &'static str,
    },
}

/// The body of every error but 422.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HTTPError")]
pub struct HttpError {
    /// What happened.
    detail: String,
}

/// The body of a 422.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HTTPValidationError")]
pub struct HttpValidationError {
    /// An entry for each field that is missing or wrong.
    detail: Vec<ValidationError>,
}

/// What is wrong with a field.
#[derive(Serialize, JsonSchema)]
struct ValidationError {
    /// The kind of error, for programs.
    r#type: &'static str,
    /// `body` and the field's name.
    loc: [&'static str; 2],
    /// The kind of error, for people.
    msg: String,
    /// What came, where it is no secret.
    input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ctx: Option<Pattern>,
}

/// What the field should have matched.
#[derive(Serialize, JsonSchema)]
struct Pattern {
    /// A regular expression.
    pattern: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ErrorBody {
    Plain(HttpError),
    Fields(HttpValidationError),
}

impl From<&str> for ErrorBody {
    fn from(detail: &str) -> Self {
        let detail = detail.to_owned();
        Self::Plain(HttpError { detail })
    }
}

impl ApiError {
    /// A fault of this service.
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// What the client sees: FastAPI's status, headers and body.
    #[must_use]
    pub fn response(&self) -> Response<Body> {
        let (status, body, header) = self.fastapi();
        // Strings can always be written: the default is never used.
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response = super::response(status, text);
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        response
    }

    /// The `fastapi` dialect: a row for every case. Another dialect is another function like this.
    fn fastapi(&self) -> (StatusCode, ErrorBody, Option<(HeaderName, HeaderValue)>) {
        let plain = |status, detail: &str| (status, ErrorBody::from(detail), None);
        let unauthorized = |detail: &str, required: &[&str]| {
            let header = Some((WWW_AUTHENTICATE, challenge(required)));
            (StatusCode::UNAUTHORIZED, detail.into(), header)
        };
        let later = |status, detail: &str, wait: Duration| {
            let header = Some((RETRY_AFTER, HeaderValue::from(whole_seconds(wait))));
            (status, detail.into(), header)
        };
        match self {
            Self::NotFound => plain(StatusCode::NOT_FOUND, "Not Found"),
            Self::MethodNotAllowed { allow } => {
                let header = Some((ALLOW, HeaderValue::from_static(allow)));
                (
                    StatusCode::METHOD_NOT_ALLOWED,
                    "Method Not Allowed".into(),
                    header,
                )
            }
            Self::MalformedBody => plain(
                StatusCode::BAD_REQUEST,
                "There was an error parsing the body",
            ),
            Self::ContentTooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE, "Content Too Large"),
            Self::TooManyFields { most } => {
                let detail = format!("Too many fields. Maximum number of fields is {most}.");
                plain(StatusCode::BAD_REQUEST, &detail)
            }
            Self::InvalidForm(errors) => {
                let detail = errors.iter().map(FieldError::fastapi).collect();
                let body = ErrorBody::Fields(HttpValidationError { detail });
                (StatusCode::UNPROCESSABLE_ENTITY, body, None)
            }
            Self::IncorrectPassword { .. } => {
                plain(StatusCode::BAD_REQUEST, "Incorrect username or password")
            }
            Self::ScopeNotAllowed => plain(StatusCode::BAD_REQUEST, "Scope not allowed"),
            Self::NotAuthenticated => unauthorized("Not authenticated", &[]),
            Self::InvalidToken { required, .. } => {
                unauthorized("Could not validate credentials", required)
            }
            Self::InsufficientScope { required } => {
                unauthorized("Not enough permissions", required)
            }
            Self::InactiveUser => plain(StatusCode::BAD_REQUEST, "Inactive user"),
            Self::TooManyAttempts { wait } => later(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many login attempts",
                *wait,
            ),
            Self::Unavailable(_) => {
                let wait = Duration::from_secs(1);
                later(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", wait)
            }
            Self::Internal(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        }
    }

    /// What happened, in the log's words.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::MalformedBody => "malformed_body",
            Self::ContentTooLarge => "content_too_large",
            Self::TooManyFields { .. } => "too_many_fields",
            Self::InvalidForm(_) => "invalid_form",
            Self::IncorrectPassword { .. } => "incorrect_password",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::ScopeNotAllowed => "scope_not_allowed",
            Self::NotAuthenticated => "not_authenticated",
            Self::InvalidToken { .. } => "invalid_token",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::InactiveUser => "inactive_user",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal_error",
        }
    }

    /// Why, for the log: the cause of a 5xx, the reason why a token is bad.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::InvalidToken { reason, .. } => Some(reason.to_string()),
            Self::IncorrectPassword { reason } => Some((*reason).to_owned()),
            Self::Unavailable(error) => Some(error.to_string()),
            Self::Internal(error) => Some(error.to_string()),
            _ => None,
        }
    }
}

/// `Retry-After` counts whole seconds (RFC 9110 10.2.3): rounded up, or it would be too early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// `WWW-Authenticate` (RFC 6750 3): the scopes that are required, all of them.
fn challenge(required: &[&str]) -> HeaderValue {
    let bare = HeaderValue::from_static("Bearer");
    if required.is_empty() {
        return bare;
    }
    let text = format!("Bearer scope=\"{}\"", required.join(" "));
    HeaderValue::from_str(&text).unwrap_or(bare)
}

impl FieldError {
    /// An entry of FastAPI's `detail`. `input` shows what came only where it is no secret.
    fn fastapi(&self) -> ValidationError {
        let entry = |r#type, name, msg: &str| ValidationError {
            r#type,
            loc: ["body", name],
            msg: msg.to_owned(),
            input: None,
            ctx: None,
        };
        match self {
            Self::Missing { name } => entry("missing", name, "Field required"),
            Self::Repeated { name } => entry("string_type", name, "Input should be a valid string"),
            Self::NotUtf8 { name } => entry(
                "string_unicode",
                name,
                "Input should be a valid string, unable to parse raw data as a unicode string",
            ),
            Self::Mismatch {
                name,
                input,
                pattern,
            } => ValidationError {
                input: Some(input.clone()),
                ctx: Some(Pattern { pattern }),
                ..entry(
                    "string_pattern_mismatch",
                    name,
                    &format!("String should match pattern '{pattern}'"),
                )
            },
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error),
            StoreError::Corrupt { .. } => Self::internal(error),
        }
    }
}

impl From<SigningError> for ApiError {
    fn from(error: SigningError) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_names_every_required_scope() {
        assert_eq!(challenge(&[]), "Bearer");
        assert_eq!(challenge(&["items", "me"]), "Bearer scope=\"items me\"");
    }

    #[test]
    fn a_5xx_says_nothing_of_its_cause() {
        for error in [
            ApiError::Unavailable(StoreError::Unavailable("10.0.0.1 refused".into())),
            ApiError::internal("a secret cause"),
        ] {
            let response = error.response();
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
