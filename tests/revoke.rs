//! POST /revoke and POST /users/me/logout: what ends, what lives on, and what a client is told. On
//! the stores in memory and in DynamoDB.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use shared::aws::table::{Table, text};
use shared::domain::accounts::{Account, Stamp};
use shared::domain::clients;
use shared::domain::scope::Scopes;
use shared::domain::sessions::token::{RefreshToken, Sid};
use shared::domain::sessions::{Policy, Sessions};
use shared::domain::store::Patience;
use shared::domain::tokens::keys::RingStore;
use tests::dynamodb::{behind_proxy, connect, start_with, world_at};
use tests::keys::{Shelf, ring};
use tests::proxy::{Fault, Proxy};
use tests::stores::cheap;
use tests::world::PATIENT;
use tests::{Answer, Client, Gateway, HttpRequest, NOW, World, block_on, read, world};

const DIALECTS: [&str; 2] = ["fastapi", "rfc"];
const LOGOUT: &str = "/users/me/logout";

/// Two users with stamps, as `users add` makes them.
fn users() -> HashMap<String, Account> {
    let mut users = cheap(&["johndoe", "jane"]);
    for account in users.values_mut() {
        account.user.stamp = Some(Stamp::random());
    }
    users
}

fn in_memory() -> World {
    cheaply(world().memory(users()))
}

fn in_dynamodb() -> World {
    cheaply(world_at(start_with(users().into_values()), PATIENT))
}

/// Where the users' hashes are not made anew.
fn cheaply(world: World) -> World {
    let world = world.with("PASSWORD_HASH_MEMORY_KIB", 8);
    world.with("PASSWORD_HASH_ITERATIONS", 1)
}

/// A service with sessions.
fn sessions(world: World) -> Gateway {
    Gateway::new(world.with("REFRESH_IDLE_DAYS", 30))
}

/// A service with sessions, on each store, for clients that speak OAuth.
fn gateways() -> [Gateway; 2] {
    [in_memory(), in_dynamodb()].map(|world| sessions(world.with("API_DIALECT", "rfc")))
}

struct Tokens {
    access: String,
    refresh: String,
}

impl Tokens {
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
        Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
        }
    }
}

fn login(gateway: &Gateway, name: &str) -> Tokens {
    let form = format!("grant_type=password&username={name}&password=secret&scope=me");
    Tokens::of(&gateway.post_form("/token", &form))
}

fn refresh(gateway: &Gateway, token: &str) -> Answer {
    let form = format!("grant_type=refresh_token&refresh_token={token}");
    gateway.post_form("/token", &form)
}

fn revoke(gateway: &Gateway, token: &str) -> Answer {
    gateway.post_form("/revoke", &format!("token={token}"))
}

fn logout(gateway: &Gateway, token: Option<&str>) -> Answer {
    gateway.send(&HttpRequest::new("POST", LOGOUT).bearer(token))
}

fn me(gateway: &Gateway, token: &str) -> u16 {
    gateway.get("/users/me/", Some(token)).status
}

