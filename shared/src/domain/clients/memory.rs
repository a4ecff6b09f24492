//! Clients in memory, from a JSON file.

use std::collections::HashMap;

use serde::de::Error;
use serde_json::Error as JsonError;

use super::{Client, ClientStore, is_id};
use crate::domain::scope::CATALOGUE;
use crate::domain::store::Asking;

/// Clients in memory, by their ids.
#[derive(Debug, Default)]
pub struct MemoryClients(HashMap<String, Client>);

/// A clients file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidClientsFile(#[from] JsonError);

impl MemoryClients {
    /// Reads a JSON array of clients.
    pub fn from_json(text: &str) -> Result<Self, InvalidClientsFile> {
        let list: Vec<Client> = serde_json::from_str(text)?;
        Self::new(list)
    }

    /// Keeps these clients.
    pub fn new(list: Vec<Client>) -> Result<Self, InvalidClientsFile> {
        let mut clients = HashMap::new();
        for client in list {
            let id = client.id.clone();
            if !is_id(&id) {
                return Err(
                    JsonError::custom(format_args!("{id:?} cannot be a client's id")).into(),
                );
            }
            let unknown = |unknown| JsonError::custom(format_args!("client {id:?}: {unknown}"));
            client.scopes.check(CATALOGUE).map_err(unknown)?;
            if clients.insert(id.clone(), client).is_some() {
                return Err(JsonError::custom(format_args!("client {id:?} is there twice")).into());
            }
        }
        Ok(Self(clients))
    }
}

impl ClientStore for MemoryClients {
    fn find<'a>(&'a self, id: &'a str) -> Asking<'a, Option<Client>> {
        let client = self.0.get(id).cloned();
        Box::pin(async { Ok(client) })
    }
}
