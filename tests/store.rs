//! The contracts of the stores, run against every implementation: memory, dynoxide, and with
//! `make store-test` moto's server.

use std::collections::HashMap;
use std::env;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::aws::table::{self, Item, Table, number_of, text, user_key};
use shared::domain::attempts::{Admission, Attempts, MemoryAttempts};
use shared::domain::password::PasswordHash;
use shared::domain::scope::CATALOGUE;
use shared::domain::store::StoreError;
use shared::domain::users::{HashStore, MemoryUsers, Reading, User, UserStore, from_json};
use tests::dynamodb::{block_on, connect, fill, start};

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm8tc3VjaC11c2VyLi4uLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const OTHER_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$YW5vdGhlciBzYWx0Li4uLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const NOW: Duration = Duration::from_secs(tests::NOW);

/// Names that a careless store would confuse with one another, or could not handle.
const NAMES: &[&str] = &[
    "johndoe",
    "JohnDoe",
    "johndoe ",
    " johndoe",
    "jöhndoe",
    "jo\u{308}hndoe",
    "john\"doe",
    "john'doe",
    "john\\doe",
    "{}",
    "%",
    "😀",
    "null",
    "0",
    "user#johndoe",
    "account#x",
];

fn users() -> HashMap<String, User> {
    let users = NAMES.iter().map(|name| {
        json!({"username": name, "full_name": "Some Body", "disabled": *name == "null",
            "scopes": ["items", "me"], "password_hash": HASH})
    });
    from_json(&json!(users.collect::<Vec<_>>()).to_string(), CATALOGUE).unwrap()
}

/// What every store of users must do. `store` holds a user for each of these [`NAMES`].
async fn users_contract(store: &(impl UserStore + HashStore)) {
    for reading in [Reading::Eventual, Reading::Strong] {
        for name in NAMES {
            let user = store.find(name, reading).await.unwrap();
            let user = user.unwrap_or_else(|| panic!("{name:?} is not found"));
            assert_eq!(user.username, *name, "compared byte for byte");
            assert_eq!(
                (user.full_name.as_deref(), user.email),
                (Some("Some Body"), None)
            );
            assert_eq!(user.disabled, *name == "null");
            assert!(user.scopes.contains_all(["me", "items"]) && user.scopes.iter().count() == 2);
            assert_eq!(user.password_hash.unwrap().to_string(), HASH);
        }
        let long = "x".repeat(100_000);
        for name in [
            "",
            "nobody",
            "JOHNDOE",
            "johndoe\0",
            "johndo",
            "username",
            &long,
            &long[..1024],
            &long[..1025],
        ] {
            assert_eq!(
                store.find(name, reading).await.unwrap(),
                None,
                "not found is no error"
            );
        }
    }
    let hash = |text| PasswordHash::parse(text).unwrap();
    let (old, new) = (hash(HASH), hash(OTHER_HASH));
    for (name, from, to, expected) in [
        ("johndoe", &new, &old, false),
        ("johndoe", &old, &new, true),
        ("johndoe", &old, &new, false),
        ("nobody", &old, &new, false),
    ] {
        assert_eq!(
            store.replace_hash(name, from, to, NOW).await.unwrap(),
            expected,
            "{name}"
        );
    }
    let stored = async |name| store.find(name, Reading::Strong).await.unwrap();
    assert_eq!(stored("johndoe").await.unwrap().password_hash, Some(new));
    assert_eq!(stored("JohnDoe").await.unwrap().password_hash, Some(old));
    assert_eq!(stored("nobody").await, None);
}

/// What every implementation of `Attempts` must do.
async fn attempts_contract(attempts: &dyn Attempts) {
    let begin = async |key, seconds| {
        let now = NOW + Duration::from_secs(seconds);
        attempts.begin(key, 3, now).await.unwrap()
    };
    let wait = |seconds| Admission::Wait(Duration::from_secs(seconds));
    // The first three attempts are admitted, whenever they come; then the wait grows.
    for (at, expected) in [
        (0, Admission::Admitted),
        (0, Admission::Admitted),
        (500, Admission::Admitted),
        (500, wait(30)),
        (529, wait(1)),
        (530, Admission::Admitted),
        (530, wait(60)),
        (590, Admission::Admitted),
        (700, wait(10)),
        (710, Admission::Admitted),
        (950, Admission::Admitted),
        (1430, Admission::Admitted),
        (1430, wait(900)),
        (2330, Admission::Admitted),
        (2331, wait(899)),
        // After the wait and 15 minutes without attempts, everything is forgotten.
        (4131, Admission::Admitted),
        (4131, Admission::Admitted),
        (4131, Admission::Admitted),
        (4131, wait(30)),
    ] {
        assert_eq!(begin("grows", at).await, expected, "after {at} s");
    }
    // Fewer attempts than the limit are forgotten 15 minutes after the first of them.
    for (at, expected) in [
        (0, Admission::Admitted),
        (899, Admission::Admitted),
        (900, Admission::Admitted),
        (901, Admission::Admitted),
        (902, Admission::Admitted),
        (903, wait(29)),
    ] {
        assert_eq!(begin("window", at).await, expected, "after {at} s");
    }
    // With a limit of one, the wait grows from the first attempt on.
    for (at, expected) in [
        (0, Admission::Admitted),
        (1, wait(29)),
        (30, Admission::Admitted),
        (31, wait(59)),
        (911, Admission::Admitted),
        (911, wait(120)),
    ] {
        let now = NOW + Duration::from_secs(at);
        assert_eq!(
            attempts.begin("once", 1, now).await.unwrap(),
            expected,
            "after {at} s"
        );
    }
    // An attempt that succeeded is taken back or forgotten; that there is none is no error.
    attempts.take_back("nothing").await.unwrap();
    attempts.forget("nothing", NOW).await.unwrap();
    for _ in 0..10 {
        assert_eq!(begin("succeeds", 0).await, Admission::Admitted);
        attempts.take_back("succeeds").await.unwrap();
        attempts.take_back("succeeds").await.unwrap();
    }
    for _ in 0..3 {
        begin("forgotten", 0).await;
    }
    assert_eq!(begin("forgotten", 0).await, wait(30));
    attempts.forget("forgotten", NOW).await.unwrap();
    for expected in [
        Admission::Admitted,
        Admission::Admitted,
        Admission::Admitted,
        wait(30),
    ] {
        assert_eq!(begin("forgotten", 0).await, expected, "each key for itself");
    }
}

