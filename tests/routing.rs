//! The routing table of `template.yaml`: which function the gateway gives a request to, and that it
//! is one that answers it.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use service::FUNCTIONS;
use service::gateway::cors::Cors;
use service::gateway::routing::{EmptyRest, Routes};
use service::gateway::{Received, response};
use shared::http::without_slash;
use tests::{Answer, Client, Gateway, HttpRequest, World, block_on, keys, parsed_template, world};

/// In which no function answers 404 at its own path: there are keys to publish, sessions to end, and
/// clients who may ask.
fn answering() -> World {
    let ring = keys::ring(Algorithm::ES256).public().to_json().unwrap();
    let world = world().with("PUBLIC_KEYS", ring);
    world.with("REFRESH_IDLE_DAYS", 30).checking_clients()
}

fn gateway(template: &Value, empty_rest: EmptyRest) -> Gateway {
    let mut gateway = Gateway::new(answering());
    gateway.gateway.routes = Routes::of_template(template);
    gateway.gateway.empty_rest = empty_rest;
    gateway
}

/// What a client of this stack would complain of: a path, spelled with or without its last slash,
/// that no function answers.
fn complaints(template: &Value, empty_rest: EmptyRest) -> Vec<String> {
    let gateway = gateway(template, empty_rest);
    let mut complaints = Vec::new();
    for function in FUNCTIONS {
        let Some(path) = function.route.path() else {
            continue;
        };
        let path = without_slash(path).replace("{document}", "jwks.json");
        for method in function.route.methods().chain(["PURGE"]) {
            for path in [path.clone(), format!("{path}/")] {
                let status = followed(&gateway, method, &path);
                let answered = status.is_some_and(|status| status != 404);
                let refused = status == Some(405);
                if !answered || refused != (method == "PURGE") {
                    complaints.push(format!("{method} {path}: {status:?}"));
                }
            }
        }
    }
    let nowhere = followed(&gateway, "GET", "/nowhere");
    if nowhere != Some(404) {
        complaints.push(format!("GET /nowhere: {nowhere:?}"));
    }
    complaints
}

/// The status of the answer, once a redirect from the slash at the end has been followed; nothing if
/// the redirect leads somewhere else, or no function is asked.
fn followed(gateway: &Gateway, method: &str, path: &str) -> Option<u16> {
    gateway.gateway.route(method, path)?;
    let answer = gateway.send(&HttpRequest::new(method, path));
    if answer.status != 308 {
        return Some(answer.status);
    }
    let path = path.strip_suffix('/')?;
    let (_, last) = path.rsplit_once('/')?;
    (answer.header("location") == Some(&format!("../{last}"))).then_some(())?;
    Some(gateway.send(&HttpRequest::new(method, path)).status)
}

