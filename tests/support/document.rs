//! Every response that a test sees through the gateway, against the API's own document.

use std::collections::HashMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};
use shared::Route;

use crate::Answer;

/// As GET /openapi.json sends it.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| openapi::document("./"));

static RESPONSES: LazyLock<HashMap<(String, String), Response>> = LazyLock::new(responses);

struct Response {
    headers: Vec<String>,
    body: Validator,
}

/// Panics if the document does not know this status, this header or this body.
pub fn check(route: Route, event: &Value, answer: &Answer) {
    let (Some(method), Some(path)) = (route.method(), route.path()) else {
        return;
    };
    let sent = &event["requestContext"]["http"]["method"];
    let is_documented = DOCUMENT["paths"].get(path).is_some();
    let raw_path = event["rawPath"].as_str().unwrap_or_default();
    if !is_documented || sent != method || !route.has_path(raw_path) {
        return;
    }
    let key = (path.to_owned(), answer.status.to_string());
    let Some(response) = RESPONSES.get(&key) else {
        panic!(
            "{method} {path}: {} is not in openapi.json: {answer:?}",
            answer.status
        );
    };
    for name in &response.headers {
        assert!(
            answer.header(name).is_some(),
            "{name} is required: {answer:?}"
        );
    }
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let problems: Vec<_> = response
        .body
        .iter_errors(&answer.json())
        .map(|error| error.to_string())
        .collect();
    assert!(problems.is_empty(), "{problems:?}: {answer:?}");
}

/// By path and status: an operation has one method.
fn responses() -> HashMap<(String, String), Response> {
    let mut all = HashMap::new();
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                all.insert((path.clone(), status.clone()), read(response));
            }
        }
    }
    all
}

fn read(response: &Value) -> Response {
    let headers = response["headers"].as_object().into_iter().flatten();
    let required = headers.filter(|(_, header)| header["required"] == true);
    let mut schema = response["content"]["application/json"]["schema"].clone();
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["components"] = json!({"schemas": DOCUMENT["components"]["schemas"]});
    Response {
        headers: required.map(|(name, _)| name.clone()).collect(),
        body: jsonschema::validator_for(&schema).unwrap(),
    }
}
