//! The `rfc` dialect, row by row: RFC 6749 5.2 at /token, RFC 6750 3 on the routes. Every answer is
//! also checked against the document that /openapi.json sends in this dialect.

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::domain::accounts::{Account, User};
use tests::stores::{One, johndoe, johndoes_account, with_password};
use tests::{Answer, Client, Gateway, HttpRequest, World, world};

const LOGIN: &str = "grant_type=password&username=johndoe&password=secret";

fn rfc() -> World {
    world().with("API_DIALECT", "rfc")
}

fn token_endpoint(world: World, form: impl AsRef<[u8]>) -> Answer {
    Gateway::new(world).send(&HttpRequest::new("POST", "/token").form(form))
}

fn token(scope: &str) -> String {
    let form = format!("{LOGIN}&scope={scope}");
    let answer = token_endpoint(rfc(), form).json();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// RFC 6749 5.2: two members, constants, and no cache keeps them.
fn assert_token_error(answer: &Answer, status: u16, error: &str, case: &str) {
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["error"]),
        (status, &json!(error)),
        "{case}: {answer:?}"
    );
    assert_eq!(body.as_object().unwrap().len(), 2, "{case}: {answer:?}");
    assert!(
        is_error_description(&body["error_description"]),
        "{case}: {answer:?}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    assert_eq!(answer.header("www-authenticate"), None, "{case}");
}

/// RFC 6749 5.2: `%x20-21 / %x23-5B / %x5D-7E`.
fn is_error_description(text: &Value) -> bool {
    let allowed = |byte: u8| (0x20..=0x7e).contains(&byte) && byte != b'"' && byte != b'\\';
    text.as_str()
        .is_some_and(|text| !text.is_empty() && text.bytes().all(allowed))
}

#[test]
fn a_login_is_as_in_the_other_dialect() {
    let answer = token_endpoint(rfc(), format!("{LOGIN}&scope=me"));
    assert_eq!(
        (answer.status, &answer.json()["scope"]),
        (200, &json!("me"))
    );
}

#[test]
fn the_token_endpoint_refuses_a_request_that_is_not_one() {
    let many = "a=b&".repeat(1001);
    for form in [
        "",
        "username=johndoe&password=secret",
        "grant_type=&username=johndoe&password=secret",
        "grant_type=password&username=johndoe",
        "grant_type=password&password=secret",
        "grant_type=password&username=johndoe&password=",
        "grant_type=password&grant_type=password&username=johndoe&password=secret",
        "grant_type=password&username=johndoe&username=alice&password=secret",
        "grant_type=password&username=johndoe&password=secret&scope=me&scope=me",
        "grant_type=password&username=johndoe&password=%ff",
        "grant_type=password%0A&username=johndoe&password=secret",
        "grant_type=password&username=johndoe%0A&password=secret",
        "grant_type=password&username=johndoe&password=secret%0D",
        "grant_type=password&username=johndoe&password=secret&scope=me%0D%0Ax",
        &many,
    ] {
        assert_token_error(
            &token_endpoint(rfc(), form),
            400,
            "invalid_request",
            &format!("{form:.60}"),
        );
    }
    let json = HttpRequest::new("POST", "/token").header("Content-Type", "application/json");
    let answer = Gateway::new(rfc()).send(&json);
    assert_token_error(&answer, 400, "invalid_request", "no form");
    let large = format!("{LOGIN}{}", "a".repeat(65_536));
    assert_token_error(
        &token_endpoint(rfc(), large),
        413,
        "invalid_request",
        "large",
    );
}

#[test]
fn a_body_that_is_not_base64_is_an_invalid_request() {
    let mut event: Value =
        serde_json::from_str(&tests::read("events/token-broken-base64.json")).unwrap();
    event["headers"]["content-type"] = "application/x-www-form-urlencoded".into();
    let answer = Gateway::new(rfc()).invoke(&event);
    assert_token_error(&answer, 400, "invalid_request", "base64");
}

