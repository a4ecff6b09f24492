//! Clients: how they prove who they are, what each may ask for, their own tokens, and what they are told
//! of others'. On the stores in memory and in DynamoDB, in both dialects.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use shared::aws::clients::item;
use shared::domain::accounts::{User, UserId};
use shared::domain::clients::{self, ClientStore, Secret};
use shared::domain::scope::Scopes;
use shared::http::{
    self, Answer as Answered, Description, Dialect, ForClients, Operation, Request,
};
use shared::lambda::Function;
use tests::document::ApiDocument;
use tests::dynamodb::{checking_clients, connect, start_filled, world_at};
use tests::stores::{One, johndoe};
use tests::world::PATIENT;
use tests::{Answer, Client, Gateway, HttpRequest, NOW, World, block_on, world};

const SECRET: &str = "cs_for-development-only";
const EXAMPLE: &str = "client_id=c_example&client_secret=cs_for-development-only";
const OWN_TOKEN: &str = "grant_type=client_credentials";
const LOGIN: &str = "grant_type=password&username=johndoe&password=secret&scope=me";

/// A route for clients, as somebody would write one.
const REPORTS: ForClients = ForClients::at("/reports", &[Operation::client("GET", &["items"])]);

async fn reports((): &(), client: clients::Client, _: Request) -> Answered {
    http::json(&client.id)
}

const FUNCTION: Function = Function {
    name: "reports",
    route: REPORTS.route(),
    description: &[Description::new("Read reports").answers::<String>()],
    start: |cold_start| cold_start.for_clients(REPORTS, reports),
};

static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let others = service::FUNCTIONS.iter().copied();
    [FUNCTION].into_iter().chain(others).collect()
});

fn gateway(world: World) -> Gateway {
    let rfc = world
        .variables
        .get("API_DIALECT")
        .is_some_and(|dialect| dialect == "rfc");
    let dialect = if rfc { Dialect::Rfc } else { Dialect::FastApi };
    Gateway::serving(
        world,
        &FUNCTIONS,
        Arc::new(ApiDocument::of(&FUNCTIONS, dialect)),
    )
}

/// On each store, in each dialect.
fn worlds() -> Vec<World> {
    let address = start_filled();
    let stores = [
        world().checking_clients(),
        checking_clients(world_at(address, PATIENT).limits(0, 0), address),
    ];
    let dialects = ["fastapi", "rfc"];
    let worlds = stores.iter().flat_map(|world| {
        let world = world.clone().with("REFRESH_IDLE_DAYS", 30);
        dialects.map(|dialect| world.clone().with("API_DIALECT", dialect))
    });
    worlds.collect()
}

fn gateways() -> impl Iterator<Item = Gateway> {
    worlds().into_iter().map(gateway)
}

fn basic(credentials: &str) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

fn post(gateway: &Gateway, path: &str, header: Option<&str>, form: &str) -> Answer {
    let request = HttpRequest::new("POST", path).form(form);
    gateway.send(&match header {
        Some(header) => request.header("authorization", header),
        None => request,
    })
}

fn text(answer: &Answer, name: &str) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()[name].as_str().unwrap_or_default().to_owned()
}

fn own_token(gateway: &Gateway, form: &str) -> String {
    let answer = post(
        gateway,
        "/token",
        None,
        &format!("{OWN_TOKEN}&{EXAMPLE}{form}"),
    );
    text(&answer, "access_token")
}

fn introspect(gateway: &Gateway, token: &str) -> Value {
    let answer = post(
        gateway,
        "/introspect",
        None,
        &format!("{EXAMPLE}&token={token}"),
    );
    assert_eq!(answer.status, 200, "{answer:?}");
    in_order(answer.json())
}

/// With its scopes sorted: a set in DynamoDB keeps no order.
fn in_order(mut body: Value) -> Value {
    if let Some(scope) = body["scope"].as_str() {
        let mut scopes: Vec<&str> = scope.split(' ').collect();
        scopes.sort_unstable();
        body["scope"] = scopes.join(" ").into();
    }
    body
}

