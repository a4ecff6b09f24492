//! Reads a JSON body as a type.

use std::ops::ControlFlow;

use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, MergeWithError, ValueKind, ValuePointerRef,
};
use lambda_http::Request;
use lambda_http::http::header::CONTENT_TYPE;
use serde_json::Value;
use serde_json::error::Category;

use super::error::RequestError;
use super::problem::{Kind, Problem, Step, Type};

/// Reads the body as a type that has `#[derive(Deserr)]` and `#[deserr(error = JsonProblems)]`.
/// Types are strict: `"3"` is not a number.
pub fn from_json<T: Deserr<JsonProblems>>(request: &Request) -> Result<T, RequestError> {
    let value = value(request)?;
    deserr::deserialize(value.clone()).map_err(|JsonProblems(problems)| {
        let problem = |(path, kind)| described(&value, path, kind);
        RequestError::Invalid(problems.into_iter().map(problem).collect())
    })
}

fn value(request: &Request) -> Result<Value, RequestError> {
    let body: &[u8] = request.body();
    let problem = |location, kind, input| {
        let body = Step::Name("body".into());
        RequestError::Invalid(vec![Problem {
            location: [vec![body], location].concat(),
            kind,
            input,
        }])
    };
    let text = str::from_utf8(body).map_err(|_| RequestError::MalformedBody)?;
    if text.is_empty() {
        return Err(problem(vec![], Kind::Missing, Value::Null));
    }
    if !is_json(request) {
        return Err(problem(vec![], Kind::Not(Type::Object), text.into()));
    }
    serde_json::from_str(text).map_err(|error| {
        let at = match error.classify() {
            Category::Eof => text.chars().count(),
            _ => position(text, error.line(), error.column()),
        };
        let at = Step::Index(at);
        let empty = Value::Object(serde_json::Map::new());
        let message = error.to_string();
        let message = message
            .split_once(" at line ")
            .map_or(&*message, |(message, _)| message);
        problem(vec![at], Kind::NotJson(message.to_owned()), empty)
    })
}

/// Is the media type `application/json`, or another one that ends in `+json` (RFC 6839 3.1)?
fn is_json(request: &Request) -> bool {
    let value = request.headers().get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next());
    let media_type = media_type.unwrap_or_default().trim().to_ascii_lowercase();
    let subtype = media_type.strip_prefix("application/");
    subtype.is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

/// How many characters come before this place; `column` counts bytes.
fn position(text: &str, line: usize, column: usize) -> usize {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1));
    let start: usize = before.map(str::len).sum();
    let end = (start + column.saturating_sub(1)).min(text.len());
    String::from_utf8_lossy(&text.as_bytes()[..end])
        .chars()
        .count()
}

/// What is wrong in a JSON body: collected while it is read.
#[derive(Debug, Default)]
pub struct JsonProblems(Vec<(Vec<Step>, Kind)>);

impl JsonProblems {
    /// A problem that a type's own check finds (`#[deserr(validate = ...)]`).
    #[must_use]
    pub fn at(location: ValuePointerRef<'_>, kind: Kind) -> Self {
        Self(vec![(steps(location), kind)])
    }
}

impl MergeWithError<Self> for JsonProblems {
    fn merge(
        so_far: Option<Self>,
        other: Self,
        _location: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let mut all = so_far.unwrap_or_default();
        all.0.extend(other.0);
        ControlFlow::Continue(all)
    }
}

impl DeserializeError for JsonProblems {
    fn error<V: IntoValue>(
        so_far: Option<Self>,
        error: ErrorKind<'_, V>,
        location: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let mut steps = steps(location);
        let kind = match error {
            ErrorKind::MissingField { field } => {
                steps.push(Step::Name(field.to_owned().into()));
                Kind::Missing
            }
            ErrorKind::UnknownKey { key, .. } => {
                steps.push(Step::Name(key.to_owned().into()));
                Kind::Unknown
            }
            ErrorKind::IncorrectValueKind { actual, accepted } => wrong(actual.kind(), accepted),
            ErrorKind::UnknownValue { accepted, .. } => {
                Kind::NotOneOf(accepted.iter().map(|value| (*value).to_owned()).collect())
            }
            ErrorKind::BadSequenceLen { expected, .. } => {
                Kind::Other(format!("List should have {expected} items"))
            }
            ErrorKind::Unexpected { msg } => Kind::Other(msg),
        };
        let mut all = so_far.unwrap_or_default();
        all.0.push((steps, kind));
        ControlFlow::Continue(all)
    }
}

fn wrong(actual: ValueKind, accepted: &[ValueKind]) -> Kind {
    let all = |kinds: &[ValueKind]| kinds.iter().all(|kind| accepted.contains(kind));
    let negative = accepted.contains(&ValueKind::NegativeInteger);
    if actual == ValueKind::NegativeInteger && all(&[ValueKind::Integer]) && !negative {
        return Kind::TooSmall(0);
    }
    Kind::Not(match accepted.first() {
        Some(ValueKind::String) => Type::Text,
        _ if all(&[ValueKind::Float]) => Type::Number,
        Some(ValueKind::Integer | ValueKind::NegativeInteger) => Type::Integer,
        Some(ValueKind::Boolean) => Type::Boolean,
        Some(ValueKind::Sequence) => Type::List,
        Some(ValueKind::Null) => Type::Null,
        _ => Type::Object,
    })
}

fn steps(location: ValuePointerRef<'_>) -> Vec<Step> {
    let (before, step) = match location {
        ValuePointerRef::Origin => return Vec::new(),
        ValuePointerRef::Key { key, prev } => (prev, Step::Name(key.to_owned().into())),
        ValuePointerRef::Index { index, prev } => (prev, Step::Index(index)),
    };
    let mut steps = steps(*before);
    steps.push(step);
    steps
}

/// A problem with the input that FastAPI shows: the value itself, or the object that lacks it.
fn described(root: &Value, path: Vec<Step>, kind: Kind) -> Problem {
    let shown = match kind {
        Kind::Missing => &path[..path.len().saturating_sub(1)],
        _ => &path[..],
    };
    let input = shown.iter().try_fold(root, |value, step| match step {
        Step::Name(name) => value.get(name.as_ref()),
        Step::Index(index) => value.get(index),
    });
    Problem {
        input: input.cloned().unwrap_or_default(),
        location: [vec![Step::Name("body".into())], path].concat(),
        kind,
    }
}

#[cfg(test)]
mod tests;