#[test]
fn another_grant_is_unsupported_whatever_else_it_lacks() {
    for form in [
        "grant_type=client_credentials",
        "grant_type=refresh_token&refresh_token=x",
        "grant_type=PASSWORD&username=johndoe&password=secret",
        "grant_type=implicit&username=johndoe&password=secret&password=secret",
    ] {
        assert_token_error(
            &token_endpoint(rfc(), form),
            400,
            "unsupported_grant_type",
            form,
        );
    }
}

#[test]
fn who_cannot_log_in_has_no_valid_grant() {
    for form in [
        "grant_type=password&username=johndoe&password=wrong",
        "grant_type=password&username=nobody&password=secret",
        "grant_type=password&username=alice&password=secretalice",
    ] {
        assert_token_error(&token_endpoint(rfc(), form), 400, "invalid_grant", form);
    }
    let no_hash = Account {
        password_hash: None,
        ..johndoes_account()
    };
    let answer = token_endpoint(rfc().users(One(Some(no_hash))), LOGIN);
    assert_token_error(&answer, 400, "invalid_grant", "no usable hash");
}

/// The password is right, but its answer must not tell so: it counts like any other failure.
#[test]
fn a_disabled_users_logins_count_as_failed() {
    let world = rfc().limits(1, 0);
    let form = "grant_type=password&username=alice&password=secretalice";
    assert_eq!(token_endpoint(world.clone(), form).status, 400);
    assert_eq!(token_endpoint(world, form).status, 429);
}

#[test]
fn a_scope_that_cannot_be_granted_is_invalid() {
    for scope in ["admin", "me+admin", "me%09items", "%22", "ME", "m%C3%A9"] {
        let form = format!("{LOGIN}&scope={scope}");
        assert_token_error(&token_endpoint(rfc(), &form), 400, "invalid_scope", &form);
    }
}

#[test]
fn too_many_attempts_and_a_dead_store_are_temporary() {
    let world = rfc().limits(1, 0);
    let wrong = "grant_type=password&username=johndoe&password=wrong";
    assert_eq!(token_endpoint(world.clone(), wrong).status, 400);
    let answer = token_endpoint(world, wrong);
    assert_token_error(&answer, 429, "temporarily_unavailable", "attempts");
    assert_eq!(answer.header("retry-after"), Some("30"));
    let answer = token_endpoint(rfc().dead(), LOGIN);
    assert_token_error(&answer, 503, "temporarily_unavailable", "store");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

fn get(path: &str, authorization: &[&str]) -> Answer {
    let mut request = HttpRequest::new("GET", path);
    for value in authorization {
        request = request.header("Authorization", value);
    }
    Gateway::new(rfc()).send(&request)
}

fn assert_resource_error(answer: &Answer, status: u16, error: &str, scope: &str) {
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["error"]),
        (status, &json!(error)),
        "{answer:?}"
    );
    let description = &body["error_description"];
    assert!(is_error_description(description), "{answer:?}");
    assert!(body["detail"].is_string(), "{answer:?}");
    let description = description.as_str().unwrap();
    let challenge = format!(
        "Bearer {scope}realm=\"api\", error=\"{error}\", error_description=\"{description}\""
    );
    assert_eq!(answer.header("www-authenticate"), Some(&*challenge));
}

#[test]
fn without_credentials_the_challenge_has_no_error() {
    for path in ["/users/me/", "/status/", "/users/me/?access_token=x"] {
        for authorization in [&[][..], &["Basic x"], &["Bearerx"]] {
            let answer = get(path, authorization);
            assert_eq!(answer.status, 401);
            assert_eq!(
                answer.header("www-authenticate"),
                Some("Bearer realm=\"api\"")
            );
            assert_eq!(answer.json(), json!({"detail": "Not authenticated"}));
        }
    }
}

#[test]
fn credentials_that_are_not_one_token_are_an_invalid_request() {
    let good = format!("Bearer {}", token("me"));
    let joined = format!("{good}, {good}");
    for authorization in [
        &["Bearer"][..],
        &["Bearer a b"],
        &[&joined],
        &[&good, &good],
    ] {
        let answer = get("/users/me/", authorization);
        assert_resource_error(&answer, 400, "invalid_request", "scope=\"me\", ");
    }
}

