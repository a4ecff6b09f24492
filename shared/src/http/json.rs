//! JSON: reads a body as a type, and writes an answer.

use std::ops::ControlFlow;

use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, MergeWithError, ValueKind, ValuePointerRef,
};
use lambda_http::http::StatusCode;
use lambda_http::http::header::CONTENT_TYPE;
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use serde_json::Value;
use serde_json::error::Category;

use super::error::{ApiError, RequestError};
use super::problem::{Kind, Problem, Step, Type};
use super::response;

/// Reads the body as a type that has `#[derive(Deserr)]` and `#[deserr(error = JsonProblems)]`.
/// Types are strict: `"3"` is not a number.
pub fn from_json<T: Deserr<JsonProblems>>(request: &Request) -> Result<T, ApiError> {
    let value = value(request)?;
    deserr::deserialize(value.clone()).map_err(|JsonProblems(problems)| {
        let problem = |(path, kind)| described(&value, path, kind);
        RequestError::Invalid(problems.into_iter().map(problem).collect()).into()
    })
}

/// An answer in JSON. No cache may keep it: it is one user's data, or a token (RFC 6749 5.1).
pub fn json(body: &impl Serialize) -> Result<Response<Body>, ApiError> {
    json_with(StatusCode::OK, body)
}

/// Like `json`, with another status.
pub fn json_with(status: StatusCode, body: &impl Serialize) -> Result<Response<Body>, ApiError> {
    let text = serde_json::to_string(body).map_err(ApiError::internal)?;
    Ok(response(status, text))
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
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::http::{Dialect, Surface};

    #[derive(Debug, Deserr)]
    #[deserr(error = JsonProblems)]
    #[expect(dead_code, reason = "read, and then forgotten")]
    struct NewOrder {
        item_id: String,
        #[deserr(default = 1)]
        quantity: u32,
        #[deserr(default)]
        gift: bool,
        #[deserr(default)]
        price: Option<f64>,
        #[deserr(default)]
        size: Option<Size>,
        #[deserr(default)]
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserr)]
    #[deserr(error = JsonProblems)]
    #[expect(dead_code, reason = "read, and then forgotten")]
    struct Line {
        sku: String,
        #[deserr(default = 1)]
        count: i64,
    }

    #[derive(Debug, Deserr)]
    #[deserr(error = JsonProblems, rename_all = lowercase)]
    enum Size {
        Small,
        Large,
    }

    fn request(content_type: &str, body: &[u8]) -> Request {
        let mut request = Request::new(Body::Binary(body.to_vec()));
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        request
    }

    fn read(content_type: &str, body: &str) -> Result<NewOrder, ApiError> {
        from_json(&request(content_type, body.as_bytes()))
    }

    fn detail(body: &str) -> Value {
        let error = read("application/json", body).unwrap_err();
        let response = Dialect::FastApi.response(&error, Surface::Resource);
        assert_eq!(response.status(), 422, "{body}");
        let answer: Value = serde_json::from_slice(response.body()).unwrap();
        answer["detail"].clone()
    }

    /// What FastAPI 0.165 answered for the same model.
    #[test]
    fn says_what_fastapi_says() {
        let object = "Input should be a valid dictionary or object to extract fields from";
        for (body, expected) in [
            (
                "{}",
                json!([{"type": "missing", "loc": ["body", "item_id"], "msg": "Field required", "input": {}}]),
            ),
            (
                "[]",
                json!([{"type": "model_attributes_type", "loc": ["body"], "msg": object, "input": []}]),
            ),
            (
                "null",
                json!([{"type": "model_attributes_type", "loc": ["body"], "msg": object, "input": null}]),
            ),
            (
                "\"x\"",
                json!([{"type": "model_attributes_type", "loc": ["body"], "msg": object, "input": "x"}]),
            ),
            (
                "3",
                json!([{"type": "model_attributes_type", "loc": ["body"], "msg": object, "input": 3}]),
            ),
            (
                "",
                json!([{"type": "missing", "loc": ["body"], "msg": "Field required", "input": null}]),
            ),
            (
                r#"{"item_id": null, "quantity": null, "lines": 3}"#,
                json!([
                    {"type": "string_type", "loc": ["body", "item_id"], "msg": "Input should be a valid string", "input": null},
                    {"type": "int_type", "loc": ["body", "quantity"], "msg": "Input should be a valid integer", "input": null},
                    {"type": "list_type", "loc": ["body", "lines"], "msg": "Input should be a valid list", "input": 3},
                ]),
            ),
            (
                r#"{"item_id": "a", "lines": [{"sku": 1}, {}, 4]}"#,
                json!([
                    {"type": "string_type", "loc": ["body", "lines", 0, "sku"], "msg": "Input should be a valid string", "input": 1},
                    {"type": "missing", "loc": ["body", "lines", 1, "sku"], "msg": "Field required", "input": {}},
                    {"type": "model_attributes_type", "loc": ["body", "lines", 2], "msg": object, "input": 4},
                ]),
            ),
        ] {
            let mut found = detail(body);
            // The order in which the fields are read does not matter.
            let key = |problem: &Value| problem["loc"].to_string();
            found.as_array_mut().unwrap().sort_by_key(key);
            let mut expected = expected;
            expected.as_array_mut().unwrap().sort_by_key(key);
            assert_eq!(found, expected, "{body}");
        }
    }

    /// FastAPI's lax mode converts some of these values. Here types are as in Pydantic's strict
    /// mode.
    #[test]
    fn types_are_strict() {
        for (body, kind, message) in [
            (
                r#"{"item_id": "a", "quantity": "3"}"#,
                "int_type",
                "Input should be a valid integer",
            ),
            (
                r#"{"item_id": "a", "quantity": 2.5}"#,
                "int_type",
                "Input should be a valid integer",
            ),
            (
                r#"{"item_id": "a", "gift": "yes"}"#,
                "bool_type",
                "Input should be a valid boolean",
            ),
            (
                r#"{"item_id": "a", "price": "x"}"#,
                "float_type",
                "Input should be a valid number",
            ),
            (
                r#"{"item_id": "a", "quantity": -1}"#,
                "greater_than_equal",
                "Input should be greater than or equal to 0",
            ),
            (
                r#"{"item_id": "a", "size": "tiny"}"#,
                "enum",
                "Input should be 'small' or 'large'",
            ),
        ] {
            let detail = detail(body);
            assert_eq!(
                (&detail[0]["type"], &detail[0]["msg"]),
                (&json!(kind), &json!(message)),
                "{body}"
            );
            assert_eq!(detail.as_array().unwrap().len(), 1, "{body}");
        }
        let too_large = detail(r#"{"item_id": "a", "quantity": 4294967296}"#);
        assert_eq!(too_large[0]["type"], "value_error");
    }

    #[test]
    fn what_is_no_json_is_named_with_its_place() {
        for (body, at) in [
            ("{", 1),
            ("nope", 1),
            (r#"{"item_id":"a"} x"#, 16),
            ("{\n\"é\": }", 7),
            ("[1,]", 3),
        ] {
            let detail = detail(body);
            assert_eq!(detail[0]["type"], "json_invalid", "{body}");
            assert_eq!(detail[0]["loc"], json!(["body", at]), "{body}");
            let why = detail[0]["ctx"]["error"].as_str().unwrap();
            assert!(!why.is_empty() && !why.contains("line"), "{why}");
        }
        let deep = "[".repeat(30_000);
        assert_eq!(detail(&deep)[0]["type"], "json_invalid");
    }

    #[test]
    fn another_content_type_is_no_json() {
        let body = r#"{"item_id": "a"}"#;
        for content_type in [
            "application/json",
            "APPLICATION/JSON; charset=utf-8",
            "application/vnd.api+json",
        ] {
            assert!(read(content_type, body).is_ok(), "{content_type}");
        }
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "text/json",
            "",
        ] {
            assert!(read(content_type, body).is_err(), "{content_type}");
        }
        let error = from_json::<NewOrder>(&request("application/json", b"{\"item_id\":\"\xff\"}"));
        assert_eq!(error.unwrap_err().outcome(), "malformed_body");
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in "[\\[\\]{}:,\"a-z0-9é.-]{0,60}") {
            let _ = read("application/json", &body);
        }
    }
}
