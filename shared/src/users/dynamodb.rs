//! Users in DynamoDB: an item each (see [`crate::table`]).

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_runtime::BoxFuture;

use super::{Reading, StoreError, User, UserStore, is_name};
use crate::password::PasswordHash;
use crate::scope::Scopes;
use crate::table::{Item, Table, number, text, user_key};

/// What a [`User`] is read from; as placeholders, since DynamoDB reserves words without end.
const PROJECTION: [(&str, &str); 5] = [
    ("#password_hash", "password_hash"),
    ("#disabled", "disabled"),
    ("#scopes", "scopes"),
    ("#email", "email"),
    ("#full_name", "full_name"),
];

impl UserStore for Table {
    fn find<'a>(
        &'a self,
        username: &'a str,
        reading: Reading,
    ) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        Box::pin(async move {
            // A key has at most 2,048 bytes.
            if !is_name(username) {
                return Ok(None);
            }
            let names =
                PROJECTION.map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned()));
            let output = self
                .client
                .get_item()
                .table_name(&self.name)
                .key("pk", text(user_key(username)))
                .projection_expression(PROJECTION.map(|(placeholder, _)| placeholder).join(", "))
                .set_expression_attribute_names(Some(HashMap::from(names)))
                .consistent_read(reading == Reading::Strong)
                .send()
                .await?;
            output.item.map(|item| user(username, &item)).transpose()
        })
    }

    fn replace_hash<'a>(
        &'a self,
        username: &'a str,
        old: &'a PasswordHash,
        new: &'a PasswordHash,
        now: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let update = self
                .client
                .update_item()
                .table_name(&self.name)
                .key("pk", text(user_key(username)))
                .update_expression("SET password_hash = :new, updated = :now ADD version :one")
                .condition_expression("password_hash = :old")
                .expression_attribute_values(":new", text(new.to_string()))
                .expression_attribute_values(":old", text(old.to_string()))
                .expression_attribute_values(":now", number(now.as_secs()))
                .expression_attribute_values(":one", number(1));
            match update.send().await {
                Ok(_) => Ok(true),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                    _ => Err(error.into()),
                },
            }
        })
    }
}

/// Reads a user's item. An attribute that is missing or of another type is the table's fault:
/// never a login, never a guess.
pub fn user(username: &str, item: &Item) -> Result<User, StoreError> {
    let corrupt = |attribute| StoreError::Corrupt {
        key: user_key(username),
        attribute,
    };
    let string = |name| match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::S(value)) => Ok(Some(value.clone())),
        Some(_) => Err(corrupt(name)),
    };
    Ok(User {
        username: username.to_owned(),
        password_hash: string("password_hash")?
            .map(|hash| PasswordHash::parse(&hash).ok())
            .ok_or(corrupt("password_hash"))?,
        disabled: *item
            .get("disabled")
            .and_then(|value| value.as_bool().ok())
            .ok_or(corrupt("disabled"))?,
        scopes: match item.get("scopes") {
            None => Scopes::default(),
            Some(AttributeValue::Ss(scopes)) => Scopes::from_tokens(scopes),
            Some(_) => return Err(corrupt("scopes")),
        },
        email: string("email")?,
        full_name: string("full_name")?,
    })
}

/// The item of a new user, whose hash is known.
#[must_use]
pub fn item(user: &User, hash: &PasswordHash, now: Duration) -> Item {
    let mut item = Item::from([
        ("pk".to_owned(), text(user_key(&user.username))),
        ("password_hash".to_owned(), text(hash.to_string())),
        ("disabled".to_owned(), AttributeValue::Bool(user.disabled)),
        ("created".to_owned(), number(now.as_secs())),
        ("updated".to_owned(), number(now.as_secs())),
        ("version".to_owned(), number(1)),
    ]);
    let scopes: Vec<String> = user.scopes.iter().map(str::to_owned).collect();
    if !scopes.is_empty() {
        item.insert("scopes".to_owned(), AttributeValue::Ss(scopes));
    }
    for (name, value) in [("email", &user.email), ("full_name", &user.full_name)] {
        if let Some(value) = value {
            item.insert(name.to_owned(), text(value));
        }
    }
    item
}
