//! A running service over HTTP: `make live-test`, `make sam-test`, `make smoke API_URL=...`.
//!
//! `API_URL` names the service, and `JWT_SECRET_KEY` is its key, if the tests may know it.

use std::env;

use serde_json::json;
use service::FUNCTIONS;
use shared::http::Dialect;
use tests::curl::Curl;
use tests::{Client, HttpRequest, parity};

#[expect(
    clippy::disallowed_methods,
    reason = "these tests are told where the service is"
)]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn service() -> Curl {
    let base_url = variable("API_URL").expect("API_URL names a running service");
    Curl {
        base_url: base_url.trim_end_matches('/').to_owned(),
    }
}

/// Logs in as johndoe or, at a stack that has no tutorial users, as `SMOKE_USER`.
fn login(service: &Curl, scope: &str) -> String {
    let (Some(user), Some(password)) = (variable("SMOKE_USER"), variable("SMOKE_PASSWORD")) else {
        return service.login(scope);
    };
    let scope = scope.replace(' ', "+");
    let form = format!("grant_type=password&username={user}&password={password}&scope={scope}");
    let answer = service.post_form("/token", &form);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

#[test]
#[ignore = "needs API_URL"]
fn the_pages_flow() {
    let service = service();
    let me = login(&service, "me");
    let answer = service.get("/users/me/", Some(&me));
    println!("GET /users/me/ with me: {} {}", answer.status, answer.body);
    let user = variable("SMOKE_USER").unwrap_or_else(|| "johndoe".into());
    assert_eq!(
        (answer.status, &answer.json()["username"]),
        (200, &user.into())
    );
    let refused = service.get("/users/me/items/", Some(&me));
    println!(
        "GET /users/me/items/ with me: {} {} {:?}",
        refused.status,
        refused.body,
        refused.header("www-authenticate")
    );
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.header("www-authenticate"),
        Some("Bearer scope=\"items me\"")
    );
    let items = login(&service, "me items");
    let answer = service.get("/users/me/items/", Some(&items));
    println!(
        "GET /users/me/items/ with me items: {} {}",
        answer.status, answer.body
    );
    assert_eq!(answer.json()[0]["item_id"], "Foo");
    let answer = service.get("/status/", Some(&me));
    println!("GET /status/ with me: {} {}", answer.status, answer.body);
    assert_eq!(answer.json()["status"], "ok");
}

/// Plain, and compressed as browsers ask for it: such a body is base64 between function and
/// gateway.
#[test]
#[ignore = "needs API_URL"]
fn it_describes_itself() {
    let service = service();
    for path in ["/openapi.json", "/docs", "/docs/swagger-ui-bundle.js"] {
        let plain = service.get(path, None);
        let gzip = HttpRequest::new("GET", path).header("accept-encoding", "gzip");
        let gzip = service.send(&gzip);
        println!(
            "GET {path}: {} {}, compressed: {:?}",
            plain.status,
            plain.header("content-type").unwrap_or_default(),
            gzip.header("content-encoding")
        );
        assert_eq!((plain.status, gzip.status), (200, 200));
        assert_eq!(gzip.body, plain.body, "{path}");
        assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    }
    let document = service.get("/openapi.json", None).json();
    let has = |path: &str| !document["paths"][path].is_null();
    let is_on = |feature: &str| match feature {
        "sessions" => has("/revoke"),
        _ => has("/introspect"),
    };
    let expected = service::document(FUNCTIONS, Dialect::FastApi).with(&is_on);
    assert_eq!(document, json!(expected));
}

/// The core cases, or those of `PARITY_TIERS`. Without the key, cases with minted tokens are left
/// out; so are those whose name begins with `PARITY_WITHOUT`, for a server that cannot have them.
#[test]
#[ignore = "needs API_URL"]
fn answers_as_fastapi_does() {
    let tiers = variable("PARITY_TIERS").unwrap_or_else(|| "core".into());
    let tiers: Vec<&str> = tiers.split(',').collect();
    let key = variable("JWT_SECRET_KEY");
    let mut cases = parity::cases(&tiers);
    let mut leave_out = |unfit: &dyn Fn(&parity::Case) -> bool| {
        let all = cases.len();
        cases.retain(|case| !unfit(case));
        all - cases.len()
    };
    let need_key = leave_out(&|case| key.is_none() && case.needs_key());
    let without = variable("PARITY_WITHOUT")
        .map(|start| (leave_out(&|case| case.name.starts_with(&start)), start));
    let passed = parity::run(&service(), key.as_deref(), &cases);
    println!(
        "parity ({}): {passed} passed; left out: {need_key} that need the key{}",
        tiers.join(","),
        without.map_or_else(String::new, |(count, start)| format!(", {count} {start}*"))
    );
}

/// Checks what `docs/adr` could only assume about AWS: prints what it sees, and fails where the
/// service would not work as documented.
#[test]
#[ignore = "needs API_URL"]
fn what_the_gateway_does() {
    let service = service();
    let challenge = service.get("/users/me", None);
    let renamed = challenge.header("x-amzn-remapped-www-authenticate");
    println!(
        "WWW-Authenticate arrives as it was sent: {}",
        challenge.header("www-authenticate") == Some("Bearer")
    );
    assert_eq!(
        (challenge.header("www-authenticate"), renamed),
        (Some("Bearer"), None)
    );

    let slash = service.get("/users/me/", None);
    println!(
        "/users/me/{{proxy+}} takes /users/me/: {}",
        slash.status == 401
    );
    println!("... or the fallback redirects it: {}", slash.status == 308);
    assert!([401, 308].contains(&slash.status), "{slash:?}");

    let options = service.send(&HttpRequest::new("OPTIONS", "/users/me"));
    println!(
        "OPTIONS reaches the function: {}",
        options.header("allow") == Some("GET")
    );
    assert_eq!(
        (options.status, options.header("allow")),
        (405, Some("GET"))
    );
    let head = service.send(&HttpRequest::new("HEAD", "/users/me"));
    assert_eq!((head.status, head.header("allow")), (405, Some("GET")));
    let unknown = service.get("/nowhere", None);
    assert_eq!(
        (unknown.status, unknown.body.as_str()),
        (404, "{\"detail\":\"Not Found\"}")
    );

    let token = login(&service, "me");
    let two = HttpRequest::new("GET", "/users/me")
        .bearer(Some(&token))
        .bearer(Some("garbage"));
    let two = service.send(&two);
    println!("two Authorization headers: {}", two.status);
    assert_eq!(two.status, 401, "joined with a comma, they are no token");
    let encoded = service.get("/users/%6De/", Some(&token));
    println!("/users/%6De/ is /users/me/: {}", encoded.status == 200);
    assert_eq!(encoded.status, 200, "{encoded:?}");
    let long = service.get("/users/me", Some(&"a".repeat(9000)));
    println!("a token of 9,000 bytes: {}", long.status);
    assert!((400..500).contains(&long.status), "{long:?}");
}
