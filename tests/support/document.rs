//! Checks every response that a test gets through the gateway against the API's own document.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use jsonschema::Validator;
use serde_json::{Value, json};
use service::FUNCTIONS;
use shared::http::Dialect;
use shared::lambda::Function;

use crate::Answer;

/// The document as GET /openapi.json sends it, if everything is on.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| json!(service::document(FUNCTIONS, Dialect::FastApi)));

/// The service's document in each dialect, ready to check responses.
pub static API: LazyLock<Arc<ApiDocument>> =
    LazyLock::new(|| Arc::new(ApiDocument::of(FUNCTIONS, Dialect::FastApi)));
pub static RFC_API: LazyLock<Arc<ApiDocument>> =
    LazyLock::new(|| Arc::new(ApiDocument::of(FUNCTIONS, Dialect::Rfc)));

/// A document's responses by path, method and status, ready to check those of a test.
pub struct ApiDocument {
    responses: HashMap<(String, String, String), Response>,
    paths: Value,
}

struct Response {
    headers: Vec<String>,
    body: Validator,
}

impl ApiDocument {
    /// The document of these functions.
    pub fn of(functions: &[Function], dialect: Dialect) -> Self {
        let document = json!(service::document(functions, dialect));
        let mut responses = HashMap::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                for (status, response) in operation["responses"].as_object().unwrap() {
                    let key = (path.clone(), method.to_uppercase(), status.clone());
                    responses.insert(key, read(&document, response));
                }
            }
        }
        let paths = document["paths"].clone();
        Self { responses, paths }
    }

    /// Panics if the document does not know this status, this header or this body.
    pub fn check(&self, function: &Function, event: &Value, answer: &Answer) {
        let Some(path) = function.route.path() else {
            return;
        };
        let http = &event["requestContext"]["http"];
        let method = http["method"].as_str().unwrap_or_default();
        let raw_path = event["rawPath"].as_str().unwrap_or_default();
        let mut operations = function.route.operations.iter();
        let answered = operations.any(|operation| operation.method == method);
        let operation = &self.paths[path][method.to_lowercase()];
        let described = !operation.is_null();
        // What may be off is there, or is 404 like any other path.
        if answer.status == 404 && !operation["x-only-with"].is_null() {
            return;
        }
        // A 304 stands for the answer that the client has (RFC 9110 15.4.5).
        let known = answer.status == 304;
        if known || !answered || !described || !function.route.has_path(raw_path) {
            return;
        }
        let key = (
            path.to_owned(),
            method.to_owned(),
            answer.status.to_string(),
        );
        let Some(response) = self.responses.get(&key) else {
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
}

fn read(document: &Value, response: &Value) -> Response {
    let headers = response["headers"].as_object().into_iter().flatten();
    let required = headers.filter(|(_, header)| header["required"] == true);
    let mut schema = response["content"]["application/json"]["schema"].clone();
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["components"] = json!({"schemas": document["components"]["schemas"]});
    Response {
        headers: required.map(|(name, _)| name.clone()).collect(),
        body: jsonschema::validator_for(&schema).unwrap(),
    }
}
