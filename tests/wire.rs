//! The exact requests that the functions send to DynamoDB: operation, key, projection, condition.
//! `template.yaml` allows each function exactly these operations.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};
use service::{FUNCTIONS, template};
use shared::domain::login::attempt::Attempt;
use tests::dynamodb::{
    behind_proxy, checking_clients, cold_start, cold_start_with_ring, names_table,
};
use tests::policy::Statement;
use tests::proxy::{Fault, Proxy, Recorded};
use tests::{Answer, Client, Gateway, HttpRequest, NOW, World, parity, read, world};

fn service() -> (Gateway, Proxy) {
    behind_proxy(2, 100)
}

fn get_item(name: &str) -> Recorded {
    let request = json!({
        "TableName": "users",
        "Key": {"pk": {"S": format!("user#{name}")}},
        "ProjectionExpression": "#id, #disabled, #scopes, #email, #full_name, #stamp",
        "ExpressionAttributeNames": {
            "#id": "id", "#disabled": "disabled", "#scopes": "scopes", "#email": "email",
            "#full_name": "full_name", "#stamp": "stamp",
        },
    });
    ("GetItem".into(), request)
}

/// What a login reads.
fn look(name: &str) -> Recorded {
    let attempt = Attempt::new("203.0.113.7", name);
    let names = [
        "credentials_id",
        "disabled",
        "email",
        "ends",
        "failures",
        "full_name",
        "id",
        "known_until",
        "not_before",
        "password_hash",
        "pk",
        "scopes",
        "since",
        "stamp",
    ];
    let attempt = [
        &format!("user#{name}"),
        &format!("credentials#{name}"),
        &attempt.pair.text,
        &attempt.account.text,
        &attempt.address.text,
    ];
    batch(&attempt.map(String::as_str), &names)
}

/// Several items at once, as they are now.
fn batch(keys: &[&str], names: &[&str]) -> Recorded {
    let keys: Vec<_> = keys.iter().map(|key| json!({"pk": {"S": key}})).collect();
    let names = names.iter().map(|name| (format!("#{name}"), *name));
    let names: BTreeMap<_, _> = names.collect();
    let placeholders: Vec<_> = names.keys().map(String::as_str).collect();
    let request = json!({"RequestItems": {"users": {
        "Keys": keys,
        "ConsistentRead": true,
        "ProjectionExpression": placeholders.join(", "),
        "ExpressionAttributeNames": names,
    }}});
    ("BatchGetItem".into(), request)
}

/// An update, without its values.
fn update_item(key: &str, update: &str, condition: &str) -> Recorded {
    let request = json!({
        "TableName": "users",
        "Key": {"pk": {"S": key}},
        "UpdateExpression": update,
        "ConditionExpression": condition,
    });
    ("UpdateItem".into(), request)
}

fn without_values(recorded: Vec<Recorded>) -> Vec<Recorded> {
    let strip = |(operation, mut request): Recorded| {
        if operation == "UpdateItem" {
            let kept = [
                "TableName",
                "Key",
                "UpdateExpression",
                "ConditionExpression",
            ];
            request
                .as_object_mut()
                .unwrap()
                .retain(|name, _| kept.contains(&name.as_str()));
        }
        (operation, request)
    };
    recorded.into_iter().map(strip).collect()
}

const ADDRESS: &str = "address#203.0.113.7";
/// The conditions on a count: C1, C2 and C3.
const OPEN: &str = "attribute_not_exists(failures) OR (ends > :now AND failures < :limit)";
const ENDED: &str = "attribute_not_exists(ends) OR ends <= :now";
const WAIT_OVER: &str = "failures = :failures AND not_before <= :now AND ends > :now";

/// One more failure, on a count that is open.
fn count_on(key: &str, condition: &str) -> Recorded {
    let update = "SET not_before = :not_before, since = if_not_exists(since, :now), ends = if_not_exists(ends, :ends), expires = :ends ADD failures :one";
    update_item(key, update, condition)
}

/// What a right login writes to the count of strangers: nothing, on the same condition.
fn touch(key: &str) -> Recorded {
    update_item(key, "SET expires = if_not_exists(expires, :now)", OPEN)
}

