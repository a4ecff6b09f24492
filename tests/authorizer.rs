//! The authorizer of another API's routes: whom it lets through, what it tells of them, and what it says
//! when nobody can decide.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::LazyLock;

use serde_json::{Value, json};
use shared::config::Parts;
use shared::domain::accounts::{Stamp, User};
use shared::domain::scope::Scopes;
use shared::lambda::ColdStart;
use tests::dynamodb::names_table;
use tests::logs::logged;
use tests::stores::{One, johndoe};
use tests::world::World;
use tests::{Client, Gateway, HttpRequest, KEY, NOW, block_on, parity, read, world};

const ROUTES: &str = "
    GET /reports/{id}: items me
    GET /reports: items
    POST /reports: reports:write
    ANY /anybody:
";

/// The event that a gateway sends for `events/authorizer.json`, with another route and header.
fn asked(route: &str, authorization: &str) -> Value {
    static EVENT: LazyLock<Value> =
        LazyLock::new(|| serde_json::from_str(&read("events/authorizer.json")).unwrap());
    let mut event = EVENT.clone();
    event["routeKey"] = route.into();
    event["headers"]["authorization"] = authorization.into();
    event
}

fn ask(world: &World, event: &Value) -> Result<Value, String> {
    Gateway::new(world.clone()).ask(&service::AUTHORIZER, event)
}

fn protecting() -> World {
    world().with("ROUTE_SCOPES", ROUTES)
}

fn claims(scope: &str) -> Value {
    json!({"sub": "johndoe", "scope": scope, "exp": NOW + 60})
}

fn bearer(claims: &Value) -> String {
    format!("Bearer {}", parity::minted(claims))
}

fn is_allowed(world: &World, route: &str, authorization: &str) -> bool {
    let verdict = ask(world, &asked(route, authorization)).unwrap();
    if verdict != json!({"isAuthorized": false}) {
        assert_eq!(verdict["isAuthorized"], true, "{verdict}");
    }
    verdict["isAuthorized"] == true
}

fn with_user(change: impl FnOnce(&mut User)) -> World {
    let mut user = johndoe();
    change(&mut user);
    protecting().users(One::knowing(user))
}

#[test]
fn the_event_of_the_folder_is_let_through() {
    let event = serde_json::from_str(&read("events/authorizer.json")).unwrap();
    let world = protecting().with("ROUTE_SCOPES", "GET /reports/{id}: me");
    let verdict = ask(&world, &event).unwrap();
    assert_eq!(verdict["isAuthorized"], true, "{verdict}");
    assert_eq!(verdict["context"]["sub"], "johndoe");
}

#[test]
fn a_route_needs_all_of_its_scopes_in_the_token_and_the_user() {
    let all = protecting();
    let without_items = with_user(|user| user.scopes = Scopes::parse("me").unwrap());
    for (world, route, scope, expected) in [
        (&all, "GET /reports/{id}", "me items", true),
        (&all, "GET /reports/{id}", "items me other", true),
        (&all, "GET /reports/{id}", "items", false),
        (&all, "GET /reports/{id}", "me", false),
        (&all, "GET /reports/{id}", "", false),
        (&all, "GET /reports/{id}", "items,me", false),
        (&all, "GET /reports/{id}", "itemsme", false),
        (&all, "GET /reports/{id}", "ITEMS ME", false),
        (&all, "GET /reports", "items", true),
        (&all, "POST /reports", "items reports:write", false),
        (&all, "ANY /anybody", "", true),
        (&without_items, "GET /reports", "items", false),
        (&without_items, "GET /reports/{id}", "me items", false),
        (&without_items, "ANY /anybody", "items", true),
    ] {
        let allowed = is_allowed(world, route, &bearer(&claims(scope)));
        assert_eq!(allowed, expected, "{route} with {scope:?}");
    }
}

