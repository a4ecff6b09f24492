//! `CLIENTS`, `CLIENTS_FILE`: whether a client that names itself must prove it, and which there are.

use std::fs;
use std::sync::Arc;

use super::reader::{ConfigError, Reader};
use super::state::{Parts, State};
use super::store::StoreConfig;
use super::token::VerifierConfig;
use crate::domain::access::{ClientGuard, Guard, Holders, RouteGuard};
use crate::domain::clients::Clients;
use crate::domain::clients::memory::MemoryClients;
use crate::domain::introspection::Introspection;
use crate::domain::sessions::Sessions;
use crate::domain::tokens::Verifier;

/// Which clients there are.
#[derive(Debug)]
pub enum ClientsConfig {
    /// `CLIENTS=ignore`.
    Ignored,
    /// `CLIENTS=check`, and these, of `CLIENTS_FILE`.
    File(MemoryClients),
    /// `CLIENTS=check`, and those in the users' table.
    Table(StoreConfig),
}

impl State for Clients {
    type Config = ClientsConfig;

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        let store = StoreConfig::read(reader);
        let file = reader.get("CLIENTS_FILE");
        match store {
            _ if !are_checked(reader) => ClientsConfig::Ignored,
            StoreConfig::DynamoDb { .. } => ClientsConfig::Table(store),
            StoreConfig::Memory { .. } => ClientsConfig::File(in_file(file, reader)),
        }
    }

    async fn open(config: Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        Ok(match config {
            ClientsConfig::Ignored => Self::ignored(),
            ClientsConfig::File(clients) => Self::of(Arc::new(clients)),
            ClientsConfig::Table(store) => parts.clients(store).await?,
        })
    }
}

/// Where clients are not checked, none has a token of its own.
impl State for ClientGuard {
    type Config = (VerifierConfig, ClientsConfig);

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        (Verifier::read(reader), Clients::read(reader))
    }

    async fn open((verifier, clients): Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        Ok(Self {
            clients: Clients::open(clients, parts).await?,
            verifier: Verifier::open(verifier, parts).await?,
        })
    }
}

/// Where clients are not checked, no route is open to them.
impl State for RouteGuard {
    type Config = (<Guard as State>::Config, ClientsConfig);

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        (Guard::read(reader), Clients::read(reader))
    }

    async fn open((guard, clients): Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        Ok(Self {
            guard: Guard::open(guard, parts).await?,
            clients: Clients::open(clients, parts).await?,
        })
    }
}

/// It asks for users and sessions as they are now, whatever `TOKEN_CHECK` says.
impl State for Introspection {
    type Config = (
        <ClientGuard as State>::Config,
        StoreConfig,
        <Option<Sessions> as State>::Config,
    );

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        let guard = ClientGuard::read(reader);
        (
            guard,
            StoreConfig::read(reader),
            Option::<Sessions>::read(reader),
        )
    }

    async fn open(config: Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        let (guard, store, sessions) = config;
        let holders = Holders::Sessions(parts.sessions(store).await?);
        let ClientGuard { verifier, clients } = ClientGuard::open(guard, parts).await?;
        let clock = Arc::clone(&parts.clock);
        Ok(Self {
            guard: Guard {
                verifier,
                holders,
                clock,
            },
            clients,
            sessions: Option::<Sessions>::open(sessions, parts).await?,
        })
    }
}

/// `CLIENTS`: must a client that names itself prove it?
pub(super) fn are_checked(reader: &mut Reader<'_>) -> bool {
    match reader.get("CLIENTS").as_deref() {
        None | Some("ignore") => return false,
        Some("check") => return true,
        Some(other) => {
            let problem = format_args!("unknown value {other:?}; it can be: ignore, check");
            reader.problem("CLIENTS", problem);
        }
    }
    false
}

fn in_file(file: Option<String>, reader: &mut Reader<'_>) -> MemoryClients {
    let Some(path) = file else {
        let problem = "not set, so there would be no clients; name a JSON file of them";
        reader.problem("CLIENTS_FILE", problem);
        return MemoryClients::default();
    };
    let text = fs::read_to_string(&path).map_err(|error| error.to_string());
    let clients =
        text.and_then(|text| MemoryClients::from_json(&text).map_err(|error| error.to_string()));
    let clients = clients.map_err(|error| format!("{path}: {error}"));
    reader.or_problem("CLIENTS_FILE", clients)
}
