//! The flow of FastAPI's page, and the answer to each event of `events/`.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use service::{FUNCTIONS, function};
use shared::domain::accounts::password::{Passwords, Policy};
use shared::domain::accounts::{Stamp, User};
use shared::domain::scope::Scopes;
use shared::domain::tokens::NewToken;
use tempfile::NamedTempFile;
use tests::logs::logged;
use tests::stores::{One, johndoe};
use tests::world::{NOW, signer, verifier};
use tests::{Answer, Client, Gateway, KEY, block_on, read, world};

fn event(name: &str) -> Value {
    serde_json::from_str(&read(&format!("events/{name}.json"))).unwrap()
}

fn gateway() -> Gateway {
    Gateway::new(world())
}

#[test]
fn every_event_has_its_answer() {
    let too_few = json!("Not enough permissions");
    for (name, status, header, detail) in [
        ("token", 200, None, Value::Null),
        (
            "token-wrong-password",
            400,
            None,
            json!("Incorrect username or password"),
        ),
        (
            "token-scope-not-allowed",
            400,
            None,
            json!("Scope not allowed"),
        ),
        (
            "token-broken-base64",
            400,
            None,
            json!("There was an error parsing the body"),
        ),
        ("users-me", 200, None, Value::Null),
        (
            "users-me-no-token",
            401,
            Some(("www-authenticate", "Bearer")),
            json!("Not authenticated"),
        ),
        (
            "users-me-too-few-scopes",
            401,
            Some(("www-authenticate", "Bearer scope=\"me\"")),
            too_few.clone(),
        ),
        (
            "users-me-wrong-method",
            405,
            Some(("allow", "GET")),
            json!("Method Not Allowed"),
        ),
        ("users-me-items", 200, None, Value::Null),
        (
            "users-me-items-too-few-scopes",
            401,
            Some(("www-authenticate", "Bearer scope=\"items me\"")),
            too_few,
        ),
        ("status", 200, None, Value::Null),
        (
            "status-no-token",
            401,
            Some(("www-authenticate", "Bearer")),
            json!("Not authenticated"),
        ),
        ("not-found", 404, None, json!("Not Found")),
    ] {
        let answer = gateway().invoke(&event(name));
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        assert_eq!(answer.detail(), detail, "{name}");
        for known in ["www-authenticate", "allow", "location"] {
            let expected = header
                .filter(|(name, _)| *name == known)
                .map(|(_, value)| value);
            assert_eq!(answer.header(known), expected, "{name}: {known}");
        }
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{name}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{name}");
    }
}

#[test]
fn missing_fields_are_all_named() {
    let answer = gateway().invoke(&event("token-missing-fields"));
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.json(),
        json!({"detail": [
            {"type": "missing", "loc": ["body", "username"], "msg": "Field required", "input": null},
            {"type": "missing", "loc": ["body", "password"], "msg": "Field required", "input": null},
        ]})
    );
}

#[test]
fn a_login_tells_what_was_granted_and_for_how_long() {
    let answer = gateway().invoke(&event("token"));
    let body = answer.json();
    assert_eq!(
        (&body["token_type"], &body["expires_in"], &body["scope"]),
        (&json!("bearer"), &json!(1800), &json!("me items"))
    );
    assert_eq!(answer.header("pragma"), Some("no-cache"));
}

#[test]
fn a_token_opens_what_its_scopes_allow_and_no_more() {
    let gateway = gateway();
    let none = gateway.login("");
    assert_eq!(
        gateway.get("/status/", Some(&none)).json(),
        json!({"status": "ok"})
    );
    assert_eq!(gateway.get("/users/me/", Some(&none)).status, 401);
    let me = gateway.login("me");
    assert_eq!(
        gateway.get("/users/me/", Some(&me)).json(),
        json!({"username": "johndoe", "email": "johndoe@example.com", "full_name": "John Doe", "disabled": false})
    );
    let refused = gateway.get("/users/me/items/", Some(&me));
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.header("www-authenticate"),
        Some("Bearer scope=\"items me\"")
    );
    let items = gateway.login("me items");
    assert_eq!(
        gateway.get("/users/me/items/", Some(&items)).json(),
        json!([{"item_id": "Foo", "owner": "johndoe"}])
    );
    assert_eq!(gateway.get("/status/", Some(&items)).status, 200);
}

