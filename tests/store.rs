//! The contract of a user store, run against every implementation.

use shared::users::{MemoryStore, UserStore};

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm8tc3VjaC11c2VyLi4uLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Names that a careless store would take for one another, or stumble over.
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
];

/// What every store must do. `store` holds a user for each of these [`NAMES`].
async fn contract(store: &dyn UserStore) {
    for name in NAMES {
        let user = store
            .find(name)
            .await
            .unwrap()
            .unwrap_or_else(|| panic!("{name:?} is not found"));
        assert_eq!(user.username, *name, "compared byte for byte");
        assert_eq!(user.full_name.as_deref(), Some("Some Body"));
        assert_eq!(user.email, None);
        assert_eq!(user.disabled, *name == "null");
        assert_eq!(user.scopes.to_string(), "items me");
        assert_eq!(user.password_hash.to_string(), HASH);
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
    ] {
        assert_eq!(
            store.find(name).await.unwrap(),
            None,
            "not found is no error"
        );
    }
}

#[tokio::test]
async fn memory() {
    let users: Vec<_> = NAMES
        .iter()
        .map(|name| {
            serde_json::json!({"username": name, "full_name": "Some Body", "disabled": *name == "null",
                "scopes": ["items", "me"], "password_hash": HASH})
        })
        .collect();
    let store = MemoryStore::from_json(&serde_json::to_string(&users).unwrap()).unwrap();
    contract(&store).await;
}