const KNOW: &str =
    "SET known_until = :until, expires = :until REMOVE failures, since, not_before, ends";

fn know(pair: &str) -> Recorded {
    let (operation, mut request) = update_item(pair, KNOW, "");
    request
        .as_object_mut()
        .unwrap()
        .remove("ConditionExpression");
    (operation, request)
}

#[test]
fn a_resource_reads_one_item_and_need_not_read_the_latest() {
    let (gateway, proxy) = service();
    let token = Gateway::new(world()).login("me items");
    for path in ["/users/me/", "/users/me/items/", "/status/"] {
        assert_eq!(gateway.get(path, Some(&token)).status, 200, "{path}");
        assert_eq!(proxy.take(), [get_item("johndoe")], "{path}");
    }
}

#[test]
fn what_is_refused_without_the_store_asks_it_nothing() {
    let (gateway, proxy) = started();
    let token = Gateway::new(world()).login("me items");
    gateway.get("/users/me/", Some("garbage"));
    gateway.get("/nowhere", Some(&token));
    gateway.post_form("/token", "username=johndoe");
    gateway.post_form(
        "/token",
        &format!("username={}&password=x", "x".repeat(1025)),
    );
    assert_eq!(proxy.take(), []);
}

/// Each scope is a part of the condition, of which DynamoDB takes 4 KB: whoever has no session must not be able
/// to make it answer with an error.
#[test]
fn a_refresh_for_too_many_scopes_asks_the_store_nothing() {
    let (gateway, proxy) = service();
    let gateway = Gateway::new(gateway.world.with("REFRESH_IDLE_DAYS", 30));
    gateway.post_form("/token", "username=x");
    let token = format!("rt_{}", "A".repeat(64));
    for (scopes, requests) in [(50, 1), (51, 0), (5_000, 0)] {
        proxy.take();
        let scope: Vec<String> = (0..scopes).map(|scope| format!("s{scope}")).collect();
        let scope = scope.join("+");
        let form = format!("grant_type=refresh_token&refresh_token={token}&scope={scope}");
        let answer = gateway.post_form("/token", &form);
        assert_eq!(answer.status, 400, "{answer:?}");
        let error = if requests == 0 {
            "invalid_scope"
        } else {
            "invalid_grant"
        };
        assert_eq!(answer.json()["error"], error);
        assert_eq!(proxy.take().len(), requests, "{scopes}");
    }
}

/// A service that shares the key may put any text into `sub` and `sid`. DynamoDB refuses a key of more than
/// 2,048 bytes.
#[test]
fn a_name_that_is_too_long_for_a_key_is_nobodys() {
    let (gateway, proxy) = service();
    let gateway = checks_sessions(&gateway.world, proxy.address);
    let long = "x".repeat(3_000);
    for (sub, sid) in [
        ("johndoe", long.as_str()),
        (&long, "sid"),
        ("client:x", "sid"),
    ] {
        let claims = json!({"sub": sub, "sid": sid, "scope": "me", "exp": NOW + 60});
        let token = parity::minted(&claims);
        assert_eq!(
            gateway.get("/users/me/", Some(&token)).status,
            401,
            "{sub:.9}"
        );
    }
}

/// Each reads the public keys, whether there are any or not; the one that logs in also the private ones, where
/// a ring signs.
#[test]
fn a_cold_start_opens_the_connection_by_reading_what_it_needs() {
    let get = |table, key| {
        let request = json!({"TableName": table, "Key": {"pk": {"S": key}}});
        ("GetItem".to_owned(), request)
    };
    let public = get("users", "keys#public");
    for (function, shared_key, ring) in [
        ("users-me", vec![public.clone()], vec![public.clone()]),
        (
            "token",
            vec![public.clone()],
            vec![public, get("keys", "ring")],
        ),
    ] {
        let (_, proxy) = service();
        cold_start(function, proxy.address);
        assert_eq!(proxy.take(), shared_key, "{function}");
        cold_start_with_ring(function, proxy.address);
        assert_eq!(proxy.take(), ring, "{function}");
    }
}

