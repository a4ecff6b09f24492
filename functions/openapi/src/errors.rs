//! What an operation refuses with: the errors' own responses, described.

use std::collections::BTreeMap;
use std::time::Duration;

use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde_json::{Map, Value, json};
use shared::http::{ApiError, FieldError, HttpError, HttpValidationError, MAX_FIELDS};
use shared::token::InvalidToken;
use shared::users::StoreError;

use crate::schemas::Schemas;

/// What [`shared::auth`] refuses with. A disabled user: only where the route asks for an active one.
pub fn token_errors(required: &'static [&'static str]) -> Vec<ApiError> {
    let reason = InvalidToken::Expired;
    let mut errors = vec![
        ApiError::NotAuthenticated,
        ApiError::InvalidToken { required, reason },
    ];
    if !required.is_empty() {
        errors.push(ApiError::InsufficientScope { required });
    }
    errors
}

/// What the form and [`shared::login`] refuse with.
pub fn login_errors() -> Vec<ApiError> {
    let (pattern, input) = ("^password$", "implicit".to_owned());
    let name = "grant_type";
    let fields = vec![
        FieldError::Mismatch {
            name,
            input,
            pattern,
        },
        FieldError::Missing { name: "username" },
    ];
    vec![
        ApiError::MalformedBody,
        ApiError::TooManyFields { most: MAX_FIELDS },
        ApiError::IncorrectPassword { reason: "" },
        ApiError::ScopeNotAllowed,
        ApiError::ContentTooLarge,
        ApiError::InvalidForm(fields),
        ApiError::TooManyAttempts {
            wait: Duration::from_secs(30),
        },
    ]
}

/// OpenAPI's Responses Object: these errors by their statuses, and the two that any operation has.
pub fn responses(errors: &[ApiError], schemas: &mut Schemas) -> Map<String, Value> {
    let faults = [
        ApiError::Unavailable(StoreError::Unavailable("".into())),
        ApiError::internal(""),
    ];
    let mut statuses: BTreeMap<StatusCode, Vec<&ApiError>> = BTreeMap::new();
    for error in errors.iter().chain(&faults) {
        statuses
            .entry(error.response().status())
            .or_default()
            .push(error);
    }
    let described = statuses.into_iter();
    described
        .map(|(status, errors)| {
            (
                status.as_str().to_owned(),
                response(status, &errors, schemas),
            )
        })
        .collect()
}

/// OpenAPI's Response Object: each error is an example of it.
fn response(status: StatusCode, errors: &[&ApiError], schemas: &mut Schemas) -> Value {
    let schema = match status {
        StatusCode::UNPROCESSABLE_ENTITY => schemas.written::<HttpValidationError>(),
        _ => schemas.written::<HttpError>(),
    };
    let examples: Map<String, Value> = errors
        .iter()
        .map(|error| {
            (
                error.outcome().to_owned(),
                json!({"value": body(&error.response())}),
            )
        })
        .collect();
    json!({
        "description": status.canonical_reason(),
        "headers": headers(errors),
        "content": {"application/json": {"schema": schema, "examples": examples}},
    })
}

fn body(response: &Response<Body>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_default()
}

/// The headers that say something about the error; required if all of these errors have them.
fn headers(errors: &[&ApiError]) -> Map<String, Value> {
    let mut headers = Map::new();
    let responses: Vec<_> = errors.iter().map(|error| error.response()).collect();
    for (name, value) in responses.iter().flat_map(Response::headers) {
        if name != CONTENT_TYPE && name != CACHE_CONTROL {
            let required = responses
                .iter()
                .all(|response| response.headers().contains_key(name));
            headers.insert(name.to_string(), header(value, required));
        }
    }
    headers
}

fn header(example: &HeaderValue, required: bool) -> Value {
    let example = example.to_str().unwrap_or_default();
    let kind = if example.parse::<u64>().is_ok() {
        "integer"
    } else {
        "string"
    };
    json!({"schema": {"type": kind}, "required": required})
}