fn assert_refused(answer: &Answer, status: u16, error: &str, case: &str) {
    let told = (answer.status, answer.json()["error"].clone());
    assert_eq!(told, (status, error.into()), "{case}: {answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let challenge = (status == 401).then_some("Basic realm=\"api\"");
    assert_eq!(answer.header("www-authenticate"), challenge, "{case}");
}

#[test]
fn a_client_gets_a_token_of_its_own() {
    for gateway in gateways() {
        let ways = [
            (Some(basic(&format!("c_example:{SECRET}"))), String::new()),
            (Some(basic(&format!("c%5Fexample:{SECRET}"))), String::new()),
            (
                Some(basic(&format!("c_example:{SECRET}"))),
                "&client_id=c_example".to_owned(),
            ),
            (None, format!("&{EXAMPLE}")),
            (Some(basic(":")), format!("&{EXAMPLE}")),
        ];
        for (header, form) in ways {
            let form = format!("{OWN_TOKEN}{form}");
            let answer = post(&gateway, "/token", header.as_deref(), &form);
            let token = text(&answer, "access_token");
            let body = in_order(answer.json());
            assert_eq!(
                (&body["scope"], body.get("refresh_token")),
                (&json!("items me"), None)
            );
            let read = gateway.get("/reports", Some(&token));
            assert_eq!(
                (read.status, read.json()),
                (200, json!("c_example")),
                "{form}"
            );
        }
    }
}

/// RFC 6749 5.2, whatever the dialect is: FastAPI's page knows no clients.
#[test]
fn a_client_that_does_not_prove_who_it_is_gets_nothing() {
    for gateway in gateways() {
        let right = format!("c_example:{SECRET}");
        for (header, form, status, error) in [
            (None, "", 400, "invalid_client"),
            (None, "&client_id=c_example", 400, "invalid_client"),
            (
                None,
                "&client_id=c_example&client_secret=wrong",
                400,
                "invalid_client",
            ),
            (
                None,
                "&client_id=c_nobody&client_secret=wrong",
                400,
                "invalid_client",
            ),
            (
                None,
                "&client_id=default&client_secret=wrong",
                400,
                "invalid_client",
            ),
            (None, "&client_id=default", 400, "invalid_client"),
            (None, "&client_id=c_web", 400, "invalid_client"),
            (
                None,
                "&client_id=c_web&client_secret=x",
                400,
                "invalid_client",
            ),
            (
                None,
                "&client_secret=cs_for-development-only",
                400,
                "invalid_request",
            ),
            (
                None,
                "&client_id=c_example&client_id=c_web",
                400,
                "invalid_request",
            ),
            (None, "&client_id=c_example%0A", 400, "invalid_request"),
            (Some(basic("c_example:wrong")), "", 401, "invalid_client"),
            (Some(basic("c_example:")), "", 401, "invalid_client"),
            (Some(basic("c_nobody:wrong")), "", 401, "invalid_client"),
            (Some(basic("johndoe:secret")), "", 401, "invalid_client"),
            (Some(basic(":x")), "", 400, "invalid_request"),
            (Some(basic("c_example")), "", 400, "invalid_request"),
            (Some("Basic !".to_owned()), "", 400, "invalid_request"),
            (Some("Basic".to_owned()), "", 400, "invalid_request"),
            (
                Some(basic(&right)),
                "&client_id=c_web",
                400,
                "invalid_request",
            ),
            (
                Some(basic(&right)),
                "&client_secret=x",
                400,
                "invalid_request",
            ),
            (
                Some(format!("{}, {}", basic(&right), basic(&right))),
                "",
                400,
                "invalid_request",
            ),
            (Some("Bearer x".to_owned()), "", 401, "invalid_client"),
        ] {
            let answer = post(
                &gateway,
                "/token",
                header.as_deref(),
                &format!("{OWN_TOKEN}{form}"),
            );
            assert_refused(&answer, status, error, &format!("{header:?} {form}"));
        }
        let in_query = format!("/token?{EXAMPLE}");
        let answer = post(&gateway, &in_query, None, OWN_TOKEN);
        assert_refused(&answer, 400, "invalid_client", "a secret in the query");
    }
}

