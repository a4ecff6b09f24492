//! Reads of the whole table, slow enough to leave it to the functions.

use std::time::Duration;

use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use shared::aws::table::{Item, Table, text};
use tokio::time::sleep;

use crate::error::Error;

/// The read units a second that a command uses, of those that the table has for everybody: the template's
/// `TableMaxRequestUnits`, 500.
const UNITS_PER_SECOND: f64 = 200.0;
/// How many items of any kind a page is made of.
const PAGE: i32 = 1000;

/// All items whose keys begin so, a page at a time, in no order. What was written in the last second may
/// be missing.
pub struct Pages<'a> {
    table: &'a Table,
    prefix: &'static str,
    /// `None` before the first page, if that begins where the table does.
    after: Option<Item>,
    ended: bool,
}

impl<'a> Pages<'a> {
    /// From the beginning of the table.
    #[must_use]
    pub fn of(table: &'a Table, prefix: &'static str) -> Self {
        Self::after(table, prefix, None)
    }

    /// From the item after this key.
    #[must_use]
    pub fn after(table: &'a Table, prefix: &'static str, after: Option<Item>) -> Self {
        Self {
            table,
            prefix,
            after,
            ended: false,
        }
    }

    /// The next page, which may be empty; `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Vec<Item>>, Error> {
        if self.ended {
            return Ok(None);
        }
        let scan = self.table.client.scan().table_name(&self.table.name);
        let scan = scan
            .filter_expression("begins_with(pk, :prefix)")
            .expression_attribute_values(":prefix", text(self.prefix))
            .set_exclusive_start_key(self.after.take())
            .limit(PAGE)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = scan.send().await;
        let output = output.map_err(|error| Error::of_call(&self.table.name, &error))?;
        self.after = output.last_evaluated_key;
        self.ended = self.after.is_none();
        if !self.ended {
            pace(output.consumed_capacity.as_slice()).await;
        }
        Ok(Some(output.items.unwrap_or_default()))
    }

    /// The items of all pages, for kinds of which there are few.
    pub async fn all(mut self) -> Result<Vec<Item>, Error> {
        let mut all = Vec::new();
        while let Some(items) = self.next().await? {
            all.extend(items);
        }
        Ok(all)
    }
}

/// Waits as long as what was consumed may take.
pub async fn pace(consumed: &[ConsumedCapacity]) {
    let units = consumed.iter().filter_map(|one| one.capacity_units);
    sleep(Duration::from_secs_f64(
        units.sum::<f64>() / UNITS_PER_SECOND,
    ))
    .await;
}
