//! What is off until it is asked for, for functions that tell of it.

use super::clients::are_checked;
use super::reader::{ConfigError, Reader};
use super::sessions::idle_days;
use super::state::{Parts, State};

/// What there is besides FastAPI's page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offered {
    /// Do logins last, by refresh tokens?
    pub sessions: bool,
    /// Do clients prove who they are, and have tokens of their own?
    pub clients: bool,
}

impl State for Offered {
    type Config = Self;

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            sessions: idle_days(reader).is_some(),
            clients: are_checked(reader),
        }
    }

    async fn open(config: Self, _: &Parts) -> Result<Self, ConfigError> {
        Ok(config)
    }
}
