//! What can go wrong with a measurement.

use std::io;

/// Why a run ended without figures: they are never guessed, so each of these errors ends the run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's error.
        source: io::Error,
    },
    /// A function did something other than answer.
    #[error("{0}")]
    Function(String),
    /// Something that the run needs is not there.
    #[error("{0}")]
    Missing(String),
    /// The local DynamoDB cannot be put behind TLS.
    #[error("TLS: {0}")]
    Tls(String),
}

/// Adds to an I/O error what was tried.
pub trait Context<T> {
    /// The same result, whose error says what was tried.
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
