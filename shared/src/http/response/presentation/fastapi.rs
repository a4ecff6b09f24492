//! FastAPI's statuses, headers and bodies, in one row for each error.

use std::time::Duration;

use lambda_http::http::header::ALLOW;
use lambda_http::http::{HeaderValue, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Row, challenge, retry_after};
use crate::domain::access::Denied;
use crate::domain::login::LoginError;
use crate::domain::sessions::SessionError;
use crate::domain::store::StoreError;
use crate::http::request::error::RequestError;
use crate::http::request::problem::{Kind, Problem, Step, Type};
use crate::http::response::error::{ApiError, is_temporary};

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
    /// An entry for each value that is missing or wrong.
    detail: Vec<ValidationError>,
}

/// What is wrong with a value.
#[derive(Serialize, JsonSchema)]
struct ValidationError {
    /// The kind of error, for programs.
    r#type: &'static str,
    /// `body`, `query` or `path`, and the way from there to the value.
    loc: Vec<Location>,
    /// The kind of error, for people.
    msg: String,
    /// What came, where it is no secret.
    input: Value,
    /// What was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Map<String, Value>")]
    ctx: Option<Value>,
}

/// A name, or a place in a list.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Location {
    Name(String),
    Index(usize),
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
        RequestError::Invalid(problems) => {
            let detail = problems.iter().map(entry).collect();
            Row {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                headers: Vec::new(),
                body: ErrorBody::Problems(HttpValidationError { detail }),
            }
        }
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

/// An entry of FastAPI's `detail`.
fn entry(problem: &Problem) -> ValidationError {
    let location = |step: &Step| match step {
        Step::Name(name) => Location::Name(name.clone().into_owned()),
        Step::Index(index) => Location::Index(*index),
    };
    let (r#type, msg, ctx) = words(&problem.kind);
    ValidationError {
        r#type,
        loc: problem.location.iter().map(location).collect(),
        msg,
        input: problem.input.clone(),
        ctx,
    }
}

/// Pydantic's type, message and context of a problem.
fn words(kind: &Kind) -> (&'static str, String, Option<Value>) {
    let bare = |r#type, msg: &str| (r#type, msg.to_owned(), None);
    let with = |r#type, msg: String, ctx| (r#type, msg, Some(ctx));
    match kind {
        Kind::Missing => bare("missing", "Field required"),
        Kind::Repeated | Kind::Not(Type::Text) => {
            bare("string_type", "Input should be a valid string")
        }
        Kind::NotUtf8 => bare(
            "string_unicode",
            "Input should be a valid string, unable to parse raw data as a unicode string",
        ),
        Kind::Mismatch(pattern) => with(
            "string_pattern_mismatch",
            format!("String should match pattern '{pattern}'"),
            json!({"pattern": pattern}),
        ),
        Kind::Not(Type::Integer) => bare("int_type", "Input should be a valid integer"),
        Kind::Not(Type::Number) => bare("float_type", "Input should be a valid number"),
        Kind::Not(Type::Boolean) => bare("bool_type", "Input should be a valid boolean"),
        Kind::Not(Type::List) => bare("list_type", "Input should be a valid list"),
        Kind::Not(Type::Null) => bare("none_required", "Input should be None"),
        Kind::Not(Type::Object) => bare(
            "model_attributes_type",
            "Input should be a valid dictionary or object to extract fields from",
        ),
        Kind::Unparsable(Type::Boolean) => bare(
            "bool_parsing",
            "Input should be a valid boolean, unable to interpret input",
        ),
        Kind::Unparsable(Type::Number) => bare(
            "float_parsing",
            "Input should be a valid number, unable to parse string as a number",
        ),
        Kind::Unparsable(_) => bare(
            "int_parsing",
            "Input should be a valid integer, unable to parse string as an integer",
        ),
        Kind::TooSmall(least) => with(
            "greater_than_equal",
            format!("Input should be greater than or equal to {least}"),
            json!({"ge": least}),
        ),
        Kind::TooLarge(most) => with(
            "less_than_equal",
            format!("Input should be less than or equal to {most}"),
            json!({"le": most}),
        ),
        Kind::NotOneOf(values) => {
            let expected = one_of(values);
            let msg = format!("Input should be {expected}");
            with("enum", msg, json!({"expected": expected}))
        }
        Kind::Unknown => bare("extra_forbidden", "Extra inputs are not permitted"),
        Kind::NotJson(error) => with(
            "json_invalid",
            "JSON decode error".to_owned(),
            json!({"error": error}),
        ),
        Kind::Other(sentence) => with(
            "value_error",
            format!("Value error, {sentence}"),
            json!({"error": {}}),
        ),
    }
}

/// Values as Pydantic lists them: `'a', 'b' or 'c'`.
fn one_of(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
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

    #[test]
    fn one_of_several_values() {
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let kind = |list: &[&str]| words(&Kind::NotOneOf(values(list))).1;
        assert_eq!(kind(&["a"]), "Input should be 'a'");
        assert_eq!(kind(&["a", "b", "c"]), "Input should be 'a', 'b' or 'c'");
    }
}
