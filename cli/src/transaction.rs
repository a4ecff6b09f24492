//! Several writes that happen all or not at all: a user is two items.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};
use shared::aws::table::{Item, Table, text};

use crate::error::Error;
use crate::items::Expressions;

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
        self.put(item, Some("attribute_not_exists(pk)"))
    }

    /// Puts an item in the place of whatever there is.
    #[must_use]
    pub fn set(self, item: Item) -> Self {
        self.put(item, None)
    }

    fn put(self, item: Item, condition: Option<&str>) -> Self {
        let put = Put::builder()
            .table_name(&self.table.name)
            .set_item(Some(item))
            .set_condition_expression(condition.map(str::to_owned));
        let put = put.build().ok();
        self.with(TransactWriteItem::builder().set_put(put).build())
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
        self.delete(key, Some("attribute_exists(pk)"))
    }

    /// Removes an item, if it is there.
    #[must_use]
    pub fn clear(self, key: &str) -> Self {
        self.delete(key, None)
    }

    fn delete(self, key: &str, condition: Option<&str>) -> Self {
        let delete = Delete::builder()
            .table_name(&self.table.name)
            .key("pk", text(key))
            .set_condition_expression(condition.map(str::to_owned));
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
