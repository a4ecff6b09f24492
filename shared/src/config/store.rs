//! `USER_STORE` and the variables that belong to it.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use tracing::warn;

use super::reader::{ConfigError, Reader};
use crate::aws::Aws;
use crate::aws::table::Table;
use crate::domain::accounts::{self, Account, MemoryUsers};
use crate::domain::login::memory::MemoryLogins;
use crate::domain::scope::CATALOGUE;
use crate::domain::sessions::memory::MemorySessions;
use crate::domain::store::Patience;

/// Where the users are stored.
#[derive(Debug, Clone)]
pub enum StoreConfig {
    /// `USER_STORE=memory`.
    Memory {
        /// The users of `USERS_FILE`, a JSON file, and with `TUTORIAL_USERS=true` the tutorial's
        /// two.
        users: HashMap<String, Account>,
        /// Are the tutorial's two among them, in a function that is deployed? Everybody knows their
        /// passwords.
        tutorial_deployed: bool,
    },
    /// `USER_STORE=dynamodb`.
    DynamoDb {
        /// `USERS_TABLE`: the table's name.
        table: String,
        /// What the AWS variables say.
        aws: Aws,
    },
}

/// An opened store.
#[derive(Clone)]
pub(super) enum Store {
    Memory(Memory),
    DynamoDb(Table),
}

/// The stores in memory. Clones share what is in them.
#[derive(Clone)]
pub struct Memory {
    pub(super) users: Arc<MemoryUsers>,
    pub(super) logins: Arc<MemoryLogins>,
    pub(super) sessions: Arc<MemorySessions>,
}

impl Memory {
    /// Stores with these users, and without sessions.
    #[must_use]
    pub fn new(users: HashMap<String, Account>) -> Self {
        let users = Arc::new(MemoryUsers::new(users));
        Self {
            logins: Arc::new(MemoryLogins::new(Arc::clone(&users))),
            sessions: Arc::new(MemorySessions::new(Arc::clone(&users))),
            users,
        }
    }
}

impl StoreConfig {
    /// Reads the variables.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let known = "it can be: memory, dynamodb";
        match reader.get("USER_STORE").as_deref() {
            Some("memory") => return memory(reader),
            Some("dynamodb") => return dynamodb(reader),
            Some(other) => reader.problem(
                "USER_STORE",
                format_args!("unknown store {other:?}; {known}"),
            ),
            None => reader.problem("USER_STORE", format_args!("not set; {known}")),
        }
        Self::Memory {
            users: HashMap::new(),
            tutorial_deployed: false,
        }
    }

    pub(super) fn open(self, patience: Patience) -> Result<Store, ConfigError> {
        match self {
            Self::Memory {
                users,
                tutorial_deployed,
            } => {
                if tutorial_deployed {
                    warn!(
                        "TUTORIAL_USERS=true: everybody knows the passwords of johndoe and alice"
                    );
                }
                Ok(Store::Memory(Memory::new(users)))
            }
            Self::DynamoDb { table, mut aws } => {
                aws.patience = patience;
                let unusable = |error| ConfigError(vec![format!("SSL_CERT_FILE: {error}")]);
                let table = Table::new(table, aws).map_err(unusable)?;
                Ok(Store::DynamoDb(table))
            }
        }
    }
}

fn dynamodb(reader: &mut Reader<'_>) -> StoreConfig {
    let table = reader.get("USERS_TABLE").unwrap_or_default();
    if table.is_empty() {
        reader.problem(
            "USERS_TABLE",
            "not set; USER_STORE=dynamodb needs the table's name",
        );
    }
    let aws = super::aws::read(reader);
    StoreConfig::DynamoDb { table, aws }
}

/// If the file and the tutorial have the same user, the file's record counts.
fn memory(reader: &mut Reader<'_>) -> StoreConfig {
    let file = reader.get("USERS_FILE");
    let asked = reader.get("TUTORIAL_USERS");
    if file.is_none() && asked.is_none_or(|value| value == "false") {
        reader.problem(
            "USERS_FILE",
            "not set, so nobody could log in; name a JSON file of users, or set TUTORIAL_USERS=true for the tutorial's two",
        );
    }
    let tutorial = reader.flag("TUTORIAL_USERS", false);
    let mut users = HashMap::new();
    if tutorial {
        let two = accounts::tutorial().map_err(|error| error.to_string());
        users.extend(reader.or_problem("TUTORIAL_USERS", two));
    }
    if let Some(path) = file {
        let text = fs::read_to_string(&path).map_err(|error| error.to_string());
        let file = text.and_then(|text| {
            accounts::from_json(&text, CATALOGUE).map_err(|error| error.to_string())
        });
        let file = file.map_err(|error| format!("{path}: {error}"));
        users.extend(reader.or_problem("USERS_FILE", file));
    }
    StoreConfig::Memory {
        users,
        tutorial_deployed: tutorial && super::aws::is_deployed(reader),
    }
}
