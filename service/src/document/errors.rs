//! Describes the errors of an operation, by the responses that they really become.

use std::collections::{BTreeMap, BTreeSet};

use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use lambda_http::http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use shared::domain::access::Access;
use shared::domain::store::StoreError;
use shared::domain::tokens::InvalidToken;
use shared::http::{
    self, AccessError, ApiError, Body, Description, Dialect, FORM, Feature, Kind, MAX_FIELDS,
    Operation, Problem, RequestError, Response, Surface, Type,
};

use super::only_with;
use super::schemas::Schemas;

/// An error, and what must be on for it; `None` if it is always there.
pub type Possible = (Option<Feature>, ApiError);

/// All errors that an operation can answer with, before its handler and in it.
pub fn operation_errors(
    operation: Operation,
    surface: Surface,
    description: &Description,
    schemas: &mut Schemas,
) -> Vec<Possible> {
    let mut errors = guard_errors(operation.access);
    errors.extend(body_errors(description));
    errors.extend((description.errors)());
    let known = |error: &ApiError| matches!(error, ApiError::Request(RequestError::Invalid(_)));
    if !errors.iter().any(known) {
        errors.extend(invalid(description, schemas));
    }
    let always = errors.into_iter().map(|error| (None, error));
    let proofs = http::client_refusals().map(|error| match surface {
        Surface::TokenEndpoint => Some(ApiError::OAuth(error).in_rfc()),
        Surface::OAuthEndpoint => Some(error.into()),
        Surface::Resource => None,
    });
    let proofs = proofs.into_iter().flatten();
    let proofs = proofs.map(|error| (Some(Feature::Clients), error));
    let others = description.alternatives.iter().flat_map(|other| {
        let errors = (other.errors)().into_iter();
        errors.map(|error| (Some(other.only_with), error))
    });
    always.chain(proofs).chain(others).collect()
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
    fn schema(self, status: StatusCode, errors: &[&Possible], schemas: &mut Schemas) -> Value {
        let different = grouped(errors, |error| {
            let dialect = self.dialect(error);
            json!(dialect.schema(status, self.surface, &mut schemas.writing))
        });
        let marked = different.into_iter();
        let marked = marked.map(|(schema, of)| only_with(&features(&of), schema));
        match &mut marked.collect::<Vec<_>>()[..] {
            [one] => one.take(),
            several => json!({"anyOf": several}),
        }
    }
}

/// The errors that have the same value.
fn grouped<'a>(
    errors: &[&'a Possible],
    mut value: impl FnMut(&ApiError) -> Value,
) -> Vec<(Value, Vec<&'a Possible>)> {
    let mut groups: Vec<(Value, Vec<&Possible>)> = Vec::new();
    for possible in errors {
        let value = value(&possible.1);
        match groups.iter_mut().find(|(known, _)| *known == value) {
            Some((_, group)) => group.push(possible),
            None => groups.push((value, vec![possible])),
        }
    }
    groups
}

/// What must be on for one of these errors; nothing if one of them is always there.
fn features(errors: &[&Possible]) -> Vec<Feature> {
    let each: Option<BTreeSet<Feature>> = errors.iter().map(|(feature, _)| *feature).collect();
    each.unwrap_or_default().into_iter().collect()
}

/// OpenAPI's Responses Object: these errors, and the two that any operation can have, by status.
pub fn responses(
    errors: &[Possible],
    spelling: Spelling,
    schemas: &mut Schemas,
) -> Map<String, Value> {
    let faults = [
        (
            None,
            ApiError::Unavailable(StoreError::Unavailable("".into())),
        ),
        (None, ApiError::internal("")),
    ];
    let mut statuses: BTreeMap<StatusCode, Vec<&Possible>> = BTreeMap::new();
    for possible in errors.iter().chain(&faults) {
        statuses
            .entry(spelling.response(&possible.1).status())
            .or_default()
            .push(possible);
    }
    let described = statuses.into_iter();
    described
        .map(|(status, errors)| {
            let response = response(status, &errors, spelling, schemas);
            (
                status.as_str().to_owned(),
                only_with(&features(&errors), response),
            )
        })
        .collect()
}

/// OpenAPI's Response Object, with each error as an example.
fn response(
    status: StatusCode,
    errors: &[&Possible],
    spelling: Spelling,
    schemas: &mut Schemas,
) -> Value {
    let schema = spelling.schema(status, errors, schemas);
    // A client cannot tell two errors apart that look alike.
    let different = grouped(errors, |error| body(&spelling.response(error)));
    let examples: Map<_, _> = different
        .into_iter()
        .map(|(example, of)| {
            let example = only_with(&features(&of), json!({"value": example}));
            (name(of[0]), example)
        })
        .collect();
    json!({
        "description": status.canonical_reason(),
        "headers": headers(errors, spelling),
        "content": {"application/json": {"schema": schema, "examples": examples}},
    })
}

fn name((_, error): &Possible) -> String {
    let name = error.outcome();
    match error {
        ApiError::InRfc(_) => format!("{name}_rfc"),
        _ => name.to_owned(),
    }
}

fn body(response: &Response<Body>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_default()
}

/// The headers that these errors add. A header is required if all of these errors have it.
fn headers(errors: &[&Possible], spelling: Spelling) -> Map<String, Value> {
    let mut headers = Map::new();
    let responses: Vec<_> = errors
        .iter()
        .map(|(_, error)| spelling.response(error))
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
