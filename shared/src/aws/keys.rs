//! Rings of keys in DynamoDB, each of them one item.

use super::table::{Item, PUBLIC_KEYS, RING, Table, text};
use crate::domain::store::{Asking, StoreError};
use crate::domain::tokens::keys::{Ring, RingStore};

/// The item that holds a ring.
#[derive(Debug, Clone)]
pub struct RingItem {
    /// Its table.
    pub table: Table,
    /// [`PUBLIC_KEYS`] or [`super::table::PRIVATE_KEYS`].
    pub key: &'static str,
}

impl RingItem {
    /// Reads a ring from its item.
    pub fn parse(&self, item: &Item) -> Result<Ring, StoreError> {
        let json = item.get(RING).and_then(|value| value.as_s().ok());
        let ring = json.and_then(|json| match self.key {
            PUBLIC_KEYS => Ring::public_from_json(json).ok(),
            _ => Ring::from_json(json).ok(),
        });
        ring.ok_or_else(|| StoreError::Corrupt {
            key: self.key.to_owned(),
            attribute: RING,
        })
    }
}

impl RingStore for RingItem {
    fn read(&self) -> Asking<'_, Option<Ring>> {
        Box::pin(async {
            let asking = self.table.client.get_item().table_name(&self.table.name);
            let output = asking.key("pk", text(self.key)).send().await?;
            output.item.map(|item| self.parse(&item)).transpose()
        })
    }
}