struct Keys {
    pair: String,
    account: String,
}

fn keys(name: &str) -> Keys {
    let attempt = Attempt::new("203.0.113.7", name);
    Keys {
        pair: attempt.pair.text,
        account: attempt.account.text,
    }
}

/// What a login sends, without the values of its updates.
fn sent(gateway: &Gateway, proxy: &Proxy, name: &str, password: &str) -> (u16, Vec<Recorded>) {
    proxy.take();
    let form = format!("username={name}&password={password}");
    let status = gateway.post_form("/token", &form).status;
    (status, without_values(proxy.take()))
}

/// The service after its cold start, whose request is not a login's.
fn started() -> (Gateway, Proxy) {
    let (gateway, proxy) = service();
    gateway.post_form("/token", "username=x");
    proxy.take();
    (gateway, proxy)
}

/// Two requests from an address that is known, three from a stranger; right and wrong make the same
/// ones, apart from what they write.
#[test]
fn a_login_looks_once_and_writes_its_verdict() {
    let (gateway, proxy) = started();
    let Keys { pair, account } = keys("johndoe");
    let stranger = |update: Recorded, last: Recorded| vec![look("johndoe"), update, last];
    for (password, status, expected) in [
        (
            "wrong",
            400,
            stranger(count_on(&account, OPEN), count_on(ADDRESS, OPEN)),
        ),
        ("secret", 200, stranger(touch(&account), know(&pair))),
        (
            "secret",
            200,
            vec![look("johndoe"), update_item(&pair, KNOW, OPEN)],
        ),
    ] {
        assert_eq!(
            sent(&gateway, &proxy, "johndoe", password),
            (status, expected)
        );
    }
    let (_, known) = sent(&gateway, &proxy, "johndoe", "wrong");
    let update = "SET not_before = :not_before, since = if_not_exists(since, :now), ends = if_not_exists(ends, :ends), expires = if_not_exists(expires, :ends) ADD failures :one";
    assert_eq!(known, [look("johndoe"), update_item(&pair, update, OPEN)]);
}

#[test]
fn an_unknown_user_makes_the_same_requests() {
    let (gateway, proxy) = started();
    let account = keys("nobody").account;
    let counted = vec![
        look("nobody"),
        count_on(&account, OPEN),
        count_on(ADDRESS, OPEN),
    ];
    for _ in 0..2 {
        let (status, sent) = sent(&gateway, &proxy, "nobody", "wrong");
        assert_eq!((status, sent), (400, counted.clone()));
    }
    let (status, sent) = sent(&gateway, &proxy, "nobody", "wrong");
    assert_eq!(
        (status, sent),
        (429, vec![look("nobody")]),
        "refused before the hash"
    );
}