/// The gateway matches method and path, and names the route as its template does. Only that name counts,
/// whatever the request's own path looks like.
#[test]
fn only_the_name_of_the_route_counts() {
    let token = bearer(&claims("me items"));
    let world = protecting();
    for route in [
        "GET /reports/",
        "GET //reports",
        "GET /Reports",
        "get /reports",
        "GET /reports%2e",
        "GET /reports/7",
        "GET /reports/{other}",
        "GET  /reports",
        " GET /reports",
        "ANY /reports",
        "POST /anybody",
        "DELETE /reports",
        "$default",
        "/reports",
        "",
    ] {
        let lines = logged(|| assert!(!is_allowed(&world, route, &token), "{route}"));
        assert_eq!(lines.len(), 1, "{lines:?}");
        let (line, seen) = (&lines[0], &lines[0]["span"]["route"]);
        assert_eq!((&line["level"], seen), (&json!("WARN"), &json!(route)));
        assert_eq!(line["outcome"], "route_not_declared");
        // A stranger's request is like one to any other route: no alarm counts it.
        for stranger in ["", "Bearer x", "Basic x", "Bearer a.b.c"] {
            let lines = logged(|| assert!(!is_allowed(&world, route, stranger), "{route}"));
            assert_eq!(lines[0]["level"], "INFO", "{lines:?}");
        }
    }
    let mut event = asked("GET /reports/{id}", &bearer(&claims("items")));
    event["rawPath"] = "/anybody".into();
    event["requestContext"]["http"]["path"] = "/anybody".into();
    event["requestContext"]["routeKey"] = "ANY /anybody".into();
    assert_eq!(ask(&world, &event), Ok(json!({"isAuthorized": false})));
}

