//! Describes the errors of an operation, by the responses that they really become.

use std::collections::BTreeMap;

use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use lambda_http::http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use shared::domain::access::Access;
use shared::domain::store::StoreError;
use shared::domain::token::InvalidToken;
use shared::http::{
    AccessError, ApiError, Body, Description, Dialect, FORM, Kind, MAX_FIELDS, Operation, Problem,
    RequestError, Response, Surface, Type,
};

use super::schemas::Schemas;

/// All errors that an operation can answer with, before its handler and in it.
pub fn operation_errors(
    operation: Operation,
    description: &Description,
    schemas: &mut Schemas,
) -> Vec<ApiError> {
    let mut errors = guard_errors(operation.access);
    errors.extend(body_errors(description));
    errors.extend((description.errors)());
    let known = |error: &ApiError| matches!(error, ApiError::Request(RequestError::Invalid(_)));
    if !errors.iter().any(known) {
        errors.extend(invalid(description, schemas));
    }
    errors
}

fn guard_errors(access: Access) -> Vec<ApiError> {
    let (reason, required) = (InvalidToken::Expired, access.scopes());
    let mut errors = Vec::new();
    if access != Access::Public {
        errors.push(AccessError::NotAuthenticated);
        errors.push(AccessError::InvalidToken { required, reason });
        errors.push(AccessError::MalformedCredentials { required });
    }
    if !required.is_empty() {
        errors.push(AccessError::InsufficientScope { required });
    }
    if let Access::ActiveUser(_) = access {
        errors.push(AccessError::InactiveUser { required });
    }
    errors.into_iter().map(ApiError::Access).collect()
}

fn body_errors(description: &Description) -> Vec<ApiError> {
    let Some((media_type, _)) = description.body else {
        return Vec::new();
    };
    let mut errors = vec![RequestError::MalformedBody, RequestError::ContentTooLarge];
    if media_type == FORM {
        errors.push(RequestError::TooManyFields { most: MAX_FIELDS });
    }
    errors.into_iter().map(ApiError::Request).collect()
}

/// A 422, if something can be missing or have the wrong type. A text in the path can be neither.
fn invalid(description: &Description, schemas: &mut Schemas) -> Option<ApiError> {
    let mut problems = Vec::new();
    for parameter in description.parameters {
        let schema = (parameter.schema)(&mut schemas.reading);
        let is_text = schema.get("type").is_some_and(|kind| kind == "string");
        if parameter.place == "query" || !is_text {
            let kind = Kind::Unparsable(Type::Integer);
            problems.push(Problem::of_field(parameter.place, parameter.name, kind));
        }
    }
    if description.body.is_some() {
        problems.push(Problem::of_body(Kind::Missing));
    }
    (!problems.is_empty()).then(|| RequestError::Invalid(problems).into())
}

/// How an operation's errors are spelled.
#[derive(Clone, Copy)]
pub struct Spelling {
    pub dialect: Dialect,
    pub surface: Surface,
}

impl Spelling {
    fn response(self, error: &ApiError) -> Response<Body> {
        self.dialect.response(error, self.surface)
    }

    /// The dialect that an error is spelled in.
    fn dialect(self, error: &ApiError) -> Dialect {
        match error {
            ApiError::InRfc(_) => Dialect::Rfc,
            _ => self.dialect,
        }
    }

    /// The schema of the bodies of these errors: one, unless some are spelled otherwise.
    fn schema(self, status: StatusCode, errors: &[&ApiError], schemas: &mut Schemas) -> Value {
        let mut different: Vec<Value> = Vec::new();
        for error in errors {
            let dialect = self.dialect(error);
            let schema = json!(dialect.schema(status, self.surface, &mut schemas.writing));
            if !different.contains(&schema) {
                different.push(schema);
            }
        }
        match &different[..] {
            [one] => one.clone(),
            _ => json!({"anyOf": different}),
        }
    }
}

/// OpenAPI's Responses Object: these errors, and the two that any operation can have, by status.
pub fn responses(
    errors: &[ApiError],
    spelling: Spelling,
    schemas: &mut Schemas,
) -> Map<String, Value> {
    let faults = [
        ApiError::Unavailable(StoreError::Unavailable("".into())),
        ApiError::internal(""),
    ];
    let mut statuses: BTreeMap<StatusCode, Vec<&ApiError>> = BTreeMap::new();
    for error in errors.iter().chain(&faults) {
        statuses
            .entry(spelling.response(error).status())
            .or_default()
            .push(error);
    }
    let described = statuses.into_iter();
    described
        .map(|(status, errors)| {
            (
                status.as_str().to_owned(),
                response(status, &errors, spelling, schemas),
            )
        })
        .collect()
}

/// OpenAPI's Response Object, with each error as an example.
fn response(
    status: StatusCode,
    errors: &[&ApiError],
    spelling: Spelling,
    schemas: &mut Schemas,
) -> Value {
    let schema = spelling.schema(status, errors, schemas);
    let mut examples = Map::new();
    for error in errors {
        let example = json!({"value": body(&spelling.response(error))});
        // A client cannot tell two errors apart that look alike.
        if !examples.values().any(|known| *known == example) {
            let name = error.outcome();
            let name = match error {
                ApiError::InRfc(_) => format!("{name}_rfc"),
                _ => name.to_owned(),
            };
            examples.insert(name, example);
        }
    }
    json!({
        "description": status.canonical_reason(),
        "headers": headers(errors, spelling),
        "content": {"application/json": {"schema": schema, "examples": examples}},
    })
}

fn body(response: &Response<Body>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_default()
}

/// The headers that these errors add. A header is required if all of these errors have it.
fn headers(errors: &[&ApiError], spelling: Spelling) -> Map<String, Value> {
    let mut headers = Map::new();
    let responses: Vec<_> = errors
        .iter()
        .map(|error| spelling.response(error))
        .collect();
    for (name, value) in responses.iter().flat_map(Response::headers) {
        if ![CONTENT_TYPE, CACHE_CONTROL, PRAGMA].contains(name) {
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
