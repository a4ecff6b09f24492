//! What a command prints: plain text for people, JSON for programs.

use std::env;
use std::fmt::Display;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use serde::Serialize;
use serde_json::json;
use shared::aws::record::{AccountRecord, UserRecord};
use shared::domain::scope::Scopes;

use crate::error::Error;
use crate::name;

/// Prints to standard output.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// JSON, or plain text?
    pub json: bool,
}

/// A user as it is shown: without the hash, which only `export` gives away.
#[derive(Serialize)]
struct Shown<'a> {
    username: &'a str,
    id: &'a str,
    scopes: Vec<&'a str>,
    disabled: bool,
    email: Option<&'a str>,
    full_name: Option<&'a str>,
    created: Option<u64>,
    updated: Option<u64>,
    version: Option<u64>,
}

/// What `show` says of a user.
#[derive(Serialize)]
struct Card<'a, F> {
    #[serde(flatten)]
    user: Shown<'a>,
    password: &'a str,
    failed_logins: Option<&'a F>,
}

impl Output {
    /// Prints `document` as JSON, or `text` for people.
    pub fn print(self, document: &impl Serialize, text: impl Display) -> Result<(), Error> {
        if self.json {
            let document = serde_json::to_string(document).map_err(std::io::Error::from);
            line(document.map_err(Error::io("-"))?)
        } else {
            line(text)
        }
    }

    /// Prints a user, with `text` for people.
    pub fn user(self, record: &UserRecord, text: impl Display) -> Result<(), Error> {
        self.print(&shown(record), text)
    }

    /// Prints everything about a user, and the failed logins that are counted.
    pub fn card(
        self,
        account: &AccountRecord,
        failed: Option<&(impl Serialize + Display)>,
    ) -> Result<(), Error> {
        let document = Card {
            user: shown(&account.record),
            password: &cost(&account.password_hash),
            failed_logins: failed,
        };
        self.print(&document, card(&document))
    }
}

fn shown(record: &UserRecord) -> Shown<'_> {
    let user = &record.user;
    Shown {
        username: &user.username,
        id: user.id.as_str(),
        scopes: sorted(&user.scopes),
        disabled: user.disabled,
        email: user.email.as_deref(),
        full_name: user.full_name.as_deref(),
        created: record.created,
        updated: record.updated,
        version: record.version,
    }
}