#[test]
fn what_is_no_bearer_token_opens_nothing() {
    let token = parity::minted(&claims("me items"));
    let world = protecting();
    for authorization in [
        String::new(),
        token.clone(),
        format!("Basic {token}"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer {token},Bearer {token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer {token}x"),
        format!("Bearer {}", &token[..token.len() - 1]),
        format!("Bearer\t{token}"),
        bearer(&json!({"sub": "johndoe", "scope": "items", "exp": NOW})),
        bearer(&json!({"sub": "johndoe", "scope": "items"})),
        bearer(&json!({"sub": "nobody", "scope": "items", "exp": NOW + 60})),
        bearer(&json!({"sub": "client:c_example", "scope": "items", "exp": NOW + 60})),
        bearer(&json!({"sub": "johndoe", "scope": ["items"], "exp": NOW + 60})),
        bearer(&json!({"sub": "johndoe", "scope": "items", "exp": NOW + 60, "aud": "x"})),
        "Bearer \u{0}".to_owned(),
        "Bearer \u{fffd}\u{1f600}".to_owned(),
        "x".repeat(10_000),
    ] {
        assert!(
            !is_allowed(&world, "GET /reports", &authorization),
            "{authorization}"
        );
    }
    let mut event = asked("GET /reports", "");
    for headers in [json!(null), json!({}), json!({"Authorization": ""})] {
        event["headers"] = headers;
        assert_eq!(ask(&world, &event), Ok(json!({"isAuthorized": false})));
    }
}

#[test]
fn who_is_disabled_logged_out_or_gone_gets_in_no_more() {
    let token = bearer(&claims("me items"));
    let disabled = with_user(|user| user.disabled = true);
    assert!(!is_allowed(&disabled, "ANY /anybody", &token));
    let gone = protecting().users(One(None));
    assert!(!is_allowed(&gone, "ANY /anybody", &token));

    let (before, after) = (Stamp::random(), Stamp::random());
    let stamped = |stamp| with_user(|user| user.stamp = Some(stamp));
    let token = Gateway::new(stamped(before.clone())).login("me items");
    let token = format!("Bearer {token}");
    assert!(is_allowed(&stamped(before), "GET /reports", &token));
    assert!(!is_allowed(&stamped(after), "GET /reports", &token));
}

/// Two functions on one store: the session ends where the user logs out, and here at once.
#[test]
fn a_session_that_ended_opens_nothing_if_sessions_are_checked() {
    let world = protecting().with("REFRESH_IDLE_DAYS", 30);
    let gateway = Gateway::new(world.clone());
    let token = gateway.login("me items");
    // The table that the variables name is not used: the stores are the test's own.
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let checking = names_table(world.clone(), nowhere).with("TOKEN_CHECK", "session");
    let not = world;
    let header = format!("Bearer {token}");
    let allowed = |world| is_allowed(world, "GET /reports", &header);
    assert_eq!((allowed(&checking), allowed(&not)), (true, true));
    let form = format!("token={token}");
    assert_eq!(gateway.post_form("/revoke", &form).status, 200);
    assert_eq!((allowed(&checking), allowed(&not)), (false, true));
}

#[test]
fn a_function_behind_it_is_told_strings() {
    let world = protecting();
    let exp = (NOW + 60).to_string();
    let mut claims = json!({
        "sub": "johndoe", "scope": "items me other", "exp": NOW + 60,
        "jti": "j", "client_id": "c", "sid": "s", "admin": true,
    });
    let verdict = ask(&world, &asked("GET /reports", &bearer(&claims))).unwrap();
    let context = json!({
        "sub": "johndoe", "scope": "items me", "client_id": "c", "sid": "s", "jti": "j", "exp": exp,
    });
    assert_eq!(verdict, json!({"isAuthorized": true, "context": context}));
    for name in ["jti", "client_id", "sid"] {
        claims.as_object_mut().unwrap().remove(name);
    }
    let verdict = ask(&world, &asked("GET /reports", &bearer(&claims))).unwrap();
    let context = json!({"sub": "johndoe", "scope": "items me", "exp": exp});
    assert_eq!(verdict["context"], context);
}

/// A client's own token, as `c_example` of the events gets one.
fn own_token(world: &World) -> String {
    let form =
        "grant_type=client_credentials&client_id=c_example&client_secret=cs_for-development-only";
    let answer = Gateway::new(world.clone()).post_form("/token", form);
    format!("Bearer {}", answer.json()["access_token"].as_str().unwrap())
}

/// A service account; its function must see at once that this is no user.
#[test]
fn a_route_is_for_users_or_for_clients_or_for_both() {
    let routes = "GET /users: items, GET /clients for clients: items, GET /both for users and clients: items, \
                  GET /more for clients: items other";
    let world = world().checking_clients().with("ROUTE_SCOPES", routes);
    let user = format!("Bearer {}", Gateway::new(world.clone()).login("items me"));
    let client = own_token(&world);
    for (route, users, clients) in [
        ("GET /users", true, false),
        ("GET /clients", false, true),
        ("GET /both", true, true),
        ("GET /more", false, false),
    ] {
        let allowed = [&user, &client].map(|token| is_allowed(&world, route, token));
        assert_eq!(allowed, [users, clients], "{route}");
    }
    let verdict = ask(&world, &asked("GET /clients", &client)).unwrap();
    let context = &verdict["context"];
    let told = (&context["sub"], &context["client_id"], &context["scope"]);
    assert_eq!(
        told,
        (
            &json!("client:c_example"),
            &json!("c_example"),
            &json!("me items")
        )
    );
    // Where clients are not checked, it is not known which there are.
    let ignoring = world.with("CLIENTS", "ignore");
    assert!(!is_allowed(&ignoring, "GET /both", &client));
}

/// Neither "yes" nor a "no" that the gateway might keep: it answers 500.
#[test]
fn without_the_store_there_is_no_verdict() {
    let dead = protecting().dead();
    let token = bearer(&claims("me items"));
    let lines = logged(|| {
        let answer = ask(&dead, &asked("GET /reports", &token));
        assert_eq!(answer, Err("Authorizer.Undecided: unavailable".into()));
    });
    assert_eq!((lines.len(), &lines[0]["level"]), (1, &json!("ERROR")));
    for authorization in ["", "Bearer x"] {
        let verdict = ask(&dead, &asked("GET /reports", authorization));
        assert_eq!(
            verdict,
            Ok(json!({"isAuthorized": false})),
            "no store needed"
        );
    }
    let verdict = ask(&dead, &asked("GET /other", &token));
    assert_eq!(verdict, Ok(json!({"isAuthorized": false})));
}

#[test]
fn an_event_of_another_kind_is_an_error_that_repeats_nothing() {
    let world = protecting();
    let secret = "Bearer secret";
    for event in [
        json!({"version": "1.0", "type": "TOKEN", "authorizationToken": secret}),
        json!({"routeKey": 7, "headers": {"authorization": secret}}),
        json!({"routeKey": null, "headers": {"authorization": secret}}),
        json!({"routeKey": "GET /reports", "headers": {"authorization": [secret]}}),
        json!(secret),
        json!(null),
    ] {
        let error = ask(&world, &event).unwrap_err();
        let expected = "Runtime.InvalidEvent: not an event of an HTTP API's Lambda authorizer";
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn a_refusal_is_one_line_of_the_log_and_names_no_token() {
    let token = bearer(&claims("me"));
    let lines = logged(|| assert!(!is_allowed(&protecting(), "GET /reports", &token)));
    let (line, span, text) = (&lines[0], &lines[0]["span"], lines[0].to_string());
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (
            &line["level"],
            &line["outcome"],
            &span["route"],
            &span["sub"]
        ),
        (
            &json!("INFO"),
            &json!("insufficient_scope"),
            &json!("GET /reports"),
            &json!("johndoe")
        )
    );
    assert!(!text.contains("eyJ"), "{text}");
}

#[test]
fn what_is_declared_badly_stops_the_cold_start_with_all_that_is_wrong() {
    let start = |variables: &[(&str, &str)]| {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let start = (service::AUTHORIZER.start)(ColdStart::new(&lookup, Parts::default()));
        block_on(start).err().map(|error| error.to_string())
    };
    let mut variables = vec![
        ("USER_STORE", "memory"),
        ("TUTORIAL_USERS", "true"),
        ("JWT_SECRET_KEY", KEY),
    ];
    for none in ["", " ", ",", "\n,\n"] {
        variables.push(("ROUTE_SCOPES", none));
        let error = start(&variables).unwrap();
        assert!(error.contains("ROUTE_SCOPES: has no route;"), "{error}");
        variables.pop();
    }
    let error = start(&variables).unwrap();
    assert!(
        error.contains("ROUTE_SCOPES: has no route; a line for each"),
        "{error}"
    );
    variables.push(("ROUTE_SCOPES", "GET /a me\nget /b: me\nGET /c: me"));
    let error = start(&variables).unwrap();
    assert!(
        error.contains("ROUTE_SCOPES: \"GET /a me\" has no colon")
            && error.contains("ROUTE_SCOPES: \"get /b: me\" has no method")
            && error.lines().count() == 3,
        "{error}"
    );
    variables.pop();
    variables.push(("ROUTE_SCOPES", "GET /c: me"));
    assert_eq!(start(&variables), None);
}

/// The three scopes of the model, as bits.
const SCOPES: [&str; 3] = ["a", "b:c", "ab"];

fn scopes_of(bits: usize) -> String {
    let all = SCOPES.iter().enumerate();
    let held = all.filter(|(at, _)| bits & (1 << at) != 0);
    held.map(|(_, scope)| *scope).collect::<Vec<_>>().join(" ")
}

/// What may follow a route, and whether users may use it then.
const FOR: [(&str, bool); 3] = [
    ("", true),
    (" for clients", false),
    (" for users and clients", true),
];

/// Random declarations, users, tokens and requests, against "the route is declared for users, and all its
/// scopes are in both".
#[test]
fn a_hundred_thousand_combinations_and_a_plain_model_agree() {
    const METHODS: [&str; 5] = ["GET", "POST", "ANY", "DELETE", "get"];
    const PATHS: [&str; 6] = ["/a", "/a/", "/a/{id}", "/A", "/a/{proxy+}", "/b"];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let tokens: Vec<String> = (0..8)
        .map(|bits| bearer(&claims(&scopes_of(bits))))
        .collect();
    let mut allowed = 0;
    for _ in 0..1_000 {
        let mut declared = Vec::new();
        for method in &METHODS[..4] {
            for path in PATHS {
                if random(2) == 0 {
                    let (suffix, for_users) = FOR[random(3)];
                    declared.push((format!("{method} {path}"), random(8), suffix, for_users));
                }
            }
        }
        let lines = declared.iter();
        let lines = lines
            .map(|(route, bits, suffix, _)| format!("{route}{suffix}: {}\n", scopes_of(*bits)));
        let (held, disabled) = (random(8), random(8) == 0);
        let world = with_user(|user| {
            user.scopes = Scopes::parse(&scopes_of(held)).unwrap();
            user.disabled = disabled;
        });
        let world = world.with(
            "ROUTE_SCOPES",
            format!("$default: a\n{}", lines.collect::<String>()),
        );
        let gateway = Gateway::new(world);
        for _ in 0..100 {
            let (token, method, path) = (random(8), METHODS[random(5)], PATHS[random(6)]);
            let route = format!("{method} {path}");
            let verdict = gateway.ask(&service::AUTHORIZER, &asked(&route, &tokens[token]));
            let needed = declared.iter().find(|(declared, ..)| *declared == route);
            let expected = needed.is_some_and(|(_, bits, _, for_users)| {
                *for_users && !disabled && bits & !token == 0 && bits & !held == 0
            });
            allowed += usize::from(expected);
            assert_eq!(
                verdict.unwrap()["isAuthorized"],
                expected,
                "{route} with {token:b}, of a user with {held:b}: {declared:?}"
            );
        }
    }
    assert!((5_000..50_000).contains(&allowed), "{allowed}");
}

/// The routes of this service are not opened by it, nor does a request reach it.
#[test]
fn no_path_leads_to_it() {
    let gateway = Gateway::new(protecting());
    for path in ["/authorizer", "/"] {
        let answer = gateway.send(&HttpRequest::new("GET", path));
        assert_eq!(answer.status, 404, "{path}");
    }
}
