//! The contract of the stores of clients.

use aws_sdk_dynamodb::types::AttributeValue;
use shared::aws::clients;
use shared::aws::table::{Table, text};
use shared::domain::clients::{Client, ClientStore, GrantType, Secret};
use shared::domain::scope::Scopes;

/// What a store is filled with: nothing in it is left at its default in both.
pub fn all() -> Vec<Client> {
    let secret = |now| Secret::random(now).unwrap().1;
    let one = Client {
        id: "c_%+:one".into(),
        name: "One".into(),
        secrets: vec![secret(7), secret(8)],
        grants: vec![GrantType::ClientCredentials, GrantType::Password],
        scopes: Scopes::parse("items me").unwrap(),
        introspect: true,
        disabled: false,
        not_before: Some(9),
    };
    let two = Client {
        id: "c_two".into(),
        name: String::new(),
        secrets: Vec::new(),
        grants: Vec::new(),
        scopes: Scopes::default(),
        introspect: false,
        disabled: true,
        not_before: None,
    };
    vec![one, two]
}

/// Each is found as it was written, by its own id and no other.
pub async fn contract(store: &impl ClientStore, clients: &[Client]) {
    for client in clients {
        assert_eq!(store.find(&client.id).await.unwrap().as_ref(), Some(client));
    }
    for id in [
        "c_",
        "C_TWO",
        "c_two ",
        "c_%25%2B%3Aone",
        "client#c_two",
        "user#johndoe",
    ] {
        assert_eq!(store.find(id).await.unwrap(), None, "{id}");
    }
}

pub async fn dynamodb_contract(table: &Table) {
    let clients = all();
    for client in &clients {
        super::put(table, clients::item(client)).await;
    }
    contract(table, &clients).await;
    a_client_with_a_missing_or_wrong_attribute_is_named(table, &clients[0]).await;
}

/// A guess in the place of what is missing might let somebody in.
async fn a_client_with_a_missing_or_wrong_attribute_is_named(table: &Table, client: &Client) {
    let list = AttributeValue::L(vec![text("secret")]);
    for (attribute, value) in [
        ("name", None),
        ("secrets", None),
        ("secrets", Some(text("secret"))),
        ("secrets", Some(list)),
        ("grants", Some(text("password"))),
        ("grants", Some(AttributeValue::Ss(vec!["implicit".into()]))),
        ("scopes", Some(text("me"))),
        ("introspect", None),
        ("introspect", Some(text("true"))),
        ("disabled", None),
        ("disabled", Some(text("false"))),
        ("not_before", Some(text("9"))),
    ] {
        let mut changed = clients::item(client);
        changed.remove(attribute);
        changed.extend(value.map(|value| (attribute.to_owned(), value)));
        super::put(table, changed).await;
        let error = ClientStore::find(table, &client.id).await.unwrap_err();
        let expected = format!(
            "the item {:?} has no valid {attribute}",
            clients::client_key(&client.id)
        );
        assert_eq!(error.to_string(), expected);
    }
}