#[test]
fn a_client_gets_no_more_than_it_has() {
    for gateway in gateways() {
        let token = own_token(&gateway, "&scope=me");
        assert_eq!(
            gateway.get("/reports", Some(&token)).status,
            scope_missing(&gateway)
        );
        for scope in ["admin", "me admin", "me%22", "\u{e9}"] {
            let form = format!("{OWN_TOKEN}&{EXAMPLE}&scope={scope}");
            let answer = post(&gateway, "/token", None, &form);
            assert_refused(&answer, 400, "invalid_scope", scope);
        }
        let form = format!("{OWN_TOKEN}&client_id=c_web&scope=me");
        assert_refused(
            &post(&gateway, "/token", None, &form),
            400,
            "invalid_client",
            "public",
        );
    }
}

fn scope_missing(gateway: &Gateway) -> u16 {
    match gateway.world.variables["API_DIALECT"].as_str() {
        "rfc" => 403,
        _ => 401,
    }
}

/// Neither can pass for the other.
#[test]
fn users_and_clients_have_their_own_routes() {
    for gateway in gateways() {
        let clients_own = own_token(&gateway, "");
        for path in ["/users/me/", "/users/me/items/", "/status/"] {
            assert_eq!(gateway.get(path, Some(&clients_own)).status, 401, "{path}");
        }
        let login = post(
            &gateway,
            "/token",
            None,
            &format!("{LOGIN}+items&client_id=c_web"),
        );
        let users = text(&login, "access_token");
        assert_eq!(gateway.get("/users/me/", Some(&users)).status, 200);
        assert_eq!(gateway.get("/reports", Some(&users)).status, 401);
        for name in ["client:c_example", "client:"] {
            let form = format!("grant_type=password&username={name}&password=secret");
            let answer = gateway.post_form("/token", &form);
            assert!([400, 401].contains(&answer.status), "{name}: {answer:?}");
        }
    }
}

/// A service with this client beside those of the events, public unless it is said to have secrets.
fn with_client(dialect: &str, members: &Value) -> Gateway {
    let mut client = json!({"id": "c_app"});
    client
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut all: Value = serde_json::from_str(&tests::read("events/clients.json")).unwrap();
    all.as_array_mut().unwrap().push(client);
    std::fs::write(&file, all.to_string()).unwrap();
    let world = world()
        .with("CLIENTS", "check")
        .with("CLIENTS_FILE", file.path().display());
    let gateway = gateway(
        world
            .with("REFRESH_IDLE_DAYS", 30)
            .with("API_DIALECT", dialect),
    );
    // They read the file when they start, and it is gone when this returns.
    for path in ["/token", "/introspect", "/users/me/"] {
        gateway.post_form(path, "");
    }
    gateway
}

#[test]
fn a_client_uses_no_grant_that_is_not_its_own() {
    for dialect in ["fastapi", "rfc"] {
        let login = |client: &Value| {
            let gateway = with_client(dialect, client);
            gateway.post_form("/token", &format!("{LOGIN}&client_id=c_app"))
        };
        let scopes = json!(["me"]);
        let answer = login(&json!({"scopes": scopes, "grants": ["refresh_token"]}));
        assert_refused(&answer, 400, "unauthorized_client", "no password grant");
        let answer = login(&json!({"scopes": scopes, "grants": ["password"]}));
        let told = (answer.status, answer.json().get("refresh_token").cloned());
        assert_eq!(told, (200, None), "its logins do not last");
        let answer = login(&json!({"scopes": scopes, "grants": ["password"], "disabled": true}));
        assert_refused(&answer, 400, "invalid_client", "disabled");
        for scopes in [json!([]), json!(["items"])] {
            let answer = login(&json!({"scopes": scopes, "grants": ["password"]}));
            assert_eq!(
                answer.status, 400,
                "the user has it, the client has not: {answer:?}"
            );
        }
        let gateway = with_client(dialect, &json!({"grants": ["password"]}));
        let form = "grant_type=refresh_token&refresh_token=x&client_id=c_app";
        let answer = gateway.post_form("/token", form);
        assert_refused(&answer, 400, "unauthorized_client", "no refresh tokens");
    }
}

