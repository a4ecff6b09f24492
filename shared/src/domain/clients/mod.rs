//! Clients: the programs that ask for tokens (RFC 6749 2), and how they prove which one they are.
//!
//! | module | holds |
//! |---|---|
//! | [`client`] | [`Client`]: what a client may do |
//! | [`secret`] | [`Secret`]: what is kept of a client's secret |
//! | [`memory`] | clients in memory, from a JSON file |

pub mod client;
pub mod memory;
pub mod secret;

use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::store::{Asking, StoreError};
use super::tokens::OWN;

pub use client::{Client, GrantType};
pub use secret::Secret;

/// The most bytes of a client's id.
const MAX_ID: usize = 255;
/// The random bytes of an id that is made here.
const NEW_ID: usize = 12;

/// Finds clients.
pub trait ClientStore: Send + Sync {
    /// Finds a client by its id, as the record is now; `None` if there is no such client.
    fn find<'a>(&'a self, id: &'a str) -> Asking<'a, Option<Client>>;
}

/// Says which client sends a request.
#[derive(Clone, Default)]
pub struct Clients(Option<Arc<dyn ClientStore>>);

/// What a client says of itself.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Its id.
    pub id: String,
    /// Its secret, if it has one.
    pub secret: Option<SecretString>,
}

/// Why a client is not let in.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// It is unknown, disabled, or did not prove who it is. The reason is for the log.
    #[error("{0}")]
    Invalid(&'static str),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Can a client have this id? It is made of visible ASCII and spaces (RFC 6749 A.1), and is not that
/// of this service's own application.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let visible = |byte: u8| matches!(byte, 0x20..=0x7E);
    !text.is_empty() && text.len() <= MAX_ID && text != OWN && text.bytes().all(visible)
}

/// A new id, which no other client has.
pub fn random_id() -> Result<String, Unspecified> {
    let mut bytes = [0; NEW_ID];
    rand::fill(&mut bytes)?;
    Ok(format!("c_{}", URL_SAFE_NO_PAD.encode(bytes)))
}

impl Credentials {
    /// An empty secret is none.
    #[must_use]
    pub fn new(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: (!secret.is_empty()).then(|| secret.into()),
        }
    }
}

impl Clients {
    /// Whatever a client says of itself is not looked at, as on FastAPI's page: every one is this
    /// service's own application.
    #[must_use]
    pub fn ignored() -> Self {
        Self(None)
    }

    /// A client that names itself must be one of these.
    #[must_use]
    pub fn of(store: Arc<dyn ClientStore>) -> Self {
        Self(Some(store))
    }

    /// Must a client that names itself prove it?
    #[must_use]
    pub fn are_checked(&self) -> bool {
        self.0.is_some()
    }

    /// The client of this id, if it may do anything.
    pub async fn find(&self, id: &str) -> Result<Client, ClientError> {
        let Some(store) = self.0.as_ref().filter(|_| is_id(id)) else {
            return Err(ClientError::Invalid("unknown client"));
        };
        match store.find(id).await? {
            None => Err(ClientError::Invalid("unknown client")),
            Some(client) if client.disabled => Err(ClientError::Invalid("disabled client")),
            Some(client) => Ok(client),
        }
    }

    /// The client with these credentials. A client with a secret must send it, and one without must
    /// not.
    pub async fn authenticate(&self, credentials: &Credentials) -> Result<Client, ClientError> {
        let client = self.find(&credentials.id).await?;
        match &credentials.secret {
            None if client.is_public() => Ok(client),
            None => Err(ClientError::Invalid("no secret")),
            Some(secret) if client.knows(secret.expose_secret()) => Ok(client),
            Some(_) => Err(ClientError::Invalid("wrong secret")),
        }
    }
}
