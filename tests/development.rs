//! The whole service in one process, as `make dev` runs it: what a request gets over HTTP, what each function sees, and
//! what is said of a wrong configuration. That it is built anew after a save: `make_dev.rs`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dev::saved::{Files, Saved};
use serde_json::{Value, json};
use service::development::environment::of_function;
use service::development::functions::{Running, Variables};
use service::development::{Fresh, open};
use service::{all, function, server};
use shared::http::{self, Answer, Operation, Public, Request};
use shared::lambda::Function;
use tests::curl::Curl;
use tests::{Client, HttpRequest, block_on, parsed_template, read};

/// The development values, and these.
fn variables(more: &[(&str, &str)]) -> Variables {
    let values: Value = serde_json::from_str(&read("events/env.json")).unwrap();
    let values = values["Parameters"].as_object().unwrap().iter();
    let values = values.map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
    let all = values.chain(more.iter().copied());
    all.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn never_saved() -> Fresh {
    let files = Files::default();
    let saved = files.now();
    Fresh::new(files, saved)
}

/// The service with these variables, on a port of its own, until the tests end.
fn serve(more: &[(&str, &str)]) -> Curl {
    serve_until(more, never_saved(), || true)
}

fn serve_until(
    more: &[(&str, &str)],
    fresh: Fresh,
    goes_on: impl Fn() -> bool + Send + 'static,
) -> Curl {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let variables = variables(more);
    thread::spawn(move || {
        block_on(async {
            let service = open(parsed_template(), &variables, fresh, port).await;
            server::serve(listener, goes_on, service.unwrap()).await;
        });
    });
    Curl {
        base_url: format!("http://127.0.0.1:{port}"),
    }
}

fn wrong(more: &[(&str, &str)]) -> String {
    let opened = block_on(open(
        parsed_template(),
        &variables(more),
        never_saved(),
        9000,
    ));
    opened.err().unwrap().to_string()
}

#[test]
fn the_pages_flow() {
    let service = serve(&[]);
    let token = service.login("me");
    assert_eq!(service.get("/users/me/", Some(&token)).status, 200);
    let refused = service.get("/users/me/items/", Some(&token));
    let challenge = refused.header("www-authenticate");
    assert_eq!(
        (refused.status, challenge),
        (401, Some("Bearer scope=\"items me\""))
    );
    assert_eq!(service.get("/nowhere", None).status, 404);
}

/// So a session that POST /token begins is one that the other functions can end.
/// Sends bytes as they are; returns the answer's status.
fn raw(service: &Curl, request: &str) -> String {
    let address = service.base_url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut start = [0; 12];
    connection.read_exact(&mut start).unwrap();
    String::from_utf8_lossy(&start[9..]).into_owned()
}

/// A body in chunks arrives whole; a bad chunk is the client's mistake, not a 500.
#[test]
fn a_body_comes_in_chunks() {
    let service = serve(&[]);
    let whole = "5\r\nusern\r\n1b;x=y\r\name=johndoe&password=secret\r\n0\r\nTrailer: x\r\n\r\n";
    for (body, status) in [
        (whole, "200"),
        ("zz\r\nusern\r\n0\r\n\r\n", "400"),
        ("0x5\r\nusern\r\n0\r\n\r\n", "400"),
        ("-5\r\nusern\r\n0\r\n\r\n", "400"),
        ("5\r\nusername\r\n0\r\n\r\n", "400"),
    ] {
        let head = "POST /token HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\n\r\n";
        assert_eq!(raw(&service, &format!("{head}{body}")), status, "{body}");
    }
}

/// What is no path is no request for a function.
#[test]
fn a_target_is_a_path() {
    let service = serve(&[]);
    for (target, status) in [
        ("*", "400"),
        ("token", "400"),
        ("/lambda-url/", "404"),
        ("/lambda-url/users/", "404"),
    ] {
        let request = format!("OPTIONS {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(raw(&service, &request), status, "{target}");
    }
}

#[test]
fn all_functions_share_one_store_in_memory() {
    let service = serve(&[("REFRESH_IDLE_DAYS", "30")]);
    let login = || {
        let form = "username=johndoe&password=secret&scope=me";
        service.post_form("/token", form).json()
    };
    let refresh = |session: &Value| {
        let token = session["refresh_token"].as_str().unwrap();
        service.post_form(
            "/token",
            &format!("grant_type=refresh_token&refresh_token={token}"),
        )
    };
    let session = login();
    let session = refresh(&session).json();
    let token = session["refresh_token"].as_str().unwrap();
    assert_eq!(
        service
            .post_form("/revoke", &format!("token={token}"))
            .status,
        200
    );
    assert_eq!(refresh(&session).status, 400);
    let session = login();
    let access = session["access_token"].as_str();
    let logout = HttpRequest::new("POST", "/users/me/logout").bearer(access);
    assert_eq!(service.send(&logout).status, 200);
    assert_eq!(refresh(&session).status, 400);
    assert_eq!(service.get("/users/me/", access).status, 401);
}

/// A page of a site whose name leads to 127.0.0.1 would have the site's name as its Host.
#[test]
fn only_this_machine_is_answered() {
    let service = serve(&[]);
    for host in ["localhost:9000", "127.0.0.1", "api.localhost"] {
        let request = HttpRequest::new("GET", "/status/").header("host", host);
        assert_eq!(service.send(&request).status, 401, "{host}");
    }
    for host in ["attacker.example", "localhost.attacker.example", ""] {
        let request = HttpRequest::new("GET", "/docs").header("host", host);
        let answer = service.send(&request);
        assert_eq!(answer.status, 403, "{host}");
        assert!(answer.body.contains("ssh -L"), "{answer:?}");
    }
}

#[test]
fn an_invocation_names_its_function() {
    let service = serve(&[]);
    let invoke = |name: &str, event: &str| {
        let path = format!("/2015-03-31/functions/{name}/invocations");
        let mut request = HttpRequest::new("POST", &path);
        request.body = Some(event.as_bytes().to_vec());
        request
    };
    for (name, event, expected) in [
        ("users-me", "users-me", json!({"statusCode": 200})),
        ("users-me", "users-me-no-token", json!({"statusCode": 401})),
        ("authorizer", "authorizer", json!({"isAuthorized": true})),
    ] {
        let answer = service.send(&invoke(name, &read(&format!("events/{event}.json"))));
        let (member, value) = expected.as_object().unwrap().iter().next().unwrap();
        assert_eq!(
            (answer.status, &answer.json()[member]),
            (200, value),
            "{event}"
        );
    }
    let broken = service.send(&invoke("users-me", "[]"));
    assert_eq!(broken.header("x-amz-function-error"), Some("Unhandled"));
    assert_eq!(broken.json()["errorType"], "Runtime.InvalidEvent");
    assert_eq!(service.send(&invoke("nobody", "{}")).status, 404);
    let by_a_page = invoke("token", &read("events/token.json"));
    let by_a_page = by_a_page.header("origin", "http://localhost:5173");
    assert_eq!(service.send(&by_a_page).status, 403);
}

#[test]
fn a_page_of_a_named_origin_may_log_in() {
    let service = serve(&[("CORS_ORIGINS", "http://localhost:5173")]);
    let page = |method: &str, path: &str| {
        HttpRequest::new(method, path).header("origin", "http://localhost:5173")
    };
    let preflight = page("OPTIONS", "/users/me/")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization");
    let preflight = service.send(&preflight);
    let allowed = preflight.header("access-control-allow-headers");
    assert_eq!(
        (preflight.status, allowed),
        (204, Some("authorization,content-type"))
    );
    let login = page("POST", "/token").form("username=johndoe&password=secret");
    let origin = "access-control-allow-origin";
    assert_eq!(
        service.send(&login).header(origin),
        Some("http://localhost:5173")
    );
}

/// As in a deployed function: the private keys, for one, are seen by the function that signs, and by no other.
#[test]
fn a_function_sees_the_variables_that_its_resource_has() {
    let everything: Variables = [
        "SIGNING_KEYS",
        "JWT_SECRET_KEY",
        "REFRESH_IDLE_DAYS",
        "ROUTE_SCOPES",
        "HOME",
        "ISSUER",
    ]
    .map(|name| (name.to_owned(), "x".to_owned()))
    .into();
    let sees = |name: &str, variable: &str| {
        let function = function(name).unwrap();
        let seen = block_on(of_function(parsed_template(), function, &everything));
        seen.contains_key(variable)
    };
    for function in all() {
        let name = function.name;
        assert_eq!(sees(name, "SIGNING_KEYS"), name == "token", "{name}");
        assert_eq!(sees(name, "ROUTE_SCOPES"), name == "authorizer", "{name}");
        assert!(!sees(name, "HOME"), "{name}");
        assert!(
            sees(name, "ISSUER"),
            "{name}: public, and in the ring of a deployed stack"
        );
    }
    assert!(!sees("docs", "JWT_SECRET_KEY"));
    let of_token = block_on(of_function(
        parsed_template(),
        function("token").unwrap(),
        &everything,
    ));
    assert_eq!(of_token["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "1024");
}

/// Each problem once, with the functions that have it if they are few.
#[test]
fn all_that_is_wrong_with_any_function_is_said_at_once() {
    let said = wrong(&[
        ("JWT_SECRET_KEY", "short"),
        ("LOGIN_FAILURES_PER_ACCOUNT", "many"),
        ("ROUTE_SCOPES", "reports"),
        ("DOCS_ENABLED", "no"),
        ("CORS_ORIGINS", "http://localhost:5173/"),
    ]);
    for (line, times) in [
        ("JWT_SECRET_KEY: 5 bytes", 1),
        (
            "LOGIN_FAILURES_PER_ACCOUNT: not a whole number from 0 up (token)",
            1,
        ),
        ("ROUTE_SCOPES: ", 1),
        (
            "DOCS_ENABLED: \"no\" is neither true nor false (openapi, docs)",
            1,
        ),
        ("CORS_ORIGINS: \"http://localhost:5173/\" is no origin", 1),
    ] {
        assert_eq!(said.matches(line).count(), times, "{line}: {said}");
    }
}

/// A request that came over a connection from before the save is not answered by what was there before.
#[test]
fn after_a_save_nothing_is_answered() {
    let saved = Fresh::new(Files::default(), Saved::told("another state"));
    let service = serve_until(&[], saved, || true);
    let request = std::panic::catch_unwind(|| service.get("/status/", None));
    assert!(request.is_err(), "curl had an answer");
}

static CALLS: AtomicUsize = AtomicUsize::new(0);

const ROUTE: Public = Public::at("/fragile", &[Operation::public("GET")]);
const FRAGILE: Function = Function {
    name: "fragile",
    route: ROUTE.route(),
    description: &[],
    start: |cold_start| cold_start.public(ROUTE, fragile),
};

async fn fragile((): &(), _: Request) -> Answer {
    let before = CALLS.load(Ordering::SeqCst);
    tokio::task::yield_now().await;
    assert_ne!(before, 1, "the second request is one too many");
    // Another event in between would have counted, too.
    let counted = CALLS.compare_exchange(before, before + 1, Ordering::SeqCst, Ordering::SeqCst);
    http::json(&counted.is_ok())
}

/// As on Lambda, where a panic ends the environment, and the next event gets another.
#[test]
fn a_function_answers_one_event_after_another_and_lives_on_after_a_panic() {
    let running = Running::start(&FRAGILE, BTreeMap::new(), None).unwrap();
    running.started().unwrap();
    let event = json!({"rawPath": "/fragile", "requestContext": {"http": {"method": "GET"}}});
    let event = event.to_string().into_bytes();
    let invoke = || running.invoke(event.clone(), String::new());
    let body = |answer: Option<Result<Vec<u8>, _>>| {
        let answer = answer.map(|answer: Result<_, lambda_runtime::Diagnostic>| answer.unwrap());
        answer.map(|answer| serde_json::from_slice::<Value>(&answer).unwrap()["body"].clone())
    };
    assert_eq!(body(block_on(invoke())), Some("true".into()));
    assert_eq!(body(block_on(invoke())), None);
    CALLS.store(2, Ordering::SeqCst);
    let (a, b, c) = block_on(async { tokio::join!(invoke(), invoke(), invoke()) });
    assert_eq!([a, b, c].map(body), [(); 3].map(|()| Some("true".into())));
}
