//! The `users` command: the people of the service, kept in its DynamoDB table.
//!
//! | module | holds |
//! |---|---|
//! | [`args`] | the command line and its help |
//! | [`connect`] | which table, where, and with whose credentials |
//! | [`commands`] | what each command does |
//! | [`import`], [`export`] | many users at once, as JSON lines |
//! | [`mod@line`] | a user as a JSON line |
//! | [`attempts`] | the failed logins that are counted for a user |
//! | [`keys`] | the keys that sign tokens |
//! | [`clients`] | the programs that ask for tokens |
//! | [`sessions`] | the logins of a user that last |
//! | [`catalogue`] | which scopes users and clients may have |
//! | [`store`] | the users' items |
//! | [`transaction`] | several writes that happen all or not at all |
//! | [`upgrade`] | a table of an earlier version |
//! | [`items`] | reads and conditional writes of any item |
//! | [`scan`] | reads of the whole table |
//! | [`question`] | asks before something is gone for good |
//! | [`mod@file`] | a file that is there only when it is complete |
//! | [`name`] | which names new users may have |
//! | [`passwords`] | where new passwords come from, and which are good enough |
//! | [`output`] | plain text for people, JSON for programs |
//! | [`progress`] | how far an import has come |
//! | [`error`] | what can go wrong, and the exit codes |

pub mod args;
pub mod attempts;
pub mod catalogue;
pub mod clients;
pub mod commands;
pub mod connect;
pub mod error;
pub mod export;
pub mod file;
pub mod import;
pub mod items;
pub mod keys;
pub mod line;
pub mod name;
pub mod output;
pub mod passwords;
pub mod progress;
pub mod question;
pub mod scan;
pub mod sessions;
pub mod store;
pub mod transaction;
pub mod upgrade;

/// An environment variable. An empty one counts as not set, as in the functions.
fn variable(name: &str) -> Option<String> {
    shared::config::environment(name).filter(|value| !value.is_empty())
}
