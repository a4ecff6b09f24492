//! The contracts of the stores, run against every implementation: memory, dynoxide, and with
//! `make store-test` moto's server.

use std::collections::HashMap;
use std::env;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::aws::table::{self, Item, Table, number_of, text, user_key};
use shared::domain::attempts::Admission::{self, Admitted};
use shared::domain::attempts::{Attempts, MemoryAttempts};
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
        every_name_finds_its_own_user(store, reading).await;
        another_name_finds_nobody(store, reading).await;
    }
    a_hash_is_replaced_if_it_is_the_one_that_was_read(store).await;
}

async fn every_name_finds_its_own_user(store: &impl UserStore, reading: Reading) {
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
}

async fn another_name_finds_nobody(store: &impl UserStore, reading: Reading) {
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

async fn a_hash_is_replaced_if_it_is_the_one_that_was_read(store: &(impl UserStore + HashStore)) {
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

fn hash(text: &str) -> PasswordHash {
    PasswordHash::parse(text).unwrap()
}

/// What every implementation of `Attempts` must do. Each part has a key of its own.
async fn attempts_contract(attempts: &dyn Attempts) {
    the_wait_grows_and_is_forgotten(attempts).await;
    few_attempts_are_forgotten_after_15_minutes(attempts).await;
    a_limit_of_one_waits_after_the_first_attempt(attempts).await;
    an_attempt_is_taken_back(attempts).await;
    a_key_is_forgotten(attempts).await;
    an_unknown_key_is_no_error(attempts).await;
}

/// Begins attempts, so many seconds after [`NOW`], and checks whether each is admitted.
async fn begin(attempts: &dyn Attempts, key: &str, limit: u32, expected: &[(u64, Admission)]) {
    for (at, expected) in expected {
        let now = NOW + Duration::from_secs(*at);
        let admission = attempts.begin(key, limit, now).await.unwrap();
        assert_eq!(admission, *expected, "{key} after {at} s");
    }
}

const fn wait(seconds: u64) -> Admission {
    Admission::Wait(Duration::from_secs(seconds))
}

async fn the_wait_grows_and_is_forgotten(attempts: &dyn Attempts) {
    let expected = [
        // The first three attempts are admitted, whenever they come; then the wait grows.
        (0, Admitted),
        (0, Admitted),
        (500, Admitted),
        (500, wait(30)),
        (529, wait(1)),
        (530, Admitted),
        (530, wait(60)),
        (590, Admitted),
        (700, wait(10)),
        (710, Admitted),
        (950, Admitted),
        (1430, Admitted),
        (1430, wait(900)),
        (2330, Admitted),
        (2331, wait(899)),
        // After the wait and 15 minutes without attempts, everything is forgotten.
        (4131, Admitted),
        (4131, Admitted),
        (4131, Admitted),
        (4131, wait(30)),
    ];
    begin(attempts, "grows", 3, &expected).await;
}

/// Fewer attempts than the limit are forgotten 15 minutes after the first of them.
async fn few_attempts_are_forgotten_after_15_minutes(attempts: &dyn Attempts) {
    let expected = [
        (0, Admitted),
        (899, Admitted),
        (900, Admitted),
        (901, Admitted),
        (902, Admitted),
        (903, wait(29)),
    ];
    begin(attempts, "window", 3, &expected).await;
}

async fn a_limit_of_one_waits_after_the_first_attempt(attempts: &dyn Attempts) {
    let expected = [
        (0, Admitted),
        (1, wait(29)),
        (30, Admitted),
        (31, wait(59)),
        (911, Admitted),
        (911, wait(120)),
    ];
    begin(attempts, "once", 1, &expected).await;
}

/// More often than there are attempts, too: a count is never less than none.
async fn an_attempt_is_taken_back(attempts: &dyn Attempts) {
    for _ in 0..10 {
        begin(attempts, "succeeds", 3, &[(0, Admitted)]).await;
        attempts.take_back("succeeds").await.unwrap();
        attempts.take_back("succeeds").await.unwrap();
    }
}

async fn a_key_is_forgotten(attempts: &dyn Attempts) {
    let until_the_limit = [(0, Admitted), (0, Admitted), (0, Admitted), (0, wait(30))];
    begin(attempts, "forgotten", 3, &until_the_limit).await;
    attempts.forget("forgotten", NOW).await.unwrap();
    begin(attempts, "forgotten", 3, &until_the_limit).await;
}

async fn an_unknown_key_is_no_error(attempts: &dyn Attempts) {
    attempts.take_back("nothing").await.unwrap();
    attempts.forget("nothing", NOW).await.unwrap();
}

#[test]
fn memory_keeps_the_contracts() {
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
    an_attribute_more_or_an_optional_one_less_is_fine(table).await;
    another_schemes_hash_is_no_hash(table).await;
    a_missing_or_wrong_attribute_is_named(table).await;
}

#[test]
fn dynoxide_keeps_the_contracts() {
    let url = format!("http://{}", start());
    block_on(async { dynamodb_contract(&connect(url, "users")).await });
}

#[test]
#[ignore = "needs DYNAMODB_URL"]
#[expect(clippy::disallowed_methods, reason = "told where the server is")]
fn another_server_keeps_the_contracts() {
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

/// Reads a user whose item is that of `JohnDoe`, apart from these attributes; `None` removes one.
async fn find_with(
    table: &Table,
    changes: &[(&str, Option<AttributeValue>)],
) -> Result<User, StoreError> {
    let mut item = get(table, "JohnDoe").await;
    item.insert("pk".into(), text(user_key("other")));
    for (name, value) in changes {
        match value {
            Some(value) => item.insert((*name).into(), value.clone()),
            None => item.remove(*name),
        };
    }
    put(table, item).await;
    let user = table.find("other", Reading::Strong).await?;
    Ok(user.unwrap())
}

async fn an_attribute_more_or_an_optional_one_less_is_fine(table: &Table) {
    let changes = [
        ("invented_later", Some(AttributeValue::Bool(true))),
        ("scopes", None),
        ("created", None),
    ];
    let user = find_with(table, &changes).await.unwrap();
    assert_eq!(user.scopes.to_string(), "");
}

async fn another_schemes_hash_is_no_hash(table: &Table) {
    let bcrypt = text("$2b$12$EixZaYVK1fsbw1ZfbX3OXe");
    let user = find_with(table, &[("password_hash", Some(bcrypt))]).await;
    assert_eq!(user.unwrap().password_hash, None);
}

async fn a_missing_or_wrong_attribute_is_named(table: &Table) {
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
        let error = find_with(table, &[(attribute, value)]).await.unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            format!("the item \"user#other\" has no valid {attribute}")
        );
    }
}