#[test]
fn a_disabled_user_logs_in_and_gets_no_further_than_the_status() {
    let gateway = gateway();
    let answer = gateway.post_form(
        "/token",
        "username=alice&password=secretalice&scope=me+items",
    );
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(gateway.get("/status/", Some(&token)).status, 200);
    for path in ["/users/me/", "/users/me/items/"] {
        let answer = gateway.get(path, Some(&token));
        assert_eq!(
            (answer.status, answer.detail()),
            (400, json!("Inactive user")),
            "{path}"
        );
    }
}

/// So a new password ends the tokens from before, and nobody inherits those of another with the same
/// name. A FastAPI service that signs with the same key knows no stamps.
#[test]
fn a_token_lives_as_long_as_its_users_stamp() {
    let [one, other] = ["one", "other"].map(|stamp| Some(Stamp::from(stamp.to_owned())));
    for (in_token, in_record, status) in [
        (&None, &None, 200),
        (&None, &one, 200),
        (&one, &one, 200),
        (&one, &other, 401),
        (&one, &None, 401),
    ] {
        let with = |stamp: &Option<Stamp>| User {
            stamp: stamp.clone(),
            ..johndoe()
        };
        let (user, scopes) = (with(in_token), Scopes::parse("me").unwrap());
        let token = NewToken::of_user(&user, &scopes);
        let token = block_on(signer().sign(&token, Duration::from_secs(NOW))).unwrap();
        let gateway = Gateway::new(world().users(One::knowing(with(in_record))));
        let lines = logged(|| {
            let answer = gateway.get("/users/me/", Some(&token));
            assert_eq!(answer.status, status, "{in_token:?} {in_record:?}");
        });
        if status == 401 {
            assert_eq!(lines[0]["reason"], "ended: its user has another stamp");
        }
    }
}

#[test]
fn a_token_expires() {
    let token = gateway().login("me");
    for (later, status) in [(0, 200), (1799, 200), (1800, 401), (1801, 401)] {
        let answer = Gateway::new(world().later(later)).get("/users/me/", Some(&token));
        assert_eq!(answer.status, status, "after {later} s");
    }
}