#[test]
fn every_path_is_answered_by_the_function_that_its_route_names() {
    let complaints = complaints(parsed_template(), EmptyRest::Taken);
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// If the gateway does not take an empty rest, `$default` redirects, except below another function's
/// path, whose own greedy route then takes the request and answers 404. `make smoke` says which of
/// the two AWS does.
#[test]
fn with_an_empty_rest_refused_only_a_slash_below_another_path_is_lost() {
    let complaints = complaints(parsed_template(), EmptyRest::Refused);
    let paths = FUNCTIONS.iter().filter_map(|one| one.route.path());
    let above: Vec<_> = paths
        .map(|path| without_slash(path).to_owned() + "/")
        .collect();
    let is_known = |complaint: &String| {
        let path = complaint.split([' ', ':']).nth(1);
        path.and_then(|path| path.strip_suffix('/'))
            .is_some_and(|path| above.iter().any(|above| path.starts_with(above)))
    };
    assert!(complaints.iter().all(is_known), "{complaints:#?}");
}

/// The tests above would notice each of them: two functions exchanged, a route forgotten.
#[test]
fn a_wrong_template_is_noticed() {
    let template = parsed_template();
    let resources = template["Resources"].as_object().unwrap().iter();
    let functions: Vec<_> = resources
        .filter(|(_, one)| one["Type"] == "AWS::Serverless::Function")
        .filter(|(_, one)| one["Properties"]["Events"].is_object()) // not the authorizer
        .collect();
    for (at, (name, function)) in functions.iter().enumerate() {
        let (other, _) = functions[(at + 1) % functions.len()];
        let code = |name: &str| template["Resources"][name]["Properties"]["CodeUri"].clone();
        let mut exchanged = template.clone();
        exchanged["Resources"][*name]["Properties"]["CodeUri"] = code(other);
        exchanged["Resources"][other]["Properties"]["CodeUri"] = code(name);
        assert_ne!(
            complaints(&exchanged, EmptyRest::Taken),
            [""; 0],
            "{name} and {other}"
        );
        for event in function["Properties"]["Events"].as_object().unwrap().keys() {
            let mut forgotten = template.clone();
            let events = &mut forgotten["Resources"][*name]["Properties"]["Events"];
            events.as_object_mut().unwrap().remove(event);
            // Without its second route a path with a slash would be redirected all the same.
            if event == "Exact" || event == "Default" {
                assert_ne!(
                    complaints(&forgotten, EmptyRest::Taken),
                    [""; 0],
                    "{name} {event}"
                );
            }
        }
    }
}

/// Those of `examples/`: in which order the template has them makes no difference.
#[test]
fn of_two_greedy_routes_with_as_many_literals_the_longer_one_takes_a_request() {
    let paths = ["/orders/{proxy+}", "/orders/{id}/{proxy+}"];
    for paths in [paths, [paths[1], paths[0]]] {
        let events = paths.map(|path| json!({"Type": "HttpApi", "Properties": {"Path": path}}));
        let orders =
            json!({"CodeUri": "functions/orders", "Events": {"A": events[0], "B": events[1]}});
        let template = json!({"Resources": {"Orders": {"Properties": orders}}});
        let routes = Routes::of_template(&template);
        for (path, key) in [
            ("/orders/7/", "ANY /orders/{id}/{proxy+}"),
            ("/orders/7/x", "ANY /orders/{id}/{proxy+}"),
            ("/orders/7", "ANY /orders/{proxy+}"),
        ] {
            let route = routes.choose("GET", path, EmptyRest::Taken).unwrap();
            assert_eq!(route.key, key, "{path}");
        }
    }
}

/// What AWS's guide says of these: a full match, then the greedy one with the most literals, then
/// `$default`.
#[test]
fn the_most_specific_route_takes_a_request() {
    let routes = Routes::of_template(parsed_template());
    for (path, key) in [
        ("/users/me", "ANY /users/me"),
        ("/users/me/items", "ANY /users/me/items"),
        ("/users/me/items/7", "ANY /users/me/items/{proxy+}"),
        ("/users/me/logout/", "ANY /users/me/logout/{proxy+}"),
        ("/users/me/nothing", "ANY /users/me/{proxy+}"),
        ("/users/me/a/b/", "ANY /users/me/{proxy+}"),
        ("/users/me//", "ANY /users/me/{proxy+}"),
        ("/.well-known/jwks.json", "ANY /.well-known/{document}"),
        ("/.well-known/a/b", "ANY /.well-known/{document}/{proxy+}"),
        ("/.well-known/", "$default"),
        ("/docs/swagger-ui.css", "ANY /docs/{proxy+}"),
        ("/users", "$default"),
        ("/Token", "$default"),
        ("/tokens", "$default"),
        ("//token", "$default"),
        ("/", "$default"),
    ] {
        let chosen = routes.choose("GET", path, EmptyRest::Taken).unwrap();
        assert_eq!(chosen.key, key, "{path}");
    }
    let slash = |empty_rest| routes.choose("GET", "/token/", empty_rest).unwrap();
    assert_eq!(slash(EmptyRest::Taken).key, "ANY /token/{proxy+}");
    assert_eq!(slash(EmptyRest::Refused).key, "$default");
}

#[test]
fn a_method_of_its_own_comes_before_any() {
    let event =
        |method, path| json!({"Type": "HttpApi", "Properties": {"Method": method, "Path": path}});
    let function = |code, events| json!({"Properties": {"CodeUri": code, "Events": events}});
    let template = json!({"Resources": {
        "A": function("functions/any", json!({"A": event("ANY", "/x/{id}"), "B": event("ANY", "/{proxy+}")})),
        "B": function("functions/get", json!({"A": event("GET", "/x/{id}"), "B": event("PUT", "/x/y/{proxy+}")})),
    }});
    let routes = Routes::of_template(&template);
    for (method, path, expected) in [
        ("GET", "/x/7", Some("get")),
        ("POST", "/x/7", Some("any")),
        ("PUT", "/x/y/z", Some("get")),
        ("PUT", "/x/y", Some("any")),
        ("GET", "/x/y/z", Some("any")),
        ("GET", "/", None),
    ] {
        let chosen = routes.choose(method, path, EmptyRest::Refused);
        let function = chosen.map(|route| route.function.as_str());
        assert_eq!(function, expected, "{method} {path}");
    }
}

#[test]
fn an_event_is_as_the_gateway_makes_it() {
    let gateway = Gateway::new(world());
    let request = HttpRequest::new("POST", "/token/?a=1")
        .header("X-Twice", "a")
        .header("x-twice", "b, c")
        .form("username=x");
    let event = gateway.event(&request);
    assert_eq!(event["routeKey"], "ANY /token/{proxy+}");
    assert_eq!(
        (&event["rawPath"], &event["rawQueryString"]),
        (&json!("/token/"), &json!("a=1"))
    );
    assert_eq!(event["headers"]["x-twice"], "a,b, c");
    assert!(event["headers"].get("X-Twice").is_none());
    let decoded = gateway.event(&HttpRequest::new("GET", "/users/%6De/x%2541%2F?q=%41"));
    assert_eq!(
        (&decoded["rawPath"], &decoded["rawQueryString"]),
        (&json!("/users/me/x%41/"), &json!("q=%41"))
    );
    for (media_type, body, base64) in [
        ("application/x-www-form-urlencoded", "YT0x", true),
        ("application/json; charset=utf-8", "a=1", false),
        ("text/plain", "a=1", false),
        ("application/octet-stream", "YT0x", true),
    ] {
        let mut request = HttpRequest::new("POST", "/token").header("content-type", media_type);
        request.body = Some(b"a=1".to_vec());
        let event = gateway.event(&request);
        let expected = (&json!(body), &json!(base64));
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            expected,
            "{media_type}"
        );
    }
    let empty = gateway.event(&HttpRequest::new("POST", "/token"));
    assert!(empty.get("body").is_none());
}

