//! What the three steps of a login hand on to each other.

use std::time::Duration;

use super::attempt::{Attempt, Key};
use super::count::Standing;
use crate::domain::accounts::password::Match;
use crate::domain::accounts::{Account, User};

/// Whether disabled users may log in. Routes for active users refuse them in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisabledUsers {
    /// They may, as on FastAPI's page.
    Admitted,
    /// They may not: for them each password is wrong.
    Refused,
}

/// An attempt that may be tried: what the store knew when it began.
pub struct Admitted {
    pub(super) attempt: Attempt,
    pub(super) account: Option<Account>,
    /// The state of the count that decides.
    pub(super) standing: Standing,
    /// The state of the address's count, if the address is not known to the account.
    pub(super) stranger: Option<Standing>,
}

/// An attempt whose password was verified. Nobody may be told the result before it is written.
pub struct Verified<'a> {
    pub(super) admitted: Admitted,
    pub(super) password: &'a str,
    pub(super) result: Result<(Account, Match), &'static str>,
    pub(super) methods: Vec<&'static str>,
}

/// A user who has proved who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// The user.
    pub user: User,
    /// How the user proved it: values of `amr` (RFC 8176).
    pub methods: Vec<&'static str>,
    /// When, since the epoch: `auth_time`.
    pub time: Duration,
}

impl Admitted {
    /// The count that decides.
    pub(super) fn key(&self) -> &Key {
        match self.stranger {
            Some(_) => &self.attempt.account,
            None => &self.attempt.pair,
        }
    }
}

impl Verified<'_> {
    /// The user, if the password is the user's.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        let (account, _) = self.result.as_ref().ok()?;
        Some(&account.user)
    }

    /// The same attempt after a second proof: one more method, or a failure that counts like a wrong
    /// password. The reason is for the log.
    #[must_use]
    pub fn and(mut self, method: &'static str, proved: Result<(), &'static str>) -> Self {
        self.methods.push(method);
        self.result = self.result.and_then(|right| proved.map(|()| right));
        self
    }
}