fn assert_done(answer: &Answer) {
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

fn assert_refused(answer: &Answer, status: u16, error: &str) {
    let told = (answer.status, answer.json()["error"].clone());
    assert_eq!(told, (status, error.into()), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn a_refresh_token_ends_its_session_and_no_other() {
    for gateway in gateways() {
        let (one, other) = (login(&gateway, "johndoe"), login(&gateway, "johndoe"));
        assert_done(&revoke(&gateway, &one.refresh));
        assert_refused(&refresh(&gateway, &one.refresh), 400, "invalid_grant");
        assert_done(&revoke(&gateway, &one.refresh));
        assert_eq!(refresh(&gateway, &other.refresh).status, 200);
        assert_eq!(me(&gateway, &one.access), 200, "TOKEN_CHECK is user");
    }
}

/// RFC 7009 2.1: also the tokens that came of the same grant.
#[test]
fn a_refresh_token_that_was_replaced_ends_its_successor() {
    for gateway in gateways() {
        let first = login(&gateway, "johndoe");
        let second = Tokens::of(&refresh(&gateway, &first.refresh));
        assert_done(&revoke(&gateway, &first.refresh));
        assert_refused(&refresh(&gateway, &second.refresh), 400, "invalid_grant");
    }
}

/// Whatever the hint says.
#[test]
fn an_access_token_ends_its_session() {
    for gateway in gateways() {
        for hint in ["", "&token_type_hint=refresh_token", "&token_type_hint=x"] {
            let (one, other) = (login(&gateway, "johndoe"), login(&gateway, "johndoe"));
            let form = format!("token={}{hint}", one.access);
            assert_done(&gateway.post_form("/revoke", &form));
            assert_refused(&refresh(&gateway, &one.refresh), 400, "invalid_grant");
            assert_eq!(refresh(&gateway, &other.refresh).status, 200);
        }
    }
}

#[test]
fn what_is_not_valid_ends_nothing_and_is_no_error() {
    for gateway in gateways() {
        let tokens = login(&gateway, "johndoe");
        let forged = tokens.access.rsplit_once('.').unwrap().0.to_owned() + ".AAAA";
        let unknown = RefreshToken::random().unwrap().to_text();
        for token in ["x", "rt_", "rt_AAAA", "a.b.c", "%00", &forged, &unknown] {
            assert_done(&revoke(&gateway, token));
        }
        assert_eq!(refresh(&gateway, &tokens.refresh).status, 200);
    }
}

/// Its session goes on, and the client that revokes it believes that it does not.
#[test]
fn an_access_token_that_has_expired_still_ends_its_session() {
    for gateway in gateways() {
        let tokens = login(&gateway, "johndoe");
        let later = Gateway::new(gateway.world.clone().later(31 * 60));
        assert_done(&revoke(&later, &tokens.access));
        assert_refused(&refresh(&gateway, &tokens.refresh), 400, "invalid_grant");
    }
}

#[test]
fn an_access_token_without_a_session_cannot_be_revoked() {
    for dialect in DIALECTS {
        let world = in_memory().with("API_DIALECT", dialect);
        let form = "grant_type=password&username=johndoe&password=secret";
        let answer = Gateway::new(world.clone()).post_form("/token", form);
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        let answer = revoke(&sessions(world), &token);
        assert_refused(&answer, 400, "unsupported_token_type");
    }
}

/// Its keys may be out of reach; then nobody can say whether there is something to revoke.
#[test]
fn an_access_token_of_a_ring_ends_its_session() {
    let shelf = Shelf::with(ring(Algorithm::ES256));
    let empty = r#"{"keys":[]}"#;
    let world = in_memory()
        .without("JWT_SECRET_KEY")
        .with("SIGNING_KEYS", empty)
        .with("PUBLIC_KEYS", empty)
        .with("API_DIALECT", "rfc");
    let keys = Some(shelf.clone() as Arc<dyn RingStore>);
    let gateway = sessions(World { keys, ..world });
    let (one, other) = (login(&gateway, "johndoe"), login(&gateway, "johndoe"));
    assert_done(&revoke(&gateway, &one.access));
    assert_refused(&refresh(&gateway, &one.refresh), 400, "invalid_grant");
    *shelf.dead.lock().unwrap() = true;
    let without_keys = Gateway::new(gateway.world.clone());
    let answer = revoke(&without_keys, &other.access);
    assert_refused(&answer, 503, "temporarily_unavailable");
    assert_eq!(refresh(&gateway, &other.refresh).status, 200);
}

/// What is between the functions and the store.
fn sessions_of(world: &World) -> Sessions {
    let day = Duration::from_hours(24);
    Sessions {
        store: world.sessions.clone().unwrap(),
        policy: Policy {
            idle: day,
            longest: day,
            grace: Duration::ZERO,
        },
        clock: world.clock.clone(),
    }
}

/// Clients come to know each other's tokens, such as a resource that is sent one.
#[test]
fn another_clients_session_lives_on() {
    for gateway in gateways() {
        let sessions = sessions_of(&gateway.world);
        let user = users().remove("johndoe").unwrap().user;
        let id = "another".to_owned();
        let another = clients::Client {
            id,
            ..clients::Client::own()
        };
        let (scopes, now) = (Scopes::default(), sessions.clock.now());
        let token = block_on(sessions.begin(&user, &scopes, &another, now)).unwrap();
        assert_done(&revoke(&gateway, &token.to_text()));
        let sid = token.sid();
        let look = sessions.store.look(&user.username, &sid);
        assert!(block_on(look).unwrap().session.is_some());
    }
}

#[test]
fn a_request_without_one_token_is_refused_as_in_rfc_6749() {
    let expected = json!({
        "error": "invalid_request",
        "error_description": "A parameter is missing, repeated or malformed",
    });
    for dialect in DIALECTS {
        let gateway = sessions(in_memory().with("API_DIALECT", dialect));
        let twice = "token=x&token_type_hint=a&token_type_hint=b";
        for form in [
            "",
            "token=",
            "tokens=x",
            "token=x&token=x",
            "token=%ff",
            twice,
        ] {
            let answer = gateway.post_form("/revoke", form);
            assert_refused(&answer, 400, "invalid_request");
            assert_eq!(answer.json(), expected, "{form}");
        }
        let mut json = HttpRequest::new("POST", "/revoke").form(r#"{"token": "x"}"#);
        json.headers[0].1 = b"application/json".to_vec();
        assert_eq!(gateway.send(&json).json(), expected);
    }
}

/// As `scripts/sam_test.sh` sends them, with sessions, which the template has by default.
#[test]
fn their_events_are_answered() {
    let gateway = sessions(world());
    for name in ["revoke", "users-me-logout"] {
        let event = serde_json::from_str(&read(&format!("events/{name}.json"))).unwrap();
        assert_done(&gateway.invoke(&event));
    }
}

#[test]
fn there_is_no_other_method() {
    let gateway = sessions(in_memory());
    for path in ["/revoke", LOGOUT] {
        let answer = gateway.get(path, None);
        let told = (answer.status, answer.header("allow"));
        assert_eq!(told, (405, Some("POST")), "{path}");
    }
}

#[test]
fn without_sessions_there_is_no_such_path() {
    for dialect in DIALECTS {
        let gateway = Gateway::new(in_memory().with("API_DIALECT", dialect));
        let unknown = gateway.post_form("/nowhere", "token=x");
        for form in ["token=x", ""] {
            let answer = gateway.post_form("/revoke", form);
            let told = (answer.status, answer.body.as_str());
            assert_eq!(told, (404, unknown.body.as_str()));
        }
    }
}

#[test]
fn a_logout_ends_all_tokens_of_the_user_and_nobody_elses() {
    for gateway in gateways() {
        let (one, other) = (login(&gateway, "johndoe"), login(&gateway, "johndoe"));
        let jane = login(&gateway, "jane");
        assert_done(&logout(&gateway, Some(&one.access)));
        for tokens in [one, other] {
            assert_eq!(me(&gateway, &tokens.access), 401);
            assert_eq!(logout(&gateway, Some(&tokens.access)).status, 401);
            assert_refused(&refresh(&gateway, &tokens.refresh), 400, "invalid_grant");
        }
        assert_eq!(me(&gateway, &jane.access), 200);
        assert_eq!(refresh(&gateway, &jane.refresh).status, 200);
        let again = login(&gateway, "johndoe");
        assert_eq!(me(&gateway, &again.access), 200);
        assert_eq!(refresh(&gateway, &again.refresh).status, 200);
    }
}

/// Sessions are off, and no scope is asked for.
#[test]
fn a_logout_ends_tokens_that_have_no_session() {
    for gateway in [in_memory(), in_dynamodb()].map(Gateway::new) {
        let token = gateway.login("");
        assert_done(&logout(&gateway, Some(&token)));
        assert_eq!(logout(&gateway, Some(&token)).status, 401);
    }
}

/// As in a users file, or in the table of an earlier version. Where there is an issuer, no other
/// service has signed the token, so it ends although it has no stamp either.
#[test]
fn a_user_without_a_stamp_gets_one() {
    let world = world().with("ISSUER", "https://api.example.com");
    let gateway = sessions(world.with("API_DIALECT", "rfc"));
    let tokens = login(&gateway, "johndoe");
    assert_done(&logout(&gateway, Some(&tokens.access)));
    assert_eq!(me(&gateway, &tokens.access), 401);
    assert_refused(&refresh(&gateway, &tokens.refresh), 400, "invalid_grant");
}

#[test]
fn a_disabled_user_and_nobody_log_nobody_out() {
    let gateway = sessions(world());
    let form = "username=alice&password=secretalice";
    let alice = gateway.post_form("/token", form).json()["access_token"].clone();
    let answer = logout(&gateway, alice.as_str());
    assert_eq!(
        (answer.status, answer.detail()),
        (400, "Inactive user".into())
    );
    let users = gateway.world.users.clone().unwrap();
    assert_eq!(block_on(users.find("alice")).unwrap().unwrap().stamp, None);
    let answer = logout(&gateway, None);
    let told = (answer.status, answer.header("www-authenticate"));
    assert_eq!(told, (401, Some("Bearer")));
}

/// A user who was removed a moment ago is not made anew.
#[test]
fn nobody_gets_a_stamp() {
    for world in [in_memory(), in_dynamodb()] {
        let (store, now) = (world.sessions.unwrap(), world.clock.now());
        block_on(store.end_all("nobody", &Stamp::random(), now)).unwrap();
        assert_eq!(block_on(store.user("nobody")).unwrap(), None);
    }
}

/// The users are in memory, so that the guard lets them through, and the logout itself fails.
#[test]
fn a_store_that_does_not_answer_is_503() {
    let (_, proxy) = behind_proxy(0, 0);
    proxy.inject(Fault::Closed);
    for dialect in DIALECTS {
        let world = in_memory().with("API_DIALECT", dialect);
        let tokens = login(&sessions(world.clone()), "johndoe");
        let dead = world_at(proxy.address, Patience::default()).sessions;
        let gateway = sessions(World {
            sessions: dead,
            ..world
        });
        for token in [&tokens.access, &tokens.refresh] {
            let answer = revoke(&gateway, token);
            assert_refused(&answer, 503, "temporarily_unavailable");
        }
        assert_eq!(logout(&gateway, Some(&tokens.access)).status, 503);
    }
    let dead = sessions(in_memory().dead());
    let token = sessions(in_memory()).login("");
    assert_eq!(logout(&dead, Some(&token)).status, 503);
}

/// One request each, which can write nothing else.
#[test]
fn a_revocation_and_a_logout_are_one_write_each() {
    let (gateway, proxy) = behind_proxy(0, 0);
    let gateway = sessions(gateway.world);
    let tokens = login(&gateway, "johndoe");
    let sid = RefreshToken::parse(&tokens.refresh).unwrap().sid().0;
    let delete = json!({
        "TableName": "users",
        "Key": {"pk": {"S": format!("session#{sid}")}},
        "ConditionExpression": "#attribute = :value",
        "ExpressionAttributeNames": {"#attribute": "client"},
        "ExpressionAttributeValues": {":value": {"S": "default"}},
    });
    for token in [&tokens.refresh, &tokens.access] {
        proxy.take();
        revoke(&gateway, token);
        assert_eq!(proxy.take(), [("DeleteItem".to_owned(), delete.clone())]);
    }
    logout(&gateway, Some(&tokens.access));
    let (operation, mut request) = proxy.take().pop().unwrap();
    let stamp = request["ExpressionAttributeValues"][":stamp"].take();
    assert_eq!(stamp["S"].as_str().map(str::len), Some(22));
    let update = json!({
        "TableName": "users",
        "Key": {"pk": {"S": "user#johndoe"}},
        "UpdateExpression": "SET stamp = :stamp, updated = :now ADD version :one",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": {
            ":stamp": Value::Null,
            ":now": {"N": NOW.to_string()},
            ":one": {"N": "1"},
        },
    });
    assert_eq!((operation.as_str(), request), ("UpdateItem", update));
}

/// However many sessions there are, and a refresh of one of them costs what it always costs.
#[test]
fn a_logout_of_ten_thousand_sessions_is_one_write() {
    let users = users();
    let (user, scopes) = (users["johndoe"].user.clone(), Scopes::default());
    let own = clients::Client::own();
    let database = start_with(users.into_values());
    let elsewhere = sessions_of(&world_at(database, PATIENT));
    let tokens = block_on(async {
        let mut tokens = Vec::new();
        for _ in 0..100 {
            let begun = elsewhere.begin(&user, &scopes, &own, elsewhere.clock.now());
            tokens.push(begun.await.unwrap());
        }
        let table = connect(format!("http://{database}"), "users");
        multiply(&table, &tokens[0].sid(), 9_900).await;
        tokens
    });
    let proxy = Proxy::start(database);
    let gateway = sessions(cheaply(world_at(proxy.address, PATIENT)));
    let operations = || -> Vec<String> { proxy.take().into_iter().map(|sent| sent.0).collect() };
    let here = login(&gateway, "johndoe");
    // A login ends five of those beyond a hundred, whichever.
    let is_there = |token: &RefreshToken| block_on(elsewhere.store.session(&token.sid()));
    let mut tokens = tokens;
    tokens.retain(|token| is_there(token).unwrap().is_some());
    assert!(tokens.len() >= 95);
    operations();
    assert_eq!(refresh(&gateway, &tokens[7].to_text()).status, 200);
    assert_eq!(operations(), ["UpdateItem", "BatchGetItem"]);
    assert_done(&logout(&gateway, Some(&here.access)));
    assert_eq!(operations(), ["GetItem", "UpdateItem"]);
    for token in tokens {
        let answer = refresh(&gateway, &token.to_text());
        assert_refused(&answer, 400, "invalid_grant");
        assert_eq!(operations(), ["UpdateItem", "BatchGetItem", "DeleteItem"]);
    }
}

/// Adds so many sessions that are like this one, but for their keys.
async fn multiply(table: &Table, sid: &Sid, times: usize) {
    let get = table.client.get_item().table_name(&table.name);
    let got = get.key("pk", text(format!("session#{}", sid.0))).send();
    let item = got.await.unwrap().item.unwrap();
    let another = |number: usize| {
        let put = PutRequest::builder().set_item(Some(item.clone()));
        let put = put.item("pk", text(format!("session#{number}"))).build();
        WriteRequest::builder().put_request(put.unwrap()).build()
    };
    let numbers: Vec<usize> = (0..times).collect();
    for numbers in numbers.chunks(25) {
        let puts = numbers.iter().map(|number| another(*number)).collect();
        let batch = table.client.batch_write_item();
        let batch = batch.request_items(&table.name, puts).send();
        assert_eq!(batch.await.unwrap().unprocessed_items, Some([].into()));
    }
}