/// The quotas of an HTTP API: the request line and the headers' values, the body, and the event of a function.
#[test]
fn what_is_too_large_does_not_reach_a_function() {
    let gateway = Gateway::new(world());
    let status = |request: &HttpRequest| gateway.send(request).status;
    let line = "GET/nowhere".len();
    for (length, expected) in [(10_240 - line, 404), (10_241 - line, 431)] {
        let request = HttpRequest::new("GET", "/nowhere").header("x", "a".repeat(length));
        assert_eq!(status(&request), expected, "{length}");
    }
    for (length, expected) in [
        (65_537, json!({"detail": "Content Too Large"})),
        (5_000_000, json!({"message": "Request Entity Too Large"})),
        (10_485_761, json!({"message": "Request Entity Too Large"})),
    ] {
        let answer = gateway.send(&HttpRequest::new("POST", "/token").form("a".repeat(length)));
        assert_eq!((answer.status, answer.json()), (413, expected), "{length}");
    }
}

/// As in RFC 6265 4.2.1; the headers do not have them.
#[test]
fn cookies_come_one_by_one_and_go_one_by_one() {
    let request = HttpRequest::new("GET", "/").header("Cookie", "a=1; b=2");
    let event = Gateway::new(world()).event(&request.header("cookie", "c=3"));
    assert_eq!(event["cookies"], json!(["a=1", "b=2", "c=3"]));
    assert!(event["headers"].get("cookie").is_none());
    let payload = json!({"statusCode": 200, "cookies": ["a=1; Path=/", "b=2"]});
    let response = response::of_payload(payload.to_string().as_bytes()).unwrap();
    let set = response.headers().get_all("set-cookie").iter();
    assert!(set.eq(["a=1; Path=/", "b=2"]));
}

