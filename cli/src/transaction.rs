//! Several writes that happen all or not at all: a user is two items.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use shared::aws::table::{Item, Table, id_key, number, text, user_key};
use shared::domain::accounts::{USER_ID_PREFIX, User};

use crate::error::Error;
use crate::items::Expressions;

/// The condition that an id is nobody's, or this user's. An id that had a user is never another's.
const FREE: &str = "attribute_not_exists(pk) OR username = :name";

/// Writes that will happen together.
pub struct Transaction<'a> {
    table: &'a Table,
    writes: Vec<TransactWriteItem>,
}

impl<'a> Transaction<'a> {
    /// Of items of this table; no write yet.
    #[must_use]
    pub fn on(table: &'a Table) -> Self {
        let writes = Vec::new();
        Self { table, writes }
    }

    /// Puts an item, if there is none of its key.
    #[must_use]
    pub fn insert(self, item: Item) -> Self {
        self.put(item, Some("attribute_not_exists(pk)"), None)
    }

    /// Puts an item in the place of whatever there is.
    #[must_use]
    pub fn set(self, item: Item) -> Self {
        self.put(item, None, None)
    }

    /// Gives a user an id, which must be nobody's, or that of the user who has this name until now.
    #[must_use]
    pub fn claim(self, user: &User, old_name: &str) -> Self {
        let item = [
            ("pk".to_owned(), text(id_key(&user.id))),
            ("username".to_owned(), text(&user.username)),
        ];
        let name = Item::from([(":name".to_owned(), text(old_name))]);
        let claimed = self.put(Item::from(item), Some(FREE), Some(name));
        // An older id is the name that its user had first, and has perhaps still.
        let id = user.id.as_str();
        if id.starts_with(USER_ID_PREFIX) || id == old_name || id == user.username {
            return claimed;
        }
        let holder = user_key(user.id.as_str());
        claimed.check(
            &holder,
            "attribute_not_exists(pk) OR attribute_exists(id)",
            None,
        )
    }

    /// The condition of [`Self::claim`] for a user whose id is the name, and who needs no item for it.
    #[must_use]
    pub fn claim_name(self, user: &User) -> Self {
        let name = Item::from([(":name".to_owned(), text(&user.username))]);
        self.check(&id_key(&user.id), FREE, Some(name))
    }

    fn put(self, item: Item, condition: Option<&str>, values: Option<Item>) -> Self {
        let put = Put::builder()
            .table_name(&self.table.name)
            .set_item(Some(item))
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_values(values);
        let put = put.build().ok();
        self.with(TransactWriteItem::builder().set_put(put).build())
    }

    fn check(self, key: &str, condition: &str, values: Option<Item>) -> Self {
        let check = ConditionCheck::builder()
            .table_name(&self.table.name)
            .key("pk", text(key))
            .condition_expression(condition)
            .set_expression_attribute_values(values);
        let check = check.build().ok();
        self.with(
            TransactWriteItem::builder()
                .set_condition_check(check)
                .build(),
        )
    }

    /// Updates an item.
    #[must_use]
    pub fn update(self, key: &str, written: Expressions) -> Self {
        let update = Update::builder()
            .table_name(&self.table.name)
            .key("pk", text(key))
            .update_expression(written.update)
            .set_condition_expression(written.condition)
            .set_expression_attribute_names(Some(written.names))
            .set_expression_attribute_values(Some(written.values));
        let update = update.build().ok();
        self.with(TransactWriteItem::builder().set_update(update).build())
    }

    /// Removes an item, which must be there.
    #[must_use]
    pub fn remove(self, key: &str) -> Self {
        self.delete(key, Some("attribute_exists(pk)"), None)
    }

    /// Removes an item, which must be there and still of this version.
    #[must_use]
    pub fn remove_version(self, key: &str, version: Option<u64>) -> Self {
        let Some(version) = version else {
            let condition = "attribute_exists(pk) AND attribute_not_exists(version)";
            return self.delete(key, Some(condition), None);
        };
        let read = Item::from([(":read".to_owned(), number(version))]);
        self.delete(key, Some("version = :read"), Some(read))
    }

    /// Removes an item, if it is there.
    #[must_use]
    pub fn clear(self, key: &str) -> Self {
        self.delete(key, None, None)
    }

    fn delete(self, key: &str, condition: Option<&str>, values: Option<Item>) -> Self {
        let delete = Delete::builder()
            .table_name(&self.table.name)
            .key("pk", text(key))
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_values(values);
        let delete = delete.build().ok();
        self.with(TransactWriteItem::builder().set_delete(delete).build())
    }

    fn with(mut self, write: TransactWriteItem) -> Self {
        self.writes.push(write);
        self
    }

    /// Writes all; `false` if a condition does not hold, or somebody else is writing one of the items.
    /// The SDK gives it a token, so that a repeated call is no second transaction.
    pub async fn write(self) -> Result<bool, Error> {
        let write = self.table.client.transact_write_items();
        match write.set_transact_items(Some(self.writes)).send().await {
            Ok(_) => Ok(true),
            Err(error) if was_refused(&error) => Ok(false),
            Err(error) => Err(Error::of_call(&self.table.name, &error)),
        }
    }
}

fn was_refused<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
        error.as_service_error()
    else {
        return false;
    };
    let codes = canceled.cancellation_reasons().iter();
    let mut codes = codes.filter_map(|reason| reason.code());
    codes.any(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict"))
}
