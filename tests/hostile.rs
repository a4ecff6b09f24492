//! What an attacker, a broken client or a broken store may do. It never leads to an unexpected 5xx,
//! to a panic, or to a secret in the log.

use serde_json::{Value, json};
use shared::domain::accounts::password::{Passwords, Policy};
use shared::domain::accounts::{Account, User, UserId};
use shared::domain::scope::Scopes;
use tests::logs::{logged, logged_to_the_last_line};
use tests::stores::{One, johndoe, with_password};
use tests::{Answer, Client, Gateway, HttpRequest, read, world};

fn gateway() -> Gateway {
    Gateway::new(world())
}

fn login(form: impl AsRef<[u8]>) -> Answer {
    gateway().send(&HttpRequest::new("POST", "/token").form(form))
}

/// johndoe's login in so many bytes.
fn form_of(length: usize) -> Vec<u8> {
    let mut form = b"username=johndoe&password=secret&x=".to_vec();
    form.resize(length, b'a');
    form
}

#[test]
fn a_hostile_body_is_a_4xx() {
    let too_large = form_of(65_537);
    let fields = "a=b&".repeat(10_000);
    for (form, status) in [
        (too_large.as_slice(), 413),
        (fields.as_bytes(), 400),
        (b"\xff\xfe\xfd", 422),
        (b"username=\xff\xfe&password=secret", 422),
        (b"username=johndoe&password=%ff", 422),
        (b"username=johndoe&password=secret&scope=%ff", 422),
        (b"username=johndoe&username=alice&password=secret", 422),
        (b"username=johndoe&password=wrong&password=secret", 422),
        (
            b"username=johndoe&password=secret&scope=me&scope=items",
            422,
        ),
        (
            b"grant_type=password&grant_type=password&username=johndoe&password=secret",
            422,
        ),
        (
            b"client_id=a&client_id=b&username=johndoe&password=secret",
            422,
        ),
        (b"username=johndoe&password=secret&scope=me%09items", 400),
        (b"username=johndoe&password=secret&scope=me%C2%A0items", 400),
        (b"username=johndoe%00&password=secret", 400),
        (b"username=johndoe%0A&password=secret", 400),
        (b"username=%C2%85johndoe&password=secret", 400),
        (b"username=johndoe&password=secret%00", 400),
        (b"username=JOHNDOE&password=secret", 400),
        (b"\0\0\0\0", 422),
    ] {
        assert_eq!(
            login(form).status,
            status,
            "{:.60}",
            String::from_utf8_lossy(form)
        );
    }
}

#[test]
fn a_body_of_64_kib_and_a_repeated_unknown_field_are_fine() {
    assert_eq!(login(form_of(65_536)).status, 200);
    let form = "other=a&other=b&username=johndoe&password=secret";
    assert_eq!(login(form).status, 200);
}

#[test]
fn the_error_of_a_repeated_or_broken_field_shows_no_value() {
    for form in [
        "username=a&password=topsecret&password=topsecret",
        "username=a&password=topsecret%ff",
    ] {
        let answer = login(form);
        assert_eq!(answer.detail()[0]["loc"], json!(["body", "password"]));
        assert!(!answer.body.contains("topsecret"), "{answer:?}");
    }
}

/// Names and passwords of up to 1,024 bytes count whole. A login with a longer one is refused, even
/// if a store holds such a user.
#[test]
fn names_and_passwords_are_never_cut_short() {
    let text = |length| "x".repeat(length);
    let passwords = Passwords::new(Policy::default());
    for (name, stored, password, status) in [
        (1024, 1024, 1024, 200),
        (1024, 1024, 1025, 400),
        (1024, 1024, 1023, 400),
        (1025, 1024, 1024, 400),
        (1024, 1025, 1025, 400),
    ] {
        let password_hash = passwords.hash(&text(stored)).ok();
        let user = User {
            id: UserId::from(&*text(name)),
            username: text(name),
            ..johndoe()
        };
        let account = Account {
            user,
            password_hash,
        };
        let gateway = Gateway::new(world().users(One(Some(account))));
        let form = format!("username={}&password={}", text(name), text(password));
        let answer = gateway.post_form("/token", &form);
        assert_eq!(answer.status, status, "{name} {stored} {password}");
    }
}

fn login_event() -> Value {
    serde_json::from_str(&read("events/token.json")).unwrap()
}

/// The status of a login whose event has another value in this place.
fn status_with(name: &str, value: impl Into<Value>) -> u16 {
    let mut event = login_event();
    event[name] = value.into();
    gateway().invoke(&event).status
}

fn with_broken_host() -> Value {
    let mut event = login_event();
    event["headers"]["host"] = "not a host: [".into();
    event
}

