//! What issues tokens: the key that signs, and sessions where they are on.

use std::sync::Arc;

use super::reader::{ConfigError, Reader};
use super::state::{Parts, State};
use crate::domain::grants::Grants;
use crate::domain::sessions::Sessions;
use crate::domain::tokens::Signer;

type Needs = (Signer, Option<Sessions>);

impl State for Grants {
    type Config = <Needs as State>::Config;

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        Needs::read(reader)
    }

    async fn open(config: Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        let (signer, sessions) = Needs::open(config, parts).await?;
        let clock = Arc::clone(&parts.clock);
        Ok(Self {
            signer,
            sessions,
            clock,
        })
    }
}