/// A path that ends in a slash reaches the fallback if no route of the gateway matches it.
#[test]
fn the_fallback_redirects_a_documented_path_and_keeps_the_rest() {
    let fallback = function("not-found").unwrap();
    let mut event = event("not-found-slash");
    for (path, location) in [
        ("/users/me/", Some("../me")),
        ("/users/%6De/", None),
        ("/.well-known/a b%/", Some("../a%20b%25")),
        ("/docs/", Some("../docs")),
        ("/openapi.json/", Some("../openapi.json")),
        ("/docs/x/", None),
        ("/users/me/items/", Some("../items")),
        ("/status/", Some("../status")),
        ("/token/", Some("../token")),
        ("/users/me", None),
        ("/users/me//", None),
        ("/users/", None),
        ("/", None),
        ("", None),
        ("//example.com/", None),
        ("/users/me/\r\nx: y/", None),
        ("/é/", None),
    ] {
        event["rawPath"] = path.into();
        let answer = gateway().invoke_function(fallback, &event);
        assert_eq!(
            answer.status,
            if location.is_some() { 308 } else { 404 },
            "{path}"
        );
        assert_eq!(answer.header("location"), location, "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    event["rawPath"] = "/users/me/items/".into();
    event["rawQueryString"] = "limit=5&q=%C3%A9".into();
    let answer = gateway().invoke_function(fallback, &event);
    assert_eq!(answer.header("location"), Some("../items?limit=5&q=%C3%A9"));
    assert_eq!(answer.body, "", "a gateway may take null for an error");
}

/// RFC 6797 7.2: Strict-Transport-Security is for TLS alone.
#[test]
fn no_answer_is_sniffed_and_one_over_tls_stays_with_tls() {
    for function in FUNCTIONS {
        let name = function.name;
        let mut event = event(name);
        for (proto, expected) in [("https", Some("max-age=31536000")), ("http", None)] {
            event["headers"]["x-forwarded-proto"] = proto.into();
            let answer = gateway().invoke_function(function, &event);
            assert_eq!(
                answer.header("x-content-type-options"),
                Some("nosniff"),
                "{name}"
            );
            assert_eq!(
                answer.header("strict-transport-security"),
                expected,
                "{name}"
            );
        }
    }
}

#[test]
fn events_and_tests_have_the_same_key() {
    let env: Value = serde_json::from_str(&read("events/env.json")).unwrap();
    assert_eq!(env["Parameters"]["JWT_SECRET_KEY"], KEY);
}

/// A gateway whose functions are configured by variables alone, as in Lambda, and the file of users
/// that they read. In it are jane, and an alice other than the tutorial's.
fn configured(tutorial_users: bool) -> (Gateway, NamedTempFile) {
    let passwords = Passwords::new(Policy::default());
    let hash = passwords.hash("correct horse").unwrap().to_string();
    let users = json!([
        {"username": "jane", "password_hash": hash, "scopes": ["me"]},
        {"username": "alice", "password_hash": hash, "scopes": []},
    ]);
    let file = NamedTempFile::new().unwrap();
    fs::write(&file, users.to_string()).unwrap();
    let world = world()
        .own_stores()
        .with("USERS_FILE", file.path().display())
        .with("TUTORIAL_USERS", tutorial_users)
        .with("ACCESS_TOKEN_EXPIRE_MINUTES", 2)
        .with("LOGIN_FAILURES_PER_ACCOUNT", 3)
        .with("API_DIALECT", "fastapi");
    (Gateway::new(world), file)
}

fn log_in(gateway: &Gateway, name: &str, password: &str) -> Answer {
    let form = format!("username={name}&password={password}&scope=me");
    gateway.post_form("/token", &form)
}

fn janes_token(gateway: &Gateway) -> String {
    let answer = log_in(gateway, "jane", "correct+horse");
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn a_user_of_the_users_file_logs_in() {
    let (gateway, _file) = configured(false);
    let token = janes_token(&gateway);
    let user = gateway.get("/users/me", Some(&token)).json();
    assert_eq!(user["username"], "jane");
}

#[test]
fn a_token_lasts_as_long_as_its_variable_says() {
    let (gateway, _file) = configured(false);
    let answer = log_in(&gateway, "jane", "correct+horse");
    assert_eq!(
        (answer.status, &answer.json()["expires_in"]),
        (200, &json!(120))
    );
}

#[test]
fn a_token_is_signed_with_the_key_of_its_variable() {
    let (gateway, _file) = configured(false);
    let token = janes_token(&gateway);
    let claims = block_on(verifier().verify(&token));
    assert_eq!(claims.unwrap().sub, "jane");
}

/// Step by step as docs/operating.md says: no token is refused before the last step.
#[test]
fn changing_the_key_logs_nobody_out() {
    let new = "0123456789abcdef0123456789abcdef";
    let mut tokens = Vec::new();
    for (key, previous, expected) in [
        (KEY, "", "200"),
        (KEY, new, "200 200"),
        (new, KEY, "200 200 200"),
        (new, "", "401 401 200 200"),
    ] {
        let world = world().with("JWT_SECRET_KEY", key);
        let gateway = Gateway::new(world.with("JWT_SECRET_KEY_PREVIOUS", previous));
        tokens.push(gateway.login("me"));
        let statuses = tokens.iter().map(|token| {
            let status = gateway.get("/users/me/", Some(token)).status;
            status.to_string()
        });
        assert_eq!(statuses.collect::<Vec<_>>().join(" "), expected);
    }
}

#[test]
fn an_account_may_fail_as_often_as_its_variable_says() {
    let (gateway, _file) = configured(false);
    assert_eq!(log_in(&gateway, "jane", "correct+horse").status, 200);
    let statuses = [(); 4].map(|()| log_in(&gateway, "jane", "wrong").status);
    assert_eq!(statuses, [400, 400, 400, 429]);
}

#[test]
fn the_tutorials_users_log_in_only_if_asked_for() {
    for (asked_for, status) in [(false, 400), (true, 200)] {
        let (gateway, _file) = configured(asked_for);
        let answer = log_in(&gateway, "johndoe", "secret");
        assert_eq!(answer.status, status, "TUTORIAL_USERS={asked_for}");
    }
}

#[test]
fn the_files_record_of_a_tutorials_user_counts() {
    let (gateway, _file) = configured(true);
    let form = "username=alice&password=correct+horse";
    assert_eq!(gateway.post_form("/token", form).status, 200);
}

/// In a deployed function; in `make dev` they are wanted.
#[test]
fn public_passwords_are_warned_of_at_the_start() {
    let (mut gateway, _file) = configured(true);
    gateway.world = gateway
        .world
        .with("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/token")
        .with(
            "JWT_SECRET_KEY",
            "a key of this test, 32 bytes long".replace(' ', "-"),
        );
    let lines = logged(|| {
        log_in(&gateway, "johndoe", "secret");
        log_in(&gateway, "jane", "correct+horse");
    });
    let levels: Vec<&Value> = lines.iter().map(|line| &line["level"]).collect();
    assert_eq!(levels, ["WARN", "INFO", "INFO"]);
}
