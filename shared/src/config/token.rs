//! `JWT_SECRET_KEY`, `ACCESS_TOKEN_EXPIRE_MINUTES`: how tokens are signed and verified.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::reader::{ConfigError, Reader};
use super::state::{Parts, State};
use super::store::StoreConfig;
use crate::domain::access::Guard;
use crate::domain::token::{Signer, Verifier};

/// RFC 7518 3.2: a key of the same size as the hash output (256 bits) or larger MUST be used.
const MIN_KEY_BYTES: usize = 32;
const DEFAULT_EXPIRE_MINUTES: u32 = 30;

impl State for Guard {
    type Config = (SecretString, StoreConfig);

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        (secret_key(reader), StoreConfig::read(reader))
    }

    async fn open((key, store): Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        Ok(Self {
            verifier: Verifier::new(&key),
            users: parts.users(store).await?,
            clock: Arc::clone(&parts.clock),
        })
    }
}

impl State for Signer {
    type Config = (SecretString, Duration);

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        let key = secret_key(reader);
        let minutes = reader.number("ACCESS_TOKEN_EXPIRE_MINUTES", DEFAULT_EXPIRE_MINUTES, 1);
        (key, Duration::from_mins(minutes.into()))
    }

    async fn open((key, lifetime): Self::Config, _: &Parts) -> Result<Self, ConfigError> {
        Ok(Self::new(&key, lifetime))
    }
}

/// The HS256 key: 32 or more visible ASCII characters, whose bytes are the key.
fn secret_key(reader: &mut Reader<'_>) -> SecretString {
    let key: SecretString = reader.get("JWT_SECRET_KEY").unwrap_or_default().into();
    let bytes = key.expose_secret().as_bytes();
    let remedy = "make one with: openssl rand -hex 32";
    let problem = match bytes.len() {
        0 => format!("not set; {remedy}"),
        length if length < MIN_KEY_BYTES => {
            format!("{length} bytes, but HS256 needs {MIN_KEY_BYTES} or more; {remedy}")
        }
        _ if !bytes.iter().all(u8::is_ascii_graphic) => {
            format!("a character that is not visible ASCII; {remedy}")
        }
        _ => return key,
    };
    reader.problem("JWT_SECRET_KEY", problem);
    key
}