/// Everything about a user, one attribute a line. Where no failed logins are counted, there is no
/// line for them.
fn card<F: Display>(card: &Card<'_, F>) -> String {
    let user = &card.user;
    let time = |seconds: Option<u64>| seconds.map_or_else(|| "-".to_owned(), date);
    let or_dash = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), clean);
    let version = user.version.unwrap_or_default();
    let attributes = [
        ("username", clean(user.username)),
        ("id", clean(user.id)),
        ("scopes", scopes(&user.scopes)),
        ("disabled", user.disabled.to_string()),
        ("email", or_dash(user.email)),
        ("full name", or_dash(user.full_name)),
        ("password", clean(card.password)),
        ("created", time(user.created)),
        (
            "updated",
            format!("{} (version {version})", time(user.updated)),
        ),
    ];
    let failed = card.failed_logins;
    let logins = failed.map(|failed| ("logins", failed.to_string()));
    let lines = attributes.into_iter().chain(logins);
    let lines = lines.map(|(name, value)| format!("{name:<10}{value}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// A user on one line.
#[must_use]
pub fn row(record: &UserRecord) -> String {
    let user = shown(record);
    let state = if user.disabled { "disabled" } else { "active" };
    let (name, scopes) = (clean(user.username), scopes(&user.scopes));
    format!("{name:<24}  {scopes:<12}  {state}")
}

fn scopes(scopes: &[&str]) -> String {
    match scopes {
        [] => "-".to_owned(),
        scopes => clean(&scopes.join(" ")),
    }
}

/// The scopes in alphabetical order, since the table keeps them in none.
#[must_use]
pub fn sorted(scopes: &Scopes) -> Vec<&str> {
    let mut scopes: Vec<&str> = scopes.iter().collect();
    scopes.sort_unstable();
    scopes
}

/// "1 user", "2 users".
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Makes a command fail that had to skip users, or the like, which it could not read.
pub fn readable(unreadable: usize, noun: &str) -> Result<(), Error> {
    if unreadable == 0 {
        return Ok(());
    }
    let skipped = count(unreadable, noun);
    Err(Error::Failed(format!("{skipped} could not be read")))
}

/// Says how a password is hashed, and nothing that would help to guess it.
fn cost(hash: &str) -> String {
    let mut parts = hash.split('$').skip(1);
    match (parts.next(), parts.nth(1)) {
        (Some("argon2id"), Some(parameters)) => format!("argon2id {parameters}"),
        _ => "not an argon2id hash: no password is right, set a new one".to_owned(),
    }
}

/// A time in seconds since the epoch, for people.
#[must_use]
pub fn date(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let date = DateTime::from_secs(seconds).fmt(DateTimeFormat::DateTime);
    date.unwrap_or_else(|_| seconds.to_string())
}

/// Escapes invisible characters, so that no text in the table can control the terminal.
#[must_use]
pub fn clean(text: &str) -> String {
    let shown = |character: char| match name::invisible(character) {
        Some(_) => character.escape_unicode().to_string(),
        None => character.to_string(),
    };
    text.chars().map(shown).collect()
}

/// Writes a line to standard output; `println!` would panic when nobody reads it.
pub fn line(text: impl Display) -> Result<(), Error> {
    writeln!(stdout().lock(), "{text}").map_err(Error::io("-"))
}

/// Writes to standard error what is not the command's result.
pub fn note(text: impl Display) {
    // If even that cannot be written, there is nobody to tell.
    let _ = writeln!(stderr().lock(), "{text}");
}

/// Prints what clap reports, help or a wrong command line, and returns the exit code.
#[must_use]
pub fn usage(error: &clap::Error) -> ExitCode {
    // Parsing has failed, so `--json` is looked for in the raw arguments.
    let json = env::args_os().any(|argument| argument == "--json");
    if json && error.use_stderr() {
        let text = error.render().to_string();
        let text = text.trim().strip_prefix("error: ").unwrap_or(&text);
        note(json!({ "error": text }));
    } else {
        let _ = error.print();
    }
    if error.use_stderr() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}

/// Prints an error and returns its exit code.
#[must_use]
pub fn failure(error: &Error, json: bool) -> ExitCode {
    if error.is_broken_pipe() {
        return ExitCode::SUCCESS;
    }
    failure_note(error, json);
    ExitCode::from(error.exit_code())
}

/// Prints an error to standard error.
pub fn failure_note(error: &Error, json: bool) {
    if json {
        note(json!({ "error": error.to_string() }));
    } else {
        note(format_args!("error: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_described_without_salt_and_hash() {
        for (hash, expected) in [
            (
                "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
                "argon2id m=65536,t=3,p=4",
            ),
            (
                "$2b$12$EixZaYVK1fsbw1ZfbX3OXe",
                "not an argon2id hash: no password is right, set a new one",
            ),
            (
                "",
                "not an argon2id hash: no password is right, set a new one",
            ),
        ] {
            assert_eq!(cost(hash), expected);
        }
    }

    #[test]
    fn nothing_in_the_table_reaches_the_terminal_as_a_command() {
        assert_eq!(
            clean("a\u{1b}[2Jb\u{202e}c d é"),
            "a\\u{1b}[2Jb\\u{202e}c d é"
        );
    }

    #[test]
    fn one_is_singular_and_any_other_number_plural() {
        for (number, expected) in [(0, "0 users"), (1, "1 user"), (2, "2 users")] {
            assert_eq!(count(number, "user"), expected);
        }
        assert!(readable(0, "user").is_ok());
        let error = readable(1, "client").unwrap_err().to_string();
        assert_eq!(error, "1 client could not be read");
    }

    #[test]
    fn times_are_dates() {
        assert_eq!(date(0), "1970-01-01T00:00:00Z");
        assert_eq!(date(1_784_000_000), "2026-07-14T03:33:20Z");
    }
}
