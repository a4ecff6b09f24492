use lambda_http::Body;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::http::{ApiError, Presentation};

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
    Ok(from_json(&request(content_type, body.as_bytes()))?)
}

fn detail(body: &str) -> Value {
    let error = read("application/json", body).unwrap_err();
    let response = Presentation::FastApi.response(&error);
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
    assert_eq!(error.unwrap_err(), RequestError::MalformedBody);
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body in "[\\[\\]{}:,\"a-z0-9é.-]{0,60}") {
        let _ = read("application/json", &body);
    }
}
