//! Users in DynamoDB, each of them an item (see [`super::record`]).

use super::record::read_user;
use super::table::{Table, text, user_key};
use crate::domain::accounts::{User, UserStore, is_name};
use crate::domain::store::Asking;

/// The attributes that a [`User`] is read from. They have placeholders, because DynamoDB reserves
/// many words.
pub(super) const PROJECTION: [&str; 6] =
    ["id", "disabled", "scopes", "email", "full_name", "stamp"];

impl UserStore for Table {
    fn find<'a>(&'a self, username: &'a str) -> Asking<'a, Option<User>> {
        Box::pin(async move {
            // DynamoDB refuses a key of more than 2,048 bytes with an error; no such user can
            // exist.
            if !is_name(username) {
                return Ok(None);
            }
            let placeholders = PROJECTION.map(|name| format!("#{name}"));
            let names = placeholders
                .clone()
                .into_iter()
                .zip(PROJECTION.map(str::to_owned));
            let output = self
                .client
                .get_item()
                .table_name(&self.name)
                .key("pk", text(user_key(username)))
                .projection_expression(placeholders.join(", "))
                .set_expression_attribute_names(Some(names.collect()))
                .send()
                .await?;
            let user = output.item.map(|item| read_user(username, &item));
            user.transpose()
        })
    }
}
