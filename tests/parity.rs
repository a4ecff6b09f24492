//! The service answers as FastAPI does: every recorded case, in process.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use tests::dynamodb::world_on_dynamodb;
use tests::{Client, Gateway, KEY, World, parity, world};

const TIERS: &[&str] = &["core", "framework", "edge"];

/// The one case that has another answer with sessions: they know this grant, and FastAPI does not.
const REFRESH: &str = "token_err_grant_type_refresh_token";

fn with_sessions(world: World) -> World {
    world.with("REFRESH_IDLE_DAYS", 30)
}

/// Runs every case.
fn answers_as_fastapi_does(gateway: &Gateway) {
    let passed = parity::run(gateway, Some(KEY), &parity::cases(TIERS));
    assert_eq!(passed, 270);
}

/// Runs every case but that one, which RFC 6749 5.2 answers.
fn answers_as_fastapi_does_but_refreshes(world: World) {
    let gateway = Gateway::new(with_sessions(world));
    let mut cases = parity::cases(TIERS);
    cases.retain(|case| case.name != REFRESH);
    assert_eq!(parity::run(&gateway, Some(KEY), &cases), 269);
    let form = "grant_type=refresh_token&username=johndoe&password=secret";
    let answer = gateway.post_form("/token", form);
    let told = (answer.status, answer.json()["error"].clone());
    assert_eq!(told, (400, "invalid_request".into()));
}

/// Bodies as AWS sends them.
#[test]
fn answers_as_fastapi_does_to_bodies_in_base64() {
    answers_as_fastapi_does(&Gateway::new(world()));
}

/// Bodies as `sam local` sends them.
#[test]
fn answers_as_fastapi_does_to_bodies_as_text() {
    let mut gateway = Gateway::new(world());
    gateway.gateway.bodies_as_text = true;
    answers_as_fastapi_does(&gateway);
}

#[test]
fn answers_as_fastapi_does_on_dynamodb() {
    answers_as_fastapi_does(&Gateway::new(world_on_dynamodb()));
}

#[test]
fn answers_as_fastapi_does_with_sessions() {
    answers_as_fastapi_does_but_refreshes(world());
}

#[test]
fn answers_as_fastapi_does_with_sessions_on_dynamodb() {
    answers_as_fastapi_does_but_refreshes(world_on_dynamodb());
}

/// What a login answers, and the claims of its token, without what is another each time.
fn login(world: World) -> (Map<String, Value>, Map<String, Value>) {
    let form = "username=johndoe&password=secret&scope=me";
    let mut answer = Gateway::new(world).post_form("/token", form).json();
    let answer = answer.as_object_mut().unwrap();
    let token = answer.remove("access_token").unwrap();
    let claims = token.as_str().unwrap().split('.').nth(1).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
    let mut claims: Map<String, Value> = serde_json::from_slice(&claims).unwrap();
    claims.remove("jti").unwrap();
    (answer.clone(), claims)
}

/// A client that knows nothing of sessions sees the answer and the token that it saw before.
#[test]
fn sessions_only_add_to_what_a_login_answers() {
    for world in [world(), world_on_dynamodb()] {
        let before = login(world.clone());
        let (mut answer, mut claims) = login(with_sessions(world));
        assert!(answer.remove("refresh_token").is_some());
        for claim in ["sid", "auth_time"] {
            assert!(claims.remove(claim).is_some(), "{claim}");
        }
        assert_eq!((answer, claims), before);
    }
}
