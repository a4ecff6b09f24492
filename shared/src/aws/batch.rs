//! Several items at once, as they are now.

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::table::{Item, Table, text};
use crate::domain::store::StoreError;

/// How often DynamoDB is asked for what it did not answer at first.
const MOST_LOOKS: usize = 2;

impl Table {
    /// Reads these attributes of items by their keys. An item that is not there is left out.
    pub(super) async fn read_now(
        &self,
        keys: impl IntoIterator<Item = String>,
        attributes: impl IntoIterator<Item = &'static str>,
    ) -> Result<HashMap<String, Item>, StoreError> {
        // Names have placeholders, because DynamoDB reserves many words.
        let names = attributes.into_iter().chain(["pk"]);
        let names: HashMap<_, _> = names
            .map(|name| (format!("#{name}"), name.to_owned()))
            .collect();
        let mut projection: Vec<_> = names.keys().cloned().collect();
        projection.sort_unstable();
        let keys = keys.into_iter();
        let keys = keys.map(|key| Item::from([("pk".to_owned(), text(key))]));
        let asked = KeysAndAttributes::builder()
            .set_keys(Some(keys.collect()))
            .projection_expression(projection.join(", "))
            .set_expression_attribute_names(Some(names))
            .consistent_read(true);
        let asked = asked.build().map_err(unavailable)?;
        let mut left = Some(HashMap::from([(self.name.clone(), asked)]));
        let mut items = HashMap::new();
        for _ in 0..MOST_LOOKS {
            let batch = self.client.batch_get_item();
            let output = batch.set_request_items(left).send().await?;
            let answered = output.responses.unwrap_or_default().into_values().flatten();
            items.extend(answered.filter_map(|item| {
                let key = item.get("pk")?.as_s().ok()?.clone();
                Some((key, item))
            }));
            left = output.unprocessed_keys.filter(|left| !left.is_empty());
            if left.is_none() {
                return Ok(items);
            }
        }
        Err(unavailable("DynamoDB left keys unprocessed"))
    }
}

fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable(cause.into())
}
