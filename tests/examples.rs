//! The order routes of `examples/`, which CONTRIBUTING.md tells people to copy: several methods, a
//! query, a path parameter and JSON bodies.

#[path = "../examples/users-me-order/src/lib.rs"]
mod order;
#[path = "../examples/users-me-orders/src/lib.rs"]
mod orders;

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};
use shared::domain::accounts::User;
use shared::domain::scope::Scopes;
use shared::http::Dialect;
use shared::lambda::Function;
use tests::document::ApiDocument;
use tests::stores::{One, johndoe};
use tests::{Answer, Client, Gateway, HttpRequest, world};

static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let orders = Function {
        name: "users-me-orders",
        ..orders::FUNCTION
    };
    let order = Function {
        name: "users-me-order",
        ..order::FUNCTION
    };
    vec![token::FUNCTION, orders, order, not_found::FUNCTION]
});

fn gateway() -> Gateway {
    let user = User {
        scopes: Scopes::parse("me items orders").unwrap(),
        ..johndoe()
    };
    let document = Arc::new(ApiDocument::of(&FUNCTIONS, Dialect::FastApi));
    Gateway::serving(world().users(One::knowing(user)), &FUNCTIONS, document)
}

fn send(method: &str, path: &str, scope: &str, body: Option<&str>) -> Answer {
    let gateway = gateway();
    let token = gateway.login(scope);
    let mut request = HttpRequest::new(method, path).bearer(Some(&token));
    if let Some(body) = body {
        request = request.header("content-type", "application/json");
        request.body = Some(body.into());
    }
    gateway.send(&request)
}

fn get(path: &str) -> Answer {
    send("GET", path, "orders", None)
}

fn post(body: &str) -> Answer {
    send("POST", "/users/me/orders/", "orders", Some(body))
}

#[test]
fn orders_are_listed_placed_and_read() {
    let foo = json!({"id": 1, "owner": "johndoe", "item": "Foo", "quantity": 1});
    for path in ["/users/me/orders/", "/users/me/orders"] {
        assert_eq!(get(path).json(), json!([foo]), "{path}");
    }
    let placed = post(r#"{"item": "Bar", "quantity": 3}"#);
    let bar = json!({"id": 2, "owner": "johndoe", "item": "Bar", "quantity": 3});
    assert_eq!((placed.status, placed.json()), (201, bar));
    assert_eq!(post(r#"{"item": "Bar"}"#).json()["quantity"], 1);
    let one = get("/users/me/orders/1");
    let expected = json!({"id": 1, "owner": "johndoe", "item": "Foo"});
    assert_eq!((one.status, one.json()), (200, expected));
}

#[test]
fn every_method_asks_for_its_scope() {
    for (method, path) in [
        ("GET", "/users/me/orders/"),
        ("POST", "/users/me/orders/"),
        ("GET", "/users/me/orders/1"),
    ] {
        let answer = send(method, path, "me items", Some("{}"));
        assert_eq!(answer.status, 401, "{method} {path}");
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, Some("Bearer scope=\"orders\""));
        let without = gateway().send(&HttpRequest::new(method, path));
        assert_eq!(without.detail(), "Not authenticated");
    }
}

#[test]
fn another_method_is_told_all_that_there_are() {
    let answer = send("PUT", "/users/me/orders/", "orders", None);
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("GET, POST"))
    );
    let answer = send("POST", "/users/me/orders/1", "orders", None);
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
}

#[test]
fn a_query_parameter_is_read_and_checked() {
    assert_eq!(get("/users/me/orders/?limit=0").json(), json!([]));
    assert_eq!(get("/users/me/orders/?limit=").status, 200);
    for (query, kind, input) in [
        ("limit=ten", "int_parsing", json!("ten")),
        ("limit=-1", "greater_than_equal", json!("-1")),
        ("limit=1&limit=2", "string_type", Value::Null),
        ("limit=%ff", "string_unicode", Value::Null),
    ] {
        let detail = get(&format!("/users/me/orders/?{query}")).detail();
        assert_eq!(detail[0]["loc"], json!(["query", "limit"]), "{query}");
        assert_eq!(
            (&detail[0]["type"], &detail[0]["input"]),
            (&json!(kind), &input)
        );
    }
}

#[test]
fn all_that_is_wrong_with_a_body_is_said_at_once() {
    let detail = post(r#"{"quantity": "two"}"#).detail();
    let problems = detail.as_array().unwrap();
    let mut kinds: Vec<_> = problems
        .iter()
        .map(|one| one["type"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["int_type", "missing"]);
    let detail = post(r#"{"item": "Foo", "quantity": 0}"#).detail();
    let expected = json!([{"type": "greater_than_equal", "loc": ["body", "quantity"],
        "msg": "Input should be greater than or equal to 1", "input": 0, "ctx": {"ge": 1}}]);
    assert_eq!(detail, expected);
}

#[test]
fn a_body_that_cannot_be_read_is_refused() {
    assert_eq!(post("").status, 422);
    assert_eq!(post("{").detail()[0]["type"], "json_invalid");
    assert_eq!(post(&"[".repeat(60_000)).status, 422);
    assert_eq!(post(&format!("\"{}\"", "x".repeat(65_536))).status, 413);
}

#[test]
fn a_path_parameter_is_decoded_once_and_checked() {
    assert_eq!(get("/users/me/orders/%31").status, 200);
    let twice = get("/users/me/orders/%2531").detail();
    assert_eq!(twice[0]["input"], "%31");
    let missing = get("/users/me/orders/2");
    assert_eq!(
        (missing.status, missing.detail()),
        (404, json!("Order not found"))
    );
    let detail = get("/users/me/orders/abc").detail();
    let expected = json!([{"type": "int_parsing", "loc": ["path", "id"], "input": "abc",
        "msg": "Input should be a valid integer, unable to parse string as an integer"}]);
    assert_eq!(detail, expected);
    for path in [
        "/users/me/orders//",
        "/users/me/orders/1/2",
        "/users/me/orders/1%2F2",
    ] {
        let answer = get(path);
        assert_eq!(
            (answer.status, answer.detail()),
            (404, json!("Not Found")),
            "{path}"
        );
    }
}

#[test]
fn the_document_describes_them() {
    let document = json!(service::document(&FUNCTIONS, Dialect::FastApi));
    let (list, place) = (
        &document["paths"]["/users/me/orders/"]["get"],
        &document["paths"]["/users/me/orders/"]["post"],
    );
    assert_eq!(list["parameters"][0]["name"], "limit");
    assert_eq!(list["operationId"], "users-me-orders-get");
    let body = &place["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["$ref"], "#/components/schemas/NewOrder");
    let required = &document["components"]["schemas"]["NewOrder"]["required"];
    assert_eq!(required, &json!(["item"]));
    let order = &document["paths"]["/users/me/orders/{id}"]["get"];
    assert_eq!(order["parameters"][0]["in"], "path");
    let statuses: Vec<_> = order["responses"].as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["200", "400", "401", "404", "422", "500", "503"]);
}