#[test]
fn an_event_with_a_broken_body_is_a_4xx() {
    for body in [
        "=",
        "dXNlcg",
        "dXNlcg==\n",
        "not base64",
        "\u{0}",
        "é",
        "YWJj!",
    ] {
        assert_eq!(status_with("body", body), 400, "{body:?}");
    }
    assert_eq!(status_with("body", "A".repeat(6_000_000)), 413);
    assert_eq!(status_with("body", Value::Null), 422);
    assert_eq!(status_with("headers", json!({})), 422);
    assert_eq!(status_with("isBase64Encoded", false), 422);
}

#[test]
fn an_event_with_a_broken_path_is_404() {
    for path in [
        "",
        "/token//",
        "//token",
        "/token/x",
        "/tok en",
        "/token\u{0}",
        "/é",
        "http://x/token",
        "*",
    ] {
        assert_eq!(status_with("rawPath", path), 404, "{path:?}");
    }
}

#[test]
fn a_broken_query_or_host_of_an_event_changes_nothing() {
    assert_eq!(status_with("rawQueryString", "%zz&\u{0}"), 200);
    assert_eq!(gateway().invoke(&with_broken_host()).status, 200);
}

/// cargo-lambda writes null for what a request does not have.
#[test]
fn a_member_of_an_event_that_is_null_counts_as_missing() {
    for name in ["rawQueryString", "isBase64Encoded", "body"] {
        let mut event: Value = serde_json::from_str(&read("events/users-me.json")).unwrap();
        event[name] = Value::Null;
        assert_eq!(gateway().invoke(&event).status, 200, "{name}");
    }
    let mut event: Value = serde_json::from_str(&read("events/users-me.json")).unwrap();
    event["headers"] = Value::Null;
    event["requestContext"]["stage"] = Value::Null;
    event["requestContext"]["http"]["sourceIp"] = Value::Null;
    assert_eq!(gateway().invoke(&event).status, 401);
}

#[test]
fn an_event_with_an_unknown_method_is_405() {
    let mut event = with_broken_host();
    event["requestContext"]["http"]["method"] = "FOO".into();
    assert_eq!(gateway().invoke(&event).status, 405);
}

#[test]
fn a_hostile_authorization_header_is_401_with_its_challenge() {
    let token = gateway().login("me items");
    // In the event: what no gateway would send is among them.
    let send = |values: &[&[u8]]| {
        let mut event = gateway().event(&HttpRequest::new("GET", "/users/me/"));
        let joined = values.join(&b","[..]);
        let text: String = joined.into_iter().map(char::from).collect();
        event["headers"]["authorization"] = text.into();
        gateway().invoke(&event)
    };
    let good = format!("Bearer {token}");
    assert_eq!(send(&[good.as_bytes()]).status, 200);
    let huge = format!("Bearer {}", "a".repeat(65_536));
    let huge_and_good = format!("{good}{}", "a".repeat(65_536));
    let (bad, none) = ("Bearer scope=\"me\"", "Bearer");
    for (values, challenge) in [
        (&[good.as_bytes(), b"Bearer garbage"][..], bad),
        (&[good.as_bytes(), good.as_bytes()], bad),
        (&[b"Bearer garbage", good.as_bytes()], bad),
        (&[huge.as_bytes()], bad),
        (&[huge_and_good.as_bytes()], bad),
        (&[b"Bearer \xe9\xff"], bad),
        (&[b"Bearer ...."], bad),
        (&[b"Bearer null"], bad),
        (&[b"Bearer a\x01b"], none),
        (&[b"Bearer a\nx-user: admin"], none),
        (&[b""], none),
        (&[b"Negotiate x"], none),
    ] {
        let answer = send(values);
        assert_eq!(answer.status, 401, "{answer:?}");
        assert_eq!(
            answer.header("www-authenticate"),
            Some(challenge),
            "{answer:?}"
        );
    }
    let twice = HttpRequest::new("GET", "/users/me/").bearer(Some(&token));
    assert_eq!(gateway().send(&twice.bearer(Some("garbage"))).status, 401);
}

#[test]
fn what_is_taken_from_a_user_is_gone_at_once() {
    let token = gateway().login("me items");
    for (user, path, status) in [
        (Some(johndoe()), "/users/me/items/", 200),
        (None, "/users/me/items/", 401),
        (None, "/status/", 401),
        (
            Some(User {
                disabled: true,
                ..johndoe()
            }),
            "/users/me/",
            400,
        ),
        (
            Some(User {
                scopes: Scopes::parse("me").unwrap(),
                ..johndoe()
            }),
            "/users/me/items/",
            401,
        ),
        (
            Some(User {
                scopes: Scopes::parse("me").unwrap(),
                ..johndoe()
            }),
            "/users/me/",
            200,
        ),
        (
            Some(User {
                scopes: Scopes::default(),
                ..johndoe()
            }),
            "/status/",
            200,
        ),
    ] {
        let gateway = Gateway::new(world().users(One(user.clone().map(with_password))));
        assert_eq!(
            gateway.get(path, Some(&token)).status,
            status,
            "{path} {user:?}"
        );
    }
}

