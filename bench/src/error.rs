//! What can go wrong with a measurement.

use std::io;

/// The one error: a figure is never guessed, so each of these ends the run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine said no.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What it said.
        source: io::Error,
    },
    /// A function did something else than answer.
    #[error("{0}")]
    Function(String),
    /// Something that the run needs is not there.
    #[error("{0}")]
    Missing(String),
    /// The local DynamoDB cannot be put behind TLS.
    #[error("TLS: {0}")]
    Tls(String),
}

/// Says what was tried when the machine says no.
pub trait Context<T> {
    /// The same, with what was tried.
    fn context(self, what: impl Into<String>) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Context<T> for Result<T, E> {
    fn context(self, what: impl Into<String>) -> Result<T, Error> {
        self.map_err(|source| Error::Io {
            what: what.into(),
            source: source.into(),
        })
    }
}
