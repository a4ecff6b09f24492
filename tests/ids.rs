//! What the id of a user means to those who verify tokens: with an issuer it is `sub`, without one nobody sees it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::domain::accounts::UserId;
use tests::keys::ISSUER;
use tests::stores::johndoes_account;
use tests::{Client, Gateway, HttpRequest, World, read, world};

/// Johndoe has this id.
fn with_id(world: World, id: &str) -> Gateway {
    let mut account = johndoes_account();
    account.user.id = UserId::from(id);
    Gateway::new(world.memory([("johndoe".to_owned(), account)]))
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn issuing() -> World {
    world()
        .with("ISSUER", ISSUER)
        .with("CLIENTS", "check")
        .with(
            "CLIENTS_FILE",
            tests::repository("events/clients.json").display(),
        )
}

fn introspected(gateway: &Gateway, token: &str) -> Value {
    let form = format!("token={token}&client_id=c_example&client_secret=cs_for-development-only");
    gateway.post_form("/introspect", &form).json()
}

#[test]
fn with_an_issuer_a_token_is_for_an_id() {
    let gateway = with_id(issuing(), "u_1");
    let token = gateway.login("me");
    let said = claims(&token);
    assert_eq!(
        (&said["sub"], &said["username"]),
        (&json!("u_1"), &json!("johndoe"))
    );
    let user = gateway.get("/users/me/", Some(&token));
    assert_eq!(
        (user.status, &user.json()["username"]),
        (200, &json!("johndoe"))
    );
    let told = introspected(&gateway, &token);
    assert_eq!((&told["iss"], &told["aud"]), (&said["iss"], &said["aud"]));
    assert_eq!(
        (&told["sub"], &told["username"]),
        (&json!("u_1"), &json!("johndoe"))
    );
    // Somebody else has the name now.
    let other = with_id(issuing(), "u_2");
    assert_eq!(other.get("/users/me/", Some(&token)).status, 401);
    assert_eq!(introspected(&other, &token), json!({"active": false}));
}

#[test]
fn without_an_issuer_a_token_is_for_a_name() {
    let gateway = with_id(world(), "u_1");
    let token = gateway.login("me");
    let said = claims(&token);
    assert_eq!(
        (&said["sub"], said.get("username")),
        (&json!("johndoe"), None)
    );
    let other = with_id(world(), "u_2");
    assert_eq!(other.get("/users/me/", Some(&token)).status, 200);
}

/// The function behind another API's route.
#[test]
fn an_authorizer_tells_the_id_and_the_name() {
    let event = |token: &str| -> Value {
        let mut event: Value = serde_json::from_str(&read("events/authorizer.json")).unwrap();
        event["headers"]["authorization"] = format!("Bearer {token}").into();
        event
    };
    for (world, expected) in [
        (issuing(), [json!("u_1"), json!("johndoe")]),
        (world(), [json!("johndoe"), json!(null)]),
    ] {
        let world = world.with("ROUTE_SCOPES", "GET /reports/{id}: me");
        let gateway = with_id(world, "u_1");
        let verdict = gateway.ask(&service::AUTHORIZER, &event(&gateway.login("me")));
        let context = &verdict.unwrap()["context"];
        assert_eq!(
            [&context["sub"], &context["username"]],
            [&expected[0], &expected[1]]
        );
    }
}

/// A refresh token has no claims: what is told of it is what its access tokens would say.
#[test]
fn a_refresh_token_is_for_the_same_id() {
    let gateway = with_id(issuing().with("REFRESH_IDLE_DAYS", 30), "u_1");
    let login = HttpRequest::new("POST", "/token").form("username=johndoe&password=secret&scope=me&client_id=c_example&client_secret=cs_for-development-only&grant_type=password");
    let tokens = gateway.send(&login).json();
    let told = introspected(&gateway, tokens["refresh_token"].as_str().unwrap());
    assert_eq!(
        (&told["active"], &told["sub"], &told["username"]),
        (&json!(true), &json!("u_1"), &json!("johndoe"))
    );
}