#[test]
fn a_dead_store_is_503_and_never_a_login() {
    let token = gateway().login("me items");
    let dead = Gateway::new(world().dead());
    let answers = [
        dead.post_form("/token", "username=johndoe&password=secret"),
        dead.post_form("/token", "username=nobody&password=secret"),
        dead.get("/users/me/", Some(&token)),
        dead.get("/status/", Some(&token)),
    ];
    for answer in answers {
        assert_eq!(
            (answer.status, answer.detail()),
            (503, json!("Service Unavailable"))
        );
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    assert_eq!(
        dead.get("/users/me/", Some("garbage")).status,
        401,
        "no need to ask the store"
    );
    assert_eq!(dead.post_form("/token", "username=johndoe").status, 422);
}

/// The log of seven requests, the last of which finds its store dead.
fn lines_of_seven_requests() -> [Value; 7] {
    let token = gateway().login("me");
    let lines = logged(|| {
        gateway().get("/users/me/", Some(&token));
        gateway().get("/users/me/items/", Some(&token));
        gateway().get("/users/me/items/", Some("garbage"));
        gateway().get("/nowhere/with/secrets", None);
        gateway().post_form("/token", "username=johndoe&password=wrong");
        gateway().post_form("/token", "username=nobody&password=wrong");
        Gateway::new(world().dead()).get("/status/", Some(&token));
    });
    lines.try_into().expect("one line a request")
}

#[test]
fn a_request_is_one_line_of_what_became_of_it() {
    let lines = lines_of_seven_requests();
    let seen: Vec<Value> = lines
        .iter()
        .map(|line| {
            json!([
                line["span"]["route"],
                line["status"],
                line["outcome"],
                line["reason"],
                line["span"]["sub"]
            ])
        })
        .collect();
    assert_eq!(
        json!(seen),
        json!([
            ["GET /users/me/", 200, "ok", null, "johndoe"],
            [
                "GET /users/me/items/",
                401,
                "insufficient_scope",
                null,
                "johndoe"
            ],
            [
                "GET /users/me/items/",
                401,
                "invalid_token",
                "malformed",
                null
            ],
            ["$default", 404, "not_found", null, null],
            [
                "POST /token",
                400,
                "incorrect_password",
                "wrong password",
                "johndoe"
            ],
            [
                "POST /token",
                400,
                "incorrect_password",
                "unknown user",
                null
            ],
            [
                "GET /status/",
                503,
                "unavailable",
                "the store is not available: connection refused: 192.0.2.1",
                null
            ],
        ])
    );
}

#[test]
fn a_line_has_its_time_and_its_request() {
    for line in lines_of_seven_requests() {
        assert!(
            line["ms"].is_number() && line["timestamp"].is_string(),
            "{line}"
        );
        assert!(line["span"]["request_id"].is_string(), "{line}");
    }
}

#[test]
fn only_a_503_is_logged_as_an_error() {
    let levels = lines_of_seven_requests().map(|line| line["level"].clone());
    let expected = ["INFO", "INFO", "INFO", "INFO", "INFO", "INFO", "ERROR"];
    assert_eq!(levels, expected);
}

#[test]
fn no_secret_is_logged() {
    let token = gateway().login("me items");
    let text = json!(logged_to_the_last_line(|| {
        gateway().login("me");
        gateway().get("/users/me/", Some(&token));
        gateway().get("/users/me/", Some("canary.in.token"));
        gateway().get("/canary/path?canary=query", Some(&token));
        gateway().post_form(
            "/token",
            "username=canaryname&password=canarypassword&scope=canaryscope",
        );
        gateway().post_form(
            "/token",
            "username=johndoe&password=canarypassword&grant_type=canarygrant",
        );
        gateway().post_form(
            "/token",
            "username=johndoe&password=secret&scope=canaryscope&client_secret=canary",
        );
        gateway().send(&HttpRequest::new("CANARY", "/token").header("x-canary", "canary"));
    }))
    .to_string();
    assert!(text.contains("answered"), "{text}");
    for secret in [
        "canary",
        "CANARY",
        "secret\"",
        &token,
        "eyJ",
        "$argon2id",
        tests::KEY,
    ] {
        assert!(!text.contains(secret), "{secret} is in the log: {text}");
    }
}

/// At TRACE, `lambda_runtime` would log whole events, with passwords and tokens in them.
#[test]
fn nothing_is_logged_below_debug() {
    let lines = logged_to_the_last_line(|| {
        tracing::trace!("a whole event");
        tracing::debug!("seen");
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
}
