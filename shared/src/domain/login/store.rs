//! What a login asks of the store.

use std::time::Duration;

use super::attempt::{Attempt, Key};
use super::count::{Count, Failure, Standing};
use crate::domain::accounts::Account;
use crate::domain::accounts::password::PasswordHash;
use crate::domain::store::Asking;

/// What an attempt finds before it is tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The user and the credentials, if there is a user of that name.
    pub found: Option<Account>,
    /// The end of the time in which the address is known to the account.
    pub known_until: Option<Duration>,
    /// Failures at the account from this address, while it was known.
    pub pair: Option<Count>,
    /// Failures at the account from strangers.
    pub account: Option<Count>,
    /// Failures of this address as a stranger.
    pub address: Option<Count>,
}

/// How a login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The user is let in. A pair is known from now on, and its count is cleared. What strangers
    /// have counted stays: else each login of a user would make room for more guesses, and show
    /// the guesser that the user exists.
    Right,
    /// The user is not: one failure more.
    Wrong,
}

/// How a login ended, to be written to one of its counts.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'a> {
    /// The count.
    pub key: &'a Key,
    /// How it must still stand.
    pub standing: Standing,
    /// How the login ended.
    pub outcome: Outcome,
    /// How many failures are allowed without a wait.
    pub limit: u32,
    /// The time, since the epoch.
    pub now: Duration,
}

impl Verdict<'_> {
    /// What one more failure makes of the count.
    #[must_use]
    pub fn after_failure(&self, count: Option<Count>) -> Count {
        let failure = Failure {
            now: self.now,
            limit: self.limit,
            window: self.key.window(),
        };
        self.standing.after_failure(count, failure)
    }
}

/// Whether a verdict was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was.
    Yes,
    /// It was not, because the count stands otherwise; this is the count.
    No(Option<Count>),
}

/// What a login asks of the store. Only POST /token needs this.
pub trait LoginStore: Send + Sync {
    /// Reads the user and the counts, all at once and as they are now.
    fn look<'a>(&'a self, attempt: &'a Attempt) -> Asking<'a, Seen>;

    /// Writes a verdict if the count stands as the verdict says: in one step, so that of logins at
    /// the same moment each sees what the others have written.
    fn write<'a>(&'a self, verdict: Verdict<'a>) -> Asking<'a, Written>;

    /// Makes the address of a pair known to its account, and clears the pair's count.
    fn make_known<'a>(&'a self, pair: &'a Key, now: Duration) -> Asking<'a, ()>;

    /// Replaces the hash `old` by `new`. Answers `false` if the stored hash was no longer `old`.
    fn replace_hash<'a>(
        &'a self,
        username: &'a str,
        old: &'a PasswordHash,
        new: &'a PasswordHash,
        now: Duration,
    ) -> Asking<'a, bool>;
}