/// Each condition with its values: on an open count, one that has ended, one whose wait is over.
#[test]
fn conditions_carry_the_time_the_limit_and_the_wait() {
    let (gateway, proxy) = started();
    let n = |number: u64| json!({"N": number.to_string()});
    let day = 86_400;
    for (at, condition, values) in [
        (
            0,
            OPEN,
            json!({":one": n(1), ":now": n(NOW), ":limit": n(2), ":not_before": n(NOW + 30), ":ends": n(NOW + day)}),
        ),
        (
            day,
            ENDED,
            json!({":one": n(1), ":now": n(NOW + day), ":not_before": n(NOW + day + 30), ":ends": n(NOW + 2 * day)}),
        ),
        (
            day,
            OPEN,
            json!({":one": n(1), ":now": n(NOW + day), ":limit": n(2), ":not_before": n(NOW + day + 30), ":ends": n(NOW + 2 * day)}),
        ),
        (
            day + 30,
            WAIT_OVER,
            json!({":one": n(1), ":now": n(NOW + day + 30), ":failures": n(2), ":not_before": n(NOW + day + 90), ":ends": n(NOW + 2 * day + 90)}),
        ),
    ] {
        let gateway = Gateway::new(gateway.world.clone().later(at));
        gateway.post_form("/token", "username=x");
        proxy.take();
        gateway.post_form("/token", "username=nobody&password=wrong");
        let request = &proxy.take()[1].1;
        assert_eq!(request["ConditionExpression"], condition, "{at}");
        assert_eq!(request["ExpressionAttributeValues"], values, "{at}");
        assert_eq!(request["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
    }
}

/// DynamoDB may answer a part of a batch only; what is left is asked for once more.
#[test]
fn what_a_batch_leaves_is_asked_for_once_more() {
    let (gateway, proxy) = started();
    let left = r#"{"Responses":{},"UnprocessedKeys":{"users":{"Keys":[{"pk":{"S":"user#johndoe"}}],"ConsistentRead":true}}}"#;
    proxy.inject(Fault::Says(left));
    let form = "username=johndoe&password=secret";
    assert_eq!(gateway.post_form("/token", form).status, 503);
    let asked = proxy.take();
    assert_eq!(asked.len(), 2, "{asked:?}");
    let keys = &asked[1].1["RequestItems"]["users"]["Keys"];
    assert_eq!(*keys, json!([{"pk": {"S": "user#johndoe"}}]));
}

/// What came at first is not forgotten: here, that the account must wait.
#[test]
fn a_batch_that_comes_in_two_parts_is_one() {
    let (gateway, proxy) = started();
    let Keys { pair, account } = keys("johndoe");
    let key = |key: &str| json!({"pk": {"S": key}});
    let n = |number: u64| json!({"N": number.to_string()});
    let waiting = json!({"pk": {"S": account}, "failures": n(2), "not_before": n(NOW + 30), "ends": n(NOW + 900)});
    for (first, status) in [(vec![waiting], 429), (vec![], 200)] {
        let left = json!({"Responses": {"users": first}, "UnprocessedKeys": {"users": {
            "Keys": [key("user#johndoe"), key("credentials#johndoe"), key(&pair), key(ADDRESS)],
            "ConsistentRead": true,
        }}});
        proxy.inject(Fault::SaysOnce(left.to_string().leak()));
        let answer = gateway.post_form("/token", "username=johndoe&password=secret");
        assert_eq!(answer.status, status);
    }
}

/// The session that a login put, by its key, and the keys that it deleted.
fn written((operation, request): &Recorded) -> (String, Vec<String>) {
    assert_eq!(operation, "BatchWriteItem");
    let writes = request["RequestItems"]["users"].as_array().unwrap();
    let key = |key: &Value| key["pk"]["S"].as_str().unwrap().to_owned();
    let (put, deletes) = writes.split_first().unwrap();
    let deletes = deletes.iter();
    let deletes = deletes.map(|delete| key(&delete["DeleteRequest"]["Key"]));
    (key(&put["PutRequest"]["Item"]), deletes.collect())
}

/// Which sessions a user has, by the index: those that end first.
fn oldest_of(user: &str) -> Recorded {
    let request = json!({
        "TableName": "users",
        "IndexName": "sessions-by-user",
        "KeyConditionExpression": "#user = :user",
        "ExpressionAttributeNames": {"#user": "user"},
        "ExpressionAttributeValues": {":user": {"S": user}},
        "ScanIndexForward": true,
        "Limit": 104,
    });
    ("Query".into(), request)
}

/// A login with a session counts the user's, and then writes it. A refresh is one conditional write and one
/// look at the user; a token that comes back too late costs the write that refuses it, and the session.
#[test]
fn a_session_is_put_rotated_and_deleted() {
    let (gateway, proxy) = service();
    let gateway = Gateway::new(gateway.world.with("REFRESH_IDLE_DAYS", 30));
    let login = gateway.post_form("/token", "username=johndoe&password=secret&scope=me");
    let sent = proxy.take();
    let [.., count, put] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(*count, oldest_of("johndoe"));
    let (key, deleted) = written(put);
    assert!(key.starts_with("session#") && deleted.is_empty(), "{key}");
    let key = key.as_str();
    let form = refresh_token(&login).unwrap();
    let rotate = update_item(key, ROTATE, MAY_ROTATE);
    let narrower = format!("{MAY_ROTATE} AND contains(#scopes, :s0)");
    let delete = json!({
        "TableName": "users",
        "Key": {"pk": {"S": key}},
        "ConditionExpression": "#attribute = :value",
        "ExpressionAttributeNames": {"#attribute": "pk"},
        "ExpressionAttributeValues": {":value": {"S": key}},
    });
    for (at, scope, status, expected) in [
        (0, "", 200, vec![rotate.clone(), look_at("user#johndoe")]),
        (59, "", 200, vec![rotate.clone(), look_at("user#johndoe")]),
        (
            59,
            "&scope=me",
            200,
            vec![update_item(key, ROTATE, &narrower), look_at("user#johndoe")],
        ),
        (
            60,
            "",
            400,
            vec![rotate.clone(), ("DeleteItem".into(), delete)],
        ),
        (60, "", 400, vec![rotate]),
    ] {
        let gateway = Gateway::new(gateway.world.clone().later(at));
        gateway.post_form("/token", "username=x");
        proxy.take();
        let answer = gateway.post_form("/token", &format!("{form}{scope}"));
        assert_eq!(answer.status, status, "{at}: {answer:?}");
        assert_eq!(without_values(proxy.take()), expected, "{at}{scope}");
    }
}

/// Four requests, however many sessions there are: what is written and what ends go together.
#[test]
fn a_login_ends_the_oldest_sessions_beyond_a_hundred() {
    let (gateway, proxy) = service();
    let gateway = Gateway::new(gateway.world.with("REFRESH_IDLE_DAYS", 30));
    let mut keys = Vec::new();
    for at in 0..105 {
        let gateway = Gateway::new(gateway.world.clone().later(at));
        gateway.post_form("/token", "username=x");
        proxy.take();
        let form = "username=johndoe&password=secret";
        assert_eq!(gateway.post_form("/token", form).status, 200);
        let sent = proxy.take();
        assert_eq!(sent.len(), if at == 0 { 5 } else { 4 }, "{at}");
        let (key, ended) = written(sent.last().unwrap());
        keys.push(key);
        let beyond = keys.len().saturating_sub(100);
        let oldest = beyond.checked_sub(1).map(|oldest| keys[oldest].clone());
        assert_eq!(ended, Vec::from_iter(oldest), "{at}");
    }
}

const ROTATE: &str = "SET #previous = #current, #current = :next, #salt = :salt, #rotated = :rotated, #expires = :expires";
const MAY_ROTATE: &str =
    "#current = :presented AND #client = :client AND #expires > :now AND #ends > :now";

/// A read of a user as the record is now.
fn look_at(key: &str) -> Recorded {
    let names = [
        "disabled",
        "email",
        "full_name",
        "id",
        "pk",
        "scopes",
        "stamp",
    ];
    batch(&[key], &names)
}

/// With `TOKEN_CHECK=session` user and session come in one read, as they are now; nothing that is made from
/// the session's tokens comes with them.
#[test]
fn a_token_that_ends_with_its_session_costs_one_read_too() {
    let (gateway, proxy) = service();
    let gateway = Gateway::new(gateway.world.with("REFRESH_IDLE_DAYS", 30));
    let token = gateway.login("me");
    let (key, _) = written(proxy.take().last().unwrap());
    let gateway = checks_sessions(&gateway.world, proxy.address);
    assert_eq!(gateway.get("/users/me/", Some(&token)).status, 200);
    let names = [
        "disabled",
        "email",
        "ends",
        "expires",
        "full_name",
        "id",
        "pk",
        "scopes",
        "stamp",
        "user",
    ];
    let expected = batch(&["user#johndoe", &key], &names);
    assert_eq!(proxy.take(), [expected]);
}

#[test]
fn a_hash_of_another_cost_is_replaced_if_it_is_still_there() {
    let (gateway, proxy) = service();
    let world = gateway.world.with("PASSWORD_HASH_ITERATIONS", 3);
    let gateway = Gateway::new(world);
    let replace = update_item(
        "credentials#johndoe",
        "SET password_hash = :new, updated = :now",
        "password_hash = :old",
    );
    gateway.login("me");
    assert_eq!(without_values(proxy.take()).last(), Some(&replace));
    gateway.login("me");
    assert!(
        !without_values(proxy.take()).contains(&replace),
        "once is enough"
    );
}

/// All that each function sends, when requests make it do everything that it can.
fn requests() -> BTreeMap<&'static str, Vec<Recorded>> {
    let mut requests = BTreeMap::new();
    for function in FUNCTIONS {
        let (gateway, proxy) = service();
        let world = gateway.world.with("REFRESH_IDLE_DAYS", 30);
        let world = checking_clients(world, proxy.address);
        proxy.take();
        let token = Gateway::new(tests::world().with("REFRESH_IDLE_DAYS", 30)).login("me items");
        let gateway = Gateway::new(world.with("PASSWORD_HASH_ITERATIONS", 3));
        cold_start(function.name, proxy.address);
        cold_start_with_ring(function.name, proxy.address);
        let path = function.route.path().unwrap_or("/nowhere");
        let path = &*path.replace("{sid}", "a-session");
        for gateway in [&checks_sessions(&gateway.world, proxy.address), &gateway] {
            for method in ["GET", "POST", "DELETE"] {
                gateway.send(&HttpRequest::new(method, path).bearer(Some(&token)));
            }
        }
        client_forms(&gateway, path, &token);
        let mut refresh = None;
        for (at, password) in [
            (0, "wrong"),
            (0, "wrong"),
            (0, "wrong"),
            (30, "secret"),
            (30, "wrong"),
            (90_000, "wrong"),
        ] {
            let gateway = Gateway::new(gateway.world.clone().later(at));
            let form = format!("username=johndoe&password={password}&scope=me");
            let answer = gateway.post_form(path, &form);
            refresh = refresh.or(refresh_token(&answer));
        }
        // The first of them is a refresh, the second comes too late.
        for at in [30, 90] {
            let gateway = Gateway::new(gateway.world.clone().later(at));
            let form = refresh.clone().unwrap_or_default();
            gateway.post_form(path, &form);
        }
        requests.insert(function.name, proxy.take());
    }
    requests.insert(service::AUTHORIZER.name, of_the_authorizer());
    requests
}

fn of_the_authorizer() -> Vec<Recorded> {
    let (gateway, proxy) = service();
    let world = gateway.world.with("REFRESH_IDLE_DAYS", 30);
    let token = Gateway::new(world.clone()).login("me");
    proxy.take();
    let mut event: Value = serde_json::from_str(&read("events/authorizer.json")).unwrap();
    event["headers"]["authorization"] = format!("Bearer {token}").into();
    let routes = "GET /reports/{id} for users and clients: me";
    let world = world.with("ROUTE_SCOPES", routes);
    let gateway = Gateway::new(world.clone());
    let mut of_client = event.clone();
    let claims = json!({"sub": "client:c_example", "scope": "me", "exp": NOW + 60});
    let token = parity::minted(&claims);
    of_client["headers"]["authorization"] = format!("Bearer {token}").into();
    let checking = Gateway::new(checking_clients(world.clone(), proxy.address));
    proxy.take();
    for (gateway, event) in [
        (&checks_sessions(&world, proxy.address), &event),
        (&gateway, &event),
        (&checking, &of_client),
    ] {
        let verdict = gateway.ask(&service::AUTHORIZER, event).unwrap();
        assert_eq!(verdict["isAuthorized"], true);
    }
    for cold_start in [cold_start, cold_start_with_ring] {
        cold_start(service::AUTHORIZER.name, proxy.address);
    }
    proxy.take()
}

/// What clients send to ask about a token, to end it, and to get one of their own.
fn client_forms(gateway: &Gateway, path: &str, token: &str) {
    let client = "client_id=c_example&client_secret=cs_for-development-only";
    for form in [
        format!("{client}&token={token}"),
        format!("{client}&grant_type=client_credentials"),
    ] {
        gateway.post_form(path, &form);
    }
}

/// The form that refreshes, with the token of this answer.
fn refresh_token(answer: &Answer) -> Option<String> {
    let answer: Value = serde_json::from_str(&answer.body).ok()?;
    let token = answer["refresh_token"].as_str()?;
    Some(format!("grant_type=refresh_token&refresh_token={token}"))
}

/// The same service, where access tokens end with their session.
fn checks_sessions(world: &World, address: SocketAddr) -> Gateway {
    Gateway::new(names_table(world.clone(), address).with("TOKEN_CHECK", "session"))
}

/// What a function's role allows.
fn role(name: &str) -> Vec<Statement> {
    let template = template::read().unwrap();
    let statements = template::statements(&template, service::function(name).unwrap());
    statements.into_iter().map(Statement::read).collect()
}

#[test]
fn the_template_allows_each_function_what_it_sends() {
    for (name, requests) in requests() {
        let role = role(name);
        for request in &requests {
            let allowed = role.iter().any(|statement| statement.allows(request));
            assert!(allowed, "{name} may not send {request:?}");
        }
    }
}

/// No statement, no key and no attribute is allowed that is never used.
#[test]
fn the_template_allows_each_function_no_more_than_it_sends() {
    for (name, requests) in requests() {
        for statement in role(name) {
            for less in statement.each_with_less() {
                let needed = |request| statement.allows(request) && !less.allows(request);
                assert!(
                    requests.iter().any(needed),
                    "{name} needs no more than {less:?}"
                );
            }
        }
    }
}

fn batch_get_item(key: &str) -> Recorded {
    let keys = json!([{"pk": {"S": key}}]);
    let request = json!({"RequestItems": {"users": {"Keys": keys}}});
    ("BatchGetItem".into(), request)
}

/// What somebody who takes the token function over must not be able to do.
#[test]
fn the_function_that_logs_in_may_change_no_users_scopes() {
    let role = role("token");
    let update = |key: &str, update: &str| update_item(key, update, "attribute_exists(pk)");
    for request in [
        update("user#johndoe", "SET scopes = :scopes"),
        update("user#johndoe", "SET updated = :now"),
        update("user#johndoe", "REMOVE disabled"),
        update("catalogue", "SET scopes = :scopes"),
        get_item("johndoe"),
        batch_get_item("session#x"),
        batch_get_item("catalogue"),
        (
            "DeleteItem".into(),
            json!({"TableName": "users", "Key": {"pk": {"S": "account#x"}}}),
        ),
        (
            "PutItem".into(),
            json!({"TableName": "users", "Item": {"pk": {"S": "account#x"}}}),
        ),
        ("Scan".into(), json!({"TableName": "users"})),
        ("Scan".into(), json!({"TableName": "keys"})),
        (
            "PutItem".into(),
            json!({"TableName": "keys", "Item": {"pk": {"S": "ring"}}}),
        ),
    ] {
        assert!(
            !role.iter().any(|statement| statement.allows(&request)),
            "{request:?}"
        );
    }
}

/// Every request that DynamoDB has for reading an item of this key, with a projection and without.
fn reads(key: &str) -> Vec<Recorded> {
    let one = json!({"TableName": "users", "Key": {"pk": {"S": key}}});
    let keys = json!({"RequestItems": {"users": {"Keys": [{"pk": {"S": key}}]}}});
    vec![
        ("GetItem".into(), one.clone()),
        ("BatchGetItem".into(), keys),
        ("UpdateItem".into(), one.clone()),
        ("DeleteItem".into(), one),
        (
            "PutItem".into(),
            json!({"TableName": "users", "Item": {"pk": {"S": key}}}),
        ),
        ("Scan".into(), json!({"TableName": "users"})),
    ]
}

/// Keys alone decide: an update or a put can return the item as it was, and a condition on attributes has holes.
#[test]
fn the_function_that_logs_in_alone_may_touch_credentials() {
    for function in service::all() {
        let role = role(function.name);
        for request in reads("credentials#johndoe") {
            let allowed = role.iter().any(|statement| statement.allows(&request));
            let needed = ["BatchGetItem", "UpdateItem"].contains(&&*request.0);
            assert_eq!(
                allowed,
                needed && function.name == "token",
                "{} {request:?}",
                function.name
            );
        }
    }
}
