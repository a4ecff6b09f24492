//! Describes the errors of an operation, by the responses that they really become.

use std::collections::{BTreeMap, BTreeSet};

use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use lambda_http::http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use shared::domain::access::{Access, Denied};
use shared::domain::store::StoreError;
use shared::domain::tokens::InvalidToken;
use shared::http::{
    self, ApiError, Body, Description, Dialect, FORM, Feature, Kind, MAX_FIELDS, Operation,
    Presentation, Problem, RequestError, Response, Route, Type,
};

use super::only_with;
use super::schemas::Schemas;

/// An error that an operation can answer with.
pub struct Possible {
    /// What must be on for it; `None` if it is always there.
    feature: Option<Feature>,
    error: ApiError,
    /// How it is presented, if not as the route presents the others.
    presentation: Option<Presentation>,
}

impl Possible {
    fn always(error: ApiError) -> Self {
        Self {
            feature: None,
            error,
            presentation: None,
        }
    }
}

/// All errors that an operation can answer with, before its handler and in it.
pub fn operation_errors(
    operation: Operation,
    route: Route,
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
    let always = errors.into_iter().map(Possible::always);
    let as_oauth = Some(Presentation::OAuth);
    let in_fastapi = route.presentation(Dialect::FastApi);
    let proofs = http::client_refusals().into_iter();
    let proofs = proofs.filter(|_| route.is_oauth()).map(|error| Possible {
        feature: Some(Feature::Clients),
        error,
        presentation: as_oauth.filter(|oauth| *oauth != in_fastapi),
    });
    let others = description.alternatives.iter().flat_map(|other| {
        let errors = (other.errors)().into_iter();
        errors.map(|error| Possible {
            feature: Some(other.only_with),
            error,
            presentation: as_oauth,
        })
    });
    always.chain(proofs).chain(others).collect()
}

fn guard_errors(access: Access) -> Vec<ApiError> {
    let required = access.scopes();
    let denied = |denied| ApiError::Denied { required, denied };
    let mut errors = Vec::new();
    if access != Access::Public {
        errors.push(ApiError::NotAuthenticated);
        errors.push(denied(Denied::InvalidToken(InvalidToken::Expired)));
        errors.push(ApiError::MalformedCredentials { required });
    }
    if !required.is_empty() {
        errors.push(denied(Denied::InsufficientScope));
    }
    if let Access::ActiveUser(_) = access {
        errors.push(denied(Denied::InactiveUser));
    }
    errors
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

/// The presentation of an error, where the route's is this one.
fn presentation(possible: &Possible, route: Presentation) -> Presentation {
    possible.presentation.unwrap_or(route)
}

fn shown(possible: &Possible, route: Presentation) -> Response<Body> {
    presentation(possible, route).response(&possible.error)
}

/// The schema of the bodies of these errors: one, unless some are presented otherwise.
fn schema(
    status: StatusCode,
    errors: &[&Possible],
    route: Presentation,
    schemas: &mut Schemas,
) -> Value {
    let different = grouped(errors, |possible| {
        let presentation = presentation(possible, route);
        json!(presentation.schema(status, &mut schemas.writing))
    });
    let marked = different.into_iter();
    let marked = marked.map(|(schema, of)| only_with(&features(&of), schema));
    match &mut marked.collect::<Vec<_>>()[..] {
        [one] => one.take(),
        several => json!({"anyOf": several}),
    }
}

/// The errors that have the same value.
fn grouped<'a>(
    errors: &[&'a Possible],
    mut value: impl FnMut(&Possible) -> Value,
) -> Vec<(Value, Vec<&'a Possible>)> {
    let mut groups: Vec<(Value, Vec<&Possible>)> = Vec::new();
    for possible in errors {
        let value = value(possible);
        match groups.iter_mut().find(|(known, _)| *known == value) {
            Some((_, group)) => group.push(possible),
            None => groups.push((value, vec![possible])),
        }
    }
    groups
}

/// What must be on for one of these errors; nothing if one of them is always there.
fn features(errors: &[&Possible]) -> Vec<Feature> {
    let each: Option<BTreeSet<Feature>> = errors.iter().map(|possible| possible.feature).collect();
    each.unwrap_or_default().into_iter().collect()
}

/// OpenAPI's Responses Object: these errors, and the two that any operation can have, by status.
pub fn responses(
    errors: &[Possible],
    route: Presentation,
    schemas: &mut Schemas,
) -> Map<String, Value> {
    let faults = [
        ApiError::Store(StoreError::Unavailable("".into())),
        ApiError::internal(""),
    ]
    .map(Possible::always);
    let mut statuses: BTreeMap<StatusCode, Vec<&Possible>> = BTreeMap::new();
    for possible in errors.iter().chain(&faults) {
        statuses
            .entry(shown(possible, route).status())
            .or_default()
            .push(possible);
    }
    let described = statuses.into_iter();
    described
        .map(|(status, errors)| {
            let response = response(status, &errors, route, schemas);
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
    route: Presentation,
    schemas: &mut Schemas,
) -> Value {
    let schema = schema(status, errors, route, schemas);
    // A client cannot tell two errors apart that look alike.
    let different = grouped(errors, |possible| body(&shown(possible, route)));
    let examples: Map<_, _> = different
        .into_iter()
        .map(|(example, of)| {
            let example = only_with(&features(&of), json!({"value": example}));
            (name(of[0]), example)
        })
        .collect();
    json!({
        "description": status.canonical_reason(),
        "headers": headers(errors, route),
        "content": {"application/json": {"schema": schema, "examples": examples}},
    })
}

fn name(possible: &Possible) -> String {
    let name = possible.error.outcome();
    match possible.presentation {
        Some(_) => format!("{name}_rfc"),
        None => name.to_owned(),
    }
}

fn body(response: &Response<Body>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_default()
}

/// The headers that these errors add. A header is required if all of these errors have it.
fn headers(errors: &[&Possible], route: Presentation) -> Map<String, Value> {
    let mut headers = Map::new();
    let responses: Vec<_> = errors
        .iter()
        .map(|possible| shown(possible, route))
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