/// A function that dies, or answers something else than a response.
#[test]
fn no_response_of_a_function_is_500() {
    let gateway = Gateway::new(world()).gateway;
    let request = Received {
        method: "GET".to_owned(),
        path: "/status/".to_owned(),
        ..Received::default()
    };
    for payload in [None, Some("null"), Some("{}"), Some("{\"statusCode\": 9}")] {
        let invoke = async |name: &str, _: &Value| {
            assert_eq!(name, "status");
            payload.map(|payload| payload.as_bytes().to_vec())
        };
        let response = block_on(gateway.answer(&request, invoke));
        assert_eq!(response.status(), 500, "{payload:?}");
        assert_eq!(response.body(), b"{\"message\":\"Internal Server Error\"}");
    }
}

fn with_cors(origins: &str) -> Gateway {
    let mut gateway = Gateway::new(world());
    gateway.gateway.cors = Cors::of_template(parsed_template(), origins);
    gateway
}

#[test]
fn without_an_origin_there_is_no_cors() {
    for origins in ["", " ", ","] {
        assert!(with_cors(origins).gateway.cors.is_none(), "{origins:?}");
    }
    let preflight = HttpRequest::new("OPTIONS", "/token")
        .header("origin", "http://localhost:5173")
        .header("access-control-request-method", "POST");
    let answer = Gateway::new(world()).send(&preflight);
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}

/// The gateway answers a preflight, also at a path that no function has; what it says is the template's.
#[test]
fn pages_of_the_origins_that_are_named_may_call() {
    let gateway = with_cors("http://localhost:5173, https://app.example.com");
    let allowed = |answer: &Answer| {
        answer
            .header("access-control-allow-origin")
            .map(str::to_owned)
    };
    for (origin, expected) in [
        ("http://localhost:5173", true),
        ("https://app.example.com", true),
        ("http://localhost:5174", false),
        ("null", false),
    ] {
        let expected = expected.then(|| origin.to_owned());
        for path in ["/users/me/", "/nowhere"] {
            let preflight = HttpRequest::new("OPTIONS", path)
                .header("origin", origin)
                .header("access-control-request-method", "GET");
            let answer = gateway.send(&preflight);
            assert_eq!((answer.status, allowed(&answer)), (204, expected.clone()));
            let headers = answer.header("access-control-allow-headers");
            let known = expected.as_ref().map(|_| "authorization,content-type");
            assert_eq!(headers, known, "{origin}");
        }
        let request = HttpRequest::new("GET", "/users/me/").header("origin", origin);
        let answer = gateway.send(&request);
        assert_eq!((answer.status, allowed(&answer)), (401, expected.clone()));
        let exposed = answer.header("access-control-expose-headers");
        let known = expected.map(|_| "retry-after,www-authenticate");
        assert_eq!(exposed, known, "{origin}");
    }
}

/// An OPTIONS that no page sends is the function's to answer.
#[test]
fn an_options_that_asks_for_nothing_reaches_the_function() {
    let gateway = with_cors("http://localhost:5173");
    let options = HttpRequest::new("OPTIONS", "/token").header("origin", "http://localhost:5173");
    assert_eq!(gateway.send(&options).status, 405);
}
