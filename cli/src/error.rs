//! What can go wrong: each error names the thing, the cause and the way out, in a line or two.

use std::error::Error as StdError;
use std::io;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// Why a command did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request itself is wrong: an option, a name, a password or a scope.
    #[error("{0}")]
    Usage(String),
    /// There is no user, client or session of this name.
    #[error("no {what} {name:?} in the table {table:?}{hint}")]
    NotThere {
        /// What it would be.
        what: &'static str,
        /// The name.
        name: String,
        /// The table.
        table: String,
        /// What may have been meant, or how to find it.
        hint: String,
    },
    /// There is a user of this name.
    #[error("the user {name:?} is in the table {table:?} already; nothing was changed")]
    AlreadyExists {
        /// The name.
        name: String,
        /// The table.
        table: String,
    },
    /// There is no such table.
    #[error(
        "no table {0:?} in this region or account\n  name it with --table or --stack, or make it with: users --table {0} create-table"
    )]
    NoTable(String),
    /// The stack makes its table; so its name, the region or the account is another.
    #[error(
        "no table {table:?} of the stack {stack:?} in {region} of this account\n  which stacks are there? aws cloudformation describe-stacks --region {region} --query \"Stacks[].StackName\""
    )]
    NoStackTable {
        /// The table.
        table: String,
        /// The stack.
        stack: String,
        /// The region.
        region: String,
    },
    /// The table has the form of an earlier version.
    #[error(
        "the table {0:?} is of an earlier version, which kept password hashes with the users\n  move them into items of their own: users --table {0} upgrade-table"
    )]
    Outdated(String),
    /// DynamoDB wants fewer calls a second.
    #[error(
        "DynamoDB refuses so many calls: {0}\n  run it again later, or raise the table's limits"
    )]
    Throttled(String),
    /// A user's items lack something, or do not belong together; the text says what.
    #[error("{0}")]
    Unreadable(String),
    /// Another failure; its text names the cause and the way out.
    #[error("{0}")]
    Failed(String),
    /// Standard output or a file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
}

impl Error {
    /// The exit code; `users --help` lists them.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::NotThere { .. } => 3,
            Self::AlreadyExists { .. } => 4,
            _ => 1,
        }
    }

    /// Adds the path of the file to an I/O error; `-` is standard output.
    pub fn io(path: &str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source }
    }

    /// Did the reader of our output stop reading, as in `users list | head`? That is no failure.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The error of a call to DynamoDB, without the SDK's dump of the whole exchange.
    pub fn of_call<E, R>(table: &str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
        R: std::fmt::Debug,
    {
        let Some(service) = error.as_service_error() else {
            return Self::Failed(format!(
                "DynamoDB cannot be reached: {}\n  is the network up, and are --endpoint-url and the region right?",
                innermost(error)
            ));
        };
        let code = service.code().unwrap_or("an error without a code");
        let text = match service.message() {
            Some(message) => format!("{code}: {message}"),
            None => code.to_owned(),
        };
        match code {
            "ResourceNotFoundException" => Self::NoTable(table.to_owned()),
            "ThrottlingException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded" => Self::Throttled(text),
            "AccessDeniedException" => Self::Failed(format!(
                "AWS does not allow this: {text}\n  use credentials that may read and write the table {table:?}"
            )),
            "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "ExpiredTokenException"
            | "MissingAuthenticationTokenException" => Self::Failed(format!(
                "AWS does not accept the credentials: {text}\n  log in again (aws sso login), or choose another AWS_PROFILE"
            )),
            _ => Self::Failed(format!("DynamoDB refused: {text}")),
        }
    }
}

/// The innermost cause: the errors around it say only that something failed.
pub fn innermost(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_exit_code() {
        let (name, table) = ("bob".to_owned(), "users".to_owned());
        let hint = String::new();
        for (error, code) in [
            (Error::Failed("no".to_owned()), 1),
            (Error::Usage("no".to_owned()), 2),
            (
                Error::NotThere {
                    what: "user",
                    name: name.clone(),
                    table: table.clone(),
                    hint,
                },
                3,
            ),
            (Error::AlreadyExists { name, table }, 4),
        ] {
            assert_eq!(error.exit_code(), code, "{error}");
        }
    }

    #[test]
    fn a_reader_that_went_away_is_told_from_a_full_disk() {
        let error = |kind| Error::io("-")(io::Error::from(kind));
        assert!(error(io::ErrorKind::BrokenPipe).is_broken_pipe());
        assert!(!error(io::ErrorKind::StorageFull).is_broken_pipe());
    }
}