#[test]
fn a_session_is_its_clients_alone() {
    for gateway in gateways() {
        let login = post(
            &gateway,
            "/token",
            None,
            &format!("{LOGIN}&client_id=c_web"),
        );
        let token = text(&login, "refresh_token");
        let refresh = format!("grant_type=refresh_token&refresh_token={token}");
        for other in [
            "",
            "&client_id=c_example&client_secret=cs_for-development-only",
        ] {
            let answer = post(&gateway, "/token", None, &format!("{refresh}{other}"));
            assert_refused(&answer, 400, "invalid_grant", other);
            let answer = post(&gateway, "/revoke", None, &format!("token={token}{other}"));
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (200, "{}"),
                "RFC 7009 2.2"
            );
        }
        let answer = post(
            &gateway,
            "/token",
            None,
            &format!("{refresh}&client_id=c_example"),
        );
        assert_refused(
            &answer,
            400,
            "invalid_client",
            "another's name without its secret",
        );
        let answer = post(
            &gateway,
            "/revoke",
            None,
            &format!("token={token}&client_id=c_example"),
        );
        assert_refused(&answer, 400, "invalid_client", "the same at /revoke");

        let answer = post(
            &gateway,
            "/token",
            None,
            &format!("{refresh}&client_id=c_web"),
        );
        let token = text(&answer, "refresh_token");
        let answer = post(
            &gateway,
            "/revoke",
            None,
            &format!("token={token}&client_id=c_web"),
        );
        assert_eq!(answer.status, 200);
        let refresh = format!("grant_type=refresh_token&refresh_token={token}&client_id=c_web");
        let answer = post(&gateway, "/token", None, &refresh);
        assert_refused(&answer, 400, "invalid_grant", "revoked");
    }
}

/// While one is being replaced, both are valid, and nothing else is.
#[test]
fn each_of_a_clients_secrets_proves_who_it_is() {
    let made: Vec<_> = [1, 2].map(|now| Secret::random(now).unwrap()).into();
    let kept: Vec<_> = made.iter().map(|(_, kept)| kept).collect();
    let client = json!({"grants": ["client_credentials"], "secrets": kept});
    let gateway = with_client("rfc", &client);
    let status = |secret: &str| {
        let form = format!("{OWN_TOKEN}&client_id=c_app&client_secret={secret}");
        gateway.post_form("/token", &form).status
    };
    for (secret, _) in &made {
        assert_eq!(status(secret.expose_secret()), 200);
    }
    assert_eq!(status(SECRET), 400, "another client's");
}

