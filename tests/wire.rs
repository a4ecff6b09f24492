//! The exact requests that the functions send to DynamoDB: operation, key, projection, condition.
//! `template.yaml` allows each function exactly these operations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::domain::attempts::account_key;
use tests::dynamodb::{behind_proxy, cold_start};
use tests::functions::FUNCTIONS;
use tests::proxy::{Proxy, Recorded};
use tests::{Client, Gateway, NOW, read, world};

fn service() -> (Gateway, Proxy) {
    behind_proxy(2, 100)
}

fn get_item(name: &str, consistent: bool) -> Recorded {
    let request = json!({
        "TableName": "users",
        "Key": {"pk": {"S": format!("user#{name}")}},
        "ConsistentRead": consistent,
        "ProjectionExpression": "#password_hash, #disabled, #scopes, #email, #full_name",
        "ExpressionAttributeNames": {
            "#password_hash": "password_hash", "#disabled": "disabled", "#scopes": "scopes",
            "#email": "email", "#full_name": "full_name",
        },
    });
    ("GetItem".into(), request)
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

fn begin(key: &str) -> Recorded {
    update_item(
        key,
        "SET failures = :one, not_before = :not_before, expires = :expires",
        "attribute_not_exists(pk) OR expires <= :now",
    )
}

fn count_on(key: &str) -> Recorded {
    update_item(
        key,
        "SET not_before = :not_before ADD failures :one",
        "expires > :now AND (failures < :limit OR not_before <= :now)",
    )
}

const ADDRESS: &str = "address#203.0.113.7";

#[test]
fn a_resource_reads_one_item_and_need_not_read_the_latest() {
    let (gateway, proxy) = service();
    let token = Gateway::new(world()).login("me items");
    for path in ["/users/me/", "/users/me/items/", "/status/"] {
        assert_eq!(gateway.get(path, Some(&token)).status, 200, "{path}");
        assert_eq!(proxy.take(), [get_item("johndoe", false)], "{path}");
    }
}

#[test]
fn what_is_refused_without_the_store_asks_it_nothing() {
    let (gateway, proxy) = service();
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

/// A `GetItem`, which every function with a table may do anyway, of a key that is no user's.
#[test]
fn a_cold_start_opens_the_connection_by_reading_nothing() {
    let (_, proxy) = service();
    cold_start(proxy.address);
    let request = json!({"TableName": "users", "Key": {"pk": {"S": "nothing"}}});
    assert_eq!(proxy.take(), [("GetItem".into(), request)]);
}

#[test]
fn a_login_counts_reads_and_takes_back() {
    let (gateway, proxy) = service();
    let johndoe = account_key("johndoe");
    gateway.login("me");
    assert_eq!(
        without_values(proxy.take()),
        [
            begin(ADDRESS),
            begin(&johndoe),
            get_item("johndoe", true),
            update_item(&johndoe, "SET expires = :now", "attribute_exists(pk)"),
            update_item(ADDRESS, "ADD failures :minus_one", "failures > :zero"),
        ]
    );
}

#[test]
fn failures_are_counted_before_the_user_is_read() {
    let (gateway, proxy) = service();
    let nobody = account_key("nobody");
    let fail = || {
        let status = gateway
            .post_form("/token", "username=nobody&password=wrong")
            .status;
        (status, without_values(proxy.take()))
    };
    let read = get_item("nobody", true);
    assert_eq!(
        fail(),
        (400, vec![begin(ADDRESS), begin(&nobody), read.clone()])
    );
    let set_wait = update_item(
        &nobody,
        "SET not_before = :not_before, expires = :expires",
        "not_before <= :not_before AND expires > :now",
    );
    let address = [begin(ADDRESS), count_on(ADDRESS)];
    let account = [begin(&nobody), count_on(&nobody)];
    let counted = [&address[..], &account[..], &[set_wait, read]].concat();
    assert_eq!(fail(), (400, counted));
    let take_back = update_item(ADDRESS, "ADD failures :minus_one", "failures > :zero");
    let refused = [&address[..], &account[..], &[take_back]].concat();
    assert_eq!(fail(), (429, refused));
}

#[test]
fn conditions_carry_the_time_the_limit_and_the_wait() {
    let (gateway, proxy) = service();
    for _ in 0..3 {
        gateway.post_form("/token", "username=nobody&password=wrong");
    }
    let values: Vec<Value> = proxy
        .take()
        .into_iter()
        .map(|(_, request)| request["ExpressionAttributeValues"].clone())
        .collect();
    let n = |number: u64| json!({"N": number.to_string()});
    assert_eq!(
        values[0],
        json!({":one": n(1), ":now": n(NOW), ":not_before": n(NOW + 30), ":expires": n(NOW + 900)})
    );
    assert_eq!(
        values[6],
        json!({":one": n(1), ":limit": n(2), ":now": n(NOW), ":not_before": n(NOW + 30)})
    );
    assert_eq!(
        values[7],
        json!({":now": n(NOW), ":not_before": n(NOW + 30), ":expires": n(NOW + 930)})
    );
}

#[test]
fn a_weaker_hash_is_replaced_if_it_is_still_there() {
    let (gateway, proxy) = service();
    let world = gateway.world.with("PASSWORD_HASH_ITERATIONS", 3);
    let gateway = Gateway::new(world.limits(0, 0));
    gateway.login("me");
    let replace = update_item(
        "user#johndoe",
        "SET password_hash = :new, updated = :now ADD version :one",
        "password_hash = :old",
    );
    assert_eq!(
        without_values(proxy.take()),
        [get_item("johndoe", true), replace]
    );
    gateway.login("me");
    assert_eq!(proxy.take(), [get_item("johndoe", true)], "once is enough");
}

/// The operations that each function sends, when requests make it do everything that it can.
fn operations() -> BTreeMap<&'static str, BTreeSet<String>> {
    let (gateway, proxy) = service();
    let token = Gateway::new(world()).login("me items");
    let gateway = Gateway::new(gateway.world.with("PASSWORD_HASH_ITERATIONS", 3));
    let mut operations = BTreeMap::new();
    for function in FUNCTIONS.iter() {
        let path = function.route.path().unwrap_or("/nowhere");
        gateway.get(path, Some(&token));
        for password in ["secret", "wrong", "wrong", "wrong"] {
            gateway.post_form(
                path,
                &format!("username=johndoe&password={password}&scope=me"),
            );
        }
        let sent = proxy.take().into_iter().map(|(operation, _)| operation);
        operations.insert(function.name, sent.collect());
    }
    operations
}

#[test]
fn the_template_allows_each_function_exactly_what_it_sends() {
    let template: Value = serde_saphyr::from_str(&read("template.yaml")).unwrap();
    let resources = template["Resources"].as_object().unwrap();
    for (name, operations) in operations() {
        let function = resources
            .values()
            .find(|resource| {
                resource["Properties"]["CodeUri"] == format!("functions/{name}").as_str()
            })
            .unwrap();
        let statements: Vec<&Value> = function["Properties"]["Policies"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|policy| policy["Statement"].as_array().into_iter().flatten())
            .collect();
        let allowed: BTreeSet<String> = statements
            .iter()
            .map(|statement| {
                assert_eq!(
                    (&statement["Effect"], &statement["Resource"]),
                    (&json!("Allow"), &json!("Users.Arn")),
                    "{name}"
                );
                statement["Action"].as_str().unwrap().to_owned()
            })
            .collect();
        let expected: BTreeSet<String> = operations
            .iter()
            .map(|operation| format!("dynamodb:{operation}"))
            .collect();
        assert_eq!(
            allowed, expected,
            "template.yaml, Policies of functions/{name}"
        );
        assert_eq!(statements.len(), expected.len(), "{name}: each action once");
    }
}
