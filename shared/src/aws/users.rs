//! Users in DynamoDB, each of them an item (see [`super::record`]).

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

use super::record::Record;
use super::table::{Table, number, text, user_key};
use crate::domain::password::PasswordHash;
use crate::domain::store::Asking;
use crate::domain::users::{HashStore, Reading, User, UserStore, is_name};

/// The attributes that a [`User`] is read from. They have placeholders, because DynamoDB reserves
/// many words.
const PROJECTION: [(&str, &str); 5] = [
    ("#password_hash", "password_hash"),
    ("#disabled", "disabled"),
    ("#scopes", "scopes"),
    ("#email", "email"),
    ("#full_name", "full_name"),
];

impl UserStore for Table {
    fn find<'a>(&'a self, username: &'a str, reading: Reading) -> Asking<'a, Option<User>> {
        Box::pin(async move {
            // DynamoDB refuses a key of more than 2,048 bytes with an error; no such user can
            // exist.
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
            let record = output.item.map(|item| Record::read(username, &item));
            Ok(record.transpose()?.map(Record::into_user))
        })
    }
}

impl HashStore for Table {
    fn replace_hash<'a>(
        &'a self,
        username: &'a str,
        old: &'a PasswordHash,
        new: &'a PasswordHash,
        now: Duration,
    ) -> Asking<'a, bool> {
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