#[test]
fn memory() {
    block_on(async {
        users_contract(&MemoryUsers::new(users())).await;
        attempts_contract(&MemoryAttempts::default()).await;
    });
}

/// Both contracts, and what applies to DynamoDB alone: items that other versions wrote.
async fn dynamodb_contract(table: &Table) {
    fill(table, users().into_values()).await;
    assert!(!table::create(table).await.unwrap(), "it is there already");
    users_contract(table).await;
    attempts_contract(table).await;
    rehashing_leaves_the_rest_alone(table).await;
    items_of_other_versions(table).await;
}

#[test]
fn dynoxide() {
    let url = format!("http://{}", start());
    block_on(async { dynamodb_contract(&connect(url, "users")).await });
}

#[test]
#[ignore = "needs DYNAMODB_URL"]
#[expect(clippy::disallowed_methods, reason = "told where the server is")]
fn another_server() {
    let url = env::var("DYNAMODB_URL").expect("DYNAMODB_URL names a server");
    block_on(async { dynamodb_contract(&connect(url, "users")).await });
}

async fn get(table: &Table, name: &str) -> Item {
    let get = table
        .client
        .get_item()
        .table_name(&table.name)
        .key("pk", text(user_key(name)));
    get.send().await.unwrap().item.unwrap()
}

async fn put(table: &Table, item: Item) {
    table
        .client
        .put_item()
        .table_name(&table.name)
        .set_item(Some(item))
        .send()
        .await
        .unwrap();
}

async fn rehashing_leaves_the_rest_alone(table: &Table) {
    let mut item = get(table, "0").await;
    item.insert("invented_later".into(), text("x"));
    put(table, item.clone()).await;
    let hash = |text| PasswordHash::parse(text).unwrap();
    assert!(
        table
            .replace_hash(
                "0",
                &hash(HASH),
                &hash(OTHER_HASH),
                NOW + Duration::from_secs(5)
            )
            .await
            .unwrap()
    );
    let mut new = get(table, "0").await;
    assert_eq!(
        number_of(&new, "version"),
        number_of(&item, "version").map(|version| version + 1)
    );
    assert_eq!(number_of(&new, "updated"), Some(NOW.as_secs() + 5));
    for changed in ["version", "updated", "password_hash"] {
        new.remove(changed);
        item.remove(changed);
    }
    assert_eq!(new, item);
}

/// An unknown attribute is fine. One that is missing or of another type is an error, which names
/// it.
async fn items_of_other_versions(table: &Table) {
    let good = get(table, "JohnDoe").await;
    let with = |changes: &[(&str, Option<AttributeValue>)]| {
        let mut item = good.clone();
        item.insert("pk".into(), text(user_key("other")));
        for (name, value) in changes {
            match value {
                Some(value) => item.insert((*name).into(), value.clone()),
                None => item.remove(*name),
            };
        }
        item
    };
    let find = async |item| {
        put(table, item).await;
        table.find("other", Reading::Strong).await
    };
    let user = find(with(&[
        ("invented_later", Some(AttributeValue::Bool(true))),
        ("scopes", None),
        ("created", None),
    ]))
    .await;
    assert_eq!(user.unwrap().unwrap().scopes.to_string(), "");
    let user = find(with(&[(
        "password_hash",
        Some(text("$2b$12$EixZaYVK1fsbw1ZfbX3OXe")),
    )]))
    .await;
    assert_eq!(
        user.unwrap().unwrap().password_hash,
        None,
        "another scheme's hash is no hash"
    );
    for (attribute, value) in [
        ("password_hash", None),
        ("password_hash", Some(AttributeValue::Bool(true))),
        ("disabled", None),
        ("disabled", Some(text("false"))),
        ("scopes", Some(text("me items"))),
        ("scopes", Some(AttributeValue::L(vec![text("me")]))),
        ("email", Some(AttributeValue::Bool(false))),
        ("full_name", Some(AttributeValue::Null(true))),
    ] {
        let error = find(with(&[(attribute, value)])).await.unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            format!("the item \"user#other\" has no valid {attribute}")
        );
    }
}