#[test]
fn a_bad_token_is_invalid() {
    for path_and_scope in [
        ("/users/me/", "scope=\"me\", "),
        ("/users/me/items/", "scope=\"items me\", "),
        ("/status/", ""),
    ] {
        let (path, scope) = path_and_scope;
        assert_resource_error(&get(path, &["Bearer x"]), 401, "invalid_token", scope);
    }
}

#[test]
fn a_user_who_is_gone_or_disabled_makes_the_token_invalid() {
    let good = token("me");
    let disabled = User {
        disabled: true,
        ..johndoe()
    };
    for user in [None, Some(disabled)] {
        let gateway = Gateway::new(rfc().users(One(user.map(with_password))));
        let answer = gateway.get("/users/me/", Some(&good));
        assert_resource_error(&answer, 401, "invalid_token", "scope=\"me\", ");
        let bad = gateway.get("/users/me/", Some("x"));
        assert_eq!(answer.body, bad.body, "the reasons look alike");
    }
}

#[test]
fn a_missing_scope_is_forbidden() {
    let answer = get("/users/me/items/", &[&format!("Bearer {}", token("me"))]);
    assert_resource_error(&answer, 403, "insufficient_scope", "scope=\"items me\", ");
}

#[test]
fn what_the_rfcs_say_nothing_about_is_as_in_fastapi() {
    let answer = get("/nowhere", &[]);
    assert_eq!(
        (answer.status, answer.json()),
        (404, json!({"detail": "Not Found"}))
    );
    for path in ["/users/me/", "/token"] {
        let answer = Gateway::new(rfc()).send(&HttpRequest::new("DELETE", path));
        assert_eq!(answer.json(), json!({"detail": "Method Not Allowed"}));
        assert!(answer.status == 405 && answer.header("allow").is_some());
    }
}

#[test]
fn a_dead_store_is_temporary_on_a_route() {
    let answer = Gateway::new(rfc().dead()).get("/users/me/", Some(&token("me")));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
    assert_eq!(answer.json()["detail"], "Service Unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

/// Every code that a client may get, by where it is defined.
const CODES: [&str; 8] = [
    "invalid_request",         // RFC 6749 5.2, RFC 6750 3.1
    "invalid_grant",           // RFC 6749 5.2
    "invalid_scope",           // RFC 6749 5.2
    "unsupported_grant_type",  // RFC 6749 5.2
    "temporarily_unavailable", // RFC 6749 4.1.2.1
    "invalid_token",           // RFC 6750 3.1
    "insufficient_scope",      // RFC 6750 3.1
    "server_error",            // RFC 6749 4.1.2.1
];

fn assert_is_a_client_error(answer: &Answer, case: &str) {
    assert!((400..500).contains(&answer.status), "{case}: {answer:?}");
    let body = answer.json();
    if let Some(code) = body.get("error") {
        assert!(
            CODES.contains(&code.as_str().unwrap()),
            "{case}: {answer:?}"
        );
        assert!(
            is_error_description(&body["error_description"]),
            "{case}: {answer:?}"
        );
    }
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    assert!(
        challenge.is_empty() || challenge.starts_with("Bearer "),
        "{case}: {answer:?}"
    );
    assert_eq!(
        challenge.matches("Bearer").count(),
        usize::from(!challenge.is_empty())
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_form_is_more_than_a_client_error(
        form in "((grant_type|username|password|scope|client_id|x)(=|%3D)(password|johndoe|me|%ff|%0A|\\PC{0,8})&){0,6}"
    ) {
        assert_is_a_client_error(&token_endpoint(rfc(), &form), &form);
    }

    #[test]
    fn no_authorization_is_more_than_a_client_error(
        headers in prop::collection::vec("(Bearer |bearer|Basic |, |=|[ -~]{0,20}){0,4}", 0..3)
    ) {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        assert_is_a_client_error(&get("/users/me/", &headers), &format!("{headers:?}"));
    }
}