#[test]
fn a_client_is_told_of_its_own_tokens_alone_unless_it_may_introspect() {
    let (secret, kept) = Secret::random(1).unwrap();
    let grants = ["client_credentials", "password", "refresh_token"];
    let client = json!({"grants": grants, "secrets": [kept], "scopes": ["me"]});
    for dialect in ["fastapi", "rfc"] {
        let gateway = with_client(dialect, &client);
        let own = format!("client_id=c_app&client_secret={}", secret.expose_secret());
        let login = gateway.post_form("/token", &format!("{LOGIN}&{own}"));
        let (access, refresh) = (text(&login, "access_token"), text(&login, "refresh_token"));
        let itself = gateway.post_form("/token", &format!("{OWN_TOKEN}&{own}"));
        let other = gateway.post_form("/token", &format!("{LOGIN}&client_id=c_web"));
        for (token, active) in [
            (access, true),
            (refresh, true),
            (text(&itself, "access_token"), true),
            (text(&other, "access_token"), false),
            (text(&other, "refresh_token"), false),
            (own_token(&gateway, ""), false),
        ] {
            let told = gateway.post_form("/introspect", &format!("{own}&token={token}"));
            assert_eq!(told.json()["active"], active, "{told:?}");
            assert!(active || told.body == r#"{"active":false}"#, "{told:?}");
            assert_eq!(
                introspect(&gateway, &token)["active"],
                true,
                "who may, is told"
            );
        }
    }
}

#[test]
fn what_no_route_accepts_is_not_active() {
    for gateway in gateways() {
        let first = text(&gateway.post_form("/token", LOGIN), "refresh_token");
        let form = format!("grant_type=refresh_token&refresh_token={first}");
        let second = text(&gateway.post_form("/token", &form), "refresh_token");
        assert_eq!(
            introspect(&gateway, &first),
            json!({"active": false}),
            "replaced"
        );
        assert_eq!(introspect(&gateway, &second)["active"], true);
        // On FastAPI's page a disabled user gets a token, which opens no route.
        if gateway.world.variables["API_DIALECT"] == "fastapi" {
            let form = "grant_type=password&username=alice&password=secretalice&scope=me";
            let token = text(&gateway.post_form("/token", form), "access_token");
            assert_eq!(
                introspect(&gateway, &token),
                json!({"active": false}),
                "disabled"
            );
        }
    }
}

/// Or a user of a client's name would have that client's tokens.
#[test]
fn no_user_logs_in_with_the_name_of_a_client() {
    for name in ["client:c_example", "client:"] {
        let user = User {
            id: UserId::from(name),
            username: name.to_owned(),
            ..johndoe()
        };
        let world = world().checking_clients().users(One::knowing(user));
        let form = format!("grant_type=password&username={name}&password=secret&scope=me");
        let answer = gateway(world).post_form("/token", &form);
        assert_eq!(answer.status, 400, "{answer:?}");
    }
}

/// A client is read anew for each request: what it loses, it has lost at once.
#[test]
fn a_clients_record_counts_as_it_is_now() {
    let address = start_filled();
    let world = checking_clients(world_at(address, PATIENT), address).limits(0, 0);
    let gateway = gateway(
        world
            .with("REFRESH_IDLE_DAYS", 30)
            .with("API_DIALECT", "rfc"),
    );
    let own = own_token(&gateway, "");
    let form = format!("{LOGIN}+items&client_id=c_web");
    let mut refresh = text(&gateway.post_form("/token", &form), "refresh_token");
    let table = connect(format!("http://{address}"), "users");
    let change = |id: &str, change: fn(&mut clients::Client)| {
        block_on(async {
            let mut client = table.find(id).await.unwrap().unwrap();
            change(&mut client);
            let put = table.client.put_item().table_name(&table.name);
            put.set_item(Some(item(&client))).send().await.unwrap();
        });
    };
    let mut refreshed = || {
        let form = format!("grant_type=refresh_token&refresh_token={refresh}&client_id=c_web");
        let answer = gateway.post_form("/token", &form);
        if answer.status == 200 {
            refresh = text(&answer, "refresh_token");
        }
        answer
    };
    change("c_web", |client| {
        client.scopes = Scopes::parse("me").unwrap();
    });
    let answer = refreshed();
    assert_eq!(text(&answer, "scope"), "me");
    let current = text(&answer, "refresh_token");
    assert_eq!(introspect(&gateway, &current)["scope"], "me");
    change("c_web", |client| client.disabled = true);
    assert_refused(&refreshed(), 400, "invalid_client", "disabled");
    assert_eq!(introspect(&gateway, &current), json!({"active": false}));
    change("c_web", |client| {
        client.disabled = false;
        client.grants = vec![clients::GrantType::Password];
    });
    assert_refused(
        &refreshed(),
        400,
        "unauthorized_client",
        "without the grant",
    );
    assert_eq!(introspect(&gateway, &current), json!({"active": false}));
    change("c_web", |client| {
        client.grants = vec![clients::GrantType::RefreshToken];
    });
    assert_eq!(text(&refreshed(), "scope"), "me", "nothing was used up");

    assert_eq!(gateway.get("/reports", Some(&own)).status, 200);
    change("c_example", |client| {
        client.scopes = Scopes::parse("me").unwrap();
    });
    assert_eq!(gateway.get("/reports", Some(&own)).status, 403);
    assert_eq!(introspect(&gateway, &own)["scope"], "me");
    change("c_example", |client| {
        client.scopes = Scopes::parse("items").unwrap();
        client.not_before = Some(NOW);
    });
    assert_eq!(gateway.get("/reports", Some(&own)).status, 200);
    change("c_example", |client| client.not_before = Some(NOW + 1));
    assert_eq!(gateway.get("/reports", Some(&own)).status, 401, "ended");
    assert_eq!(introspect(&gateway, &own), json!({"active": false}));
    change("c_example", |client| client.not_before = None);
    let secret = |client: &mut clients::Client| client.secrets = Vec::new();
    change("c_example", secret);
    let answer = gateway.post_form("/token", &format!("{OWN_TOKEN}&{EXAMPLE}"));
    assert_refused(&answer, 400, "invalid_client", "its secret is gone");
    change("c_example", |client| client.disabled = true);
    assert_eq!(gateway.get("/reports", Some(&own)).status, 401);
}

/// RFC 7662 2.2: what is not active, or not this client's to know, is this and nothing more.
#[test]
fn a_token_that_is_worth_nothing_looks_like_any_other() {
    for gateway in gateways() {
        let login = gateway.post_form("/token", LOGIN);
        let (access, refresh) = (text(&login, "access_token"), text(&login, "refresh_token"));
        assert_eq!(introspect(&gateway, &access)["active"], true);
        assert_eq!(introspect(&gateway, &refresh)["active"], true);
        gateway.post_form("/revoke", &format!("token={refresh}"));
        let unknown = format!("rt_{}", "A".repeat(64));
        for token in [&access, &refresh, "x", "a.b.c", "rt_", &unknown] {
            assert_eq!(
                introspect(&gateway, token),
                json!({"active": false}),
                "{token}"
            );
        }
    }
}

#[test]
fn a_client_is_told_what_a_token_is_worth() {
    for gateway in gateways() {
        let form = format!("{LOGIN}+items&client_id=c_web");
        let login = post(&gateway, "/token", None, &form);
        let (access, refresh) = (text(&login, "access_token"), text(&login, "refresh_token"));
        let told = introspect(&gateway, &access);
        let expected = json!({
            "active": true, "scope": "items me", "client_id": "c_web", "username": "johndoe",
            "token_type": "Bearer", "sub": "johndoe", "exp": gateway.now() + 1800,
            "iat": gateway.now(), "jti": told["jti"],
        });
        assert_eq!(told, expected);
        let expected = json!({
            "active": true, "scope": "items me", "client_id": "c_web", "username": "johndoe",
            "sub": "johndoe", "exp": gateway.now() + 30 * 86_400, "iat": gateway.now(),
        });
        assert_eq!(introspect(&gateway, &refresh), expected);
        let told = introspect(&gateway, &own_token(&gateway, ""));
        let expected = json!({
            "active": true, "scope": "items me", "client_id": "c_example", "token_type": "Bearer",
            "sub": "client:c_example", "exp": gateway.now() + 1800, "iat": gateway.now(),
            "jti": told["jti"],
        });
        assert_eq!(told, expected);
    }
}

#[test]
fn only_a_client_with_a_secret_may_ask() {
    for gateway in gateways() {
        let token = text(&gateway.post_form("/token", LOGIN), "access_token");
        for (header, form, status) in [
            (None, "", 400),
            (None, "&client_id=c_web", 400),
            (None, "&client_id=c_example&client_secret=wrong", 400),
            (Some(basic("c_example:wrong")), "", 401),
            (Some(basic("c_web:")), "", 401),
        ] {
            let answer = post(
                &gateway,
                "/introspect",
                header.as_deref(),
                &format!("token={token}{form}"),
            );
            assert_refused(&answer, status, "invalid_client", form);
        }
        let answer = post(&gateway, "/introspect", None, EXAMPLE);
        assert_refused(&answer, 400, "invalid_request", "no token");
        let answer = gateway.get(&format!("/introspect?token={token}"), None);
        assert_eq!(answer.status, 405);
    }
}

/// With nothing configured a client is what it is on FastAPI's page: not looked at.
#[test]
fn clients_are_ignored_unless_they_are_checked() {
    for dialect in ["fastapi", "rfc"] {
        let gateway = gateway(world().with("API_DIALECT", dialect));
        let header = basic("nobody:x");
        let answer = post(
            &gateway,
            "/token",
            Some(&header),
            &format!("{LOGIN}&client_id=x"),
        );
        assert_eq!(answer.status, 200);
        assert_eq!(post(&gateway, "/introspect", None, "token=x").status, 404);
        let answer = post(&gateway, "/token", None, &format!("{OWN_TOKEN}&{EXAMPLE}"));
        assert!(answer.status == 422 || answer.json()["error"] == "unsupported_grant_type");
    }
}
