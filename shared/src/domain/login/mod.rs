//! A login by name and password, in three steps.
//!
//! It looks once ([`Login::admit`]), hashes ([`Login::verify`]), and then writes its verdict to one count,
//! if that count still stands as the login saw it ([`Login::conclude`]). Right and wrong make the same request, right after the hash. So guesses at
//! the same moment are told no more than guesses one after another
//! (docs/adr/0023-the-verdict-is-one-conditional-write.md).
//!
//! | module | holds |
//! |---|---|
//! | `steps` | what the steps hand on to each other, and at the end [`Authenticated`] |
//! | [`attempt`] | the keys under which failures are counted, and their limits |
//! | [`count`] | a count: what it allows, what a failure makes of it |
//! | [`store`] | [`store::LoginStore`]: what a login asks of the store |
//! | [`memory`] | such a store in memory |

pub mod attempt;
pub mod count;
mod error;
pub mod memory;
mod steps;
pub mod store;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tracing::{info, warn};

use self::attempt::{Attempt, Key, Limits};
use self::count::{Count, FIRST_WAIT, Standing};
use self::store::{LoginStore, Outcome, Seen, Verdict, Written};
use super::accounts::password::{HashError, Match, PasswordHash, Passwords};
use super::accounts::unicode;
use super::accounts::{Account, MAX_BYTES, is_name};
use super::clock::Clock;
use super::store::{Patience, StoreError};

pub use error::LoginError;
pub use steps::{Admitted, Authenticated, DisabledUsers, Verified};

/// How long the store may take before the password is hashed. The hashing itself has no time limit.
const LOOK: Duration = Duration::from_millis(1300);
/// How long it may take to write the verdict.
const VERDICT: Duration = Duration::from_millis(800);
/// How long each later step may wait for the store.
const LATER: Duration = Duration::from_millis(400);
/// How often a login tries to write its verdict at most, when others keep changing the count.
const MOST_TRIES: usize = 3;

/// Checks logins. Only POST /token has one.
pub struct Login {
    /// Knows the users, and counts failures.
    pub store: Arc<dyn LoginStore>,
    /// How many logins may fail.
    pub limits: Limits,
    /// Whether disabled users may log in.
    pub disabled_users: DisabledUsers,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// How long the store may take.
    pub patience: Patience,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Login {
    /// The user with this name and password: the three steps of a login, one after the other. What a user
    /// must prove besides stands between [`Self::verify`] and [`Self::conclude`].
    pub async fn authenticate(
        &self,
        source_ip: &str,
        username: &str,
        password: &str,
    ) -> Result<Authenticated, LoginError> {
        let admitted = self.admit(source_ip, username, password).await?;
        self.conclude(self.verify(admitted, password)).await
    }

    /// Reads the user and the counts, and refuses an attempt that must wait. An unknown user counts as a known
    /// one does.
    pub async fn admit(
        &self,
        source_ip: &str,
        username: &str,
        password: &str,
    ) -> Result<Admitted, LoginError> {
        let username = &*unicode::name(username);
        if !is_name(username) || password.len() > MAX_BYTES {
            let reason = "no user can have this name or password";
            return Err(LoginError::IncorrectPassword { reason });
        }
        let attempt = Attempt::new(source_ip, username);
        let seen: Seen = self.in_time(LOOK, self.store.look(&attempt)).await?;
        if let Some(account) = &seen.found {
            account.user.note_in_log();
        }
        let now = self.clock.now();
        let standing = |key, count| self.standing(key, count, now);
        let (standing, stranger) = if seen.known_until.is_some_and(|until| until > now) {
            (standing(&attempt.pair, seen.pair)?, None)
        } else {
            let address = standing(&attempt.address, seen.address)?;
            (standing(&attempt.account, seen.account)?, Some(address))
        };
        Ok(Admitted {
            attempt,
            account: seen.found,
            standing,
            stranger,
        })
    }

    /// Verifies the password. For an unknown user that takes as long as for a known one.
    #[must_use]
    pub fn verify<'a>(&self, mut admitted: Admitted, password: &'a str) -> Verified<'a> {
        let result = self.verify_account(admitted.account.take(), password);
        Verified {
            admitted,
            password,
            result,
            methods: vec!["pwd"],
        }
    }

    /// Writes the verdict; only then may anybody be told of it. If the store fails, nobody is, or
    /// guesses would be told that were never counted.
    pub async fn conclude(&self, verified: Verified<'_>) -> Result<Authenticated, LoginError> {
        let admitted = &verified.admitted;
        let outcome = match verified.result {
            Ok(_) => Outcome::Right,
            Err(_) => Outcome::Wrong,
        };
        let written = self.write(admitted.key(), admitted.standing, outcome);
        self.in_time(VERDICT, written).await?;
        if let Some(address) = admitted.stranger {
            self.note_stranger(&admitted.attempt, address, outcome)
                .await?;
        }
        let refused = |reason| LoginError::IncorrectPassword { reason };
        let (account, matched) = verified.result.map_err(refused)?;
        self.rehash(&account, verified.password, matched).await;
        Ok(Authenticated {
            user: account.user,
            methods: verified.methods,
            time: self.clock.now(),
        })
    }

    fn standing(
        &self,
        key: &Key,
        count: Option<Count>,
        now: Duration,
    ) -> Result<Standing, LoginError> {
        Standing::of(count, self.limits.of(key), now)
            .map_err(|wait| LoginError::too_many(key, wait))
    }

    /// The account, if it is the user's password and this user may log in, and how the password matched.
    fn verify_account(
        &self,
        account: Option<Account>,
        password: &str,
    ) -> Result<(Account, Match), &'static str> {
        let Some(account) = account else {
            let _always_wrong = self.passwords.verify(password, None);
            return Err("unknown user");
        };
        let hash = account.password_hash.as_ref();
        let matched = self.passwords.verify(password, hash);
        match hash {
            None => Err("not an argon2id hash that can be used"),
            Some(hash) if !self.passwords.can_verify(hash) => {
                Err("a hash that is too expensive for this function")
            }
            _ if matched == Match::Wrong => Err("wrong password"),
            _ if account.user.disabled && self.disabled_users == DisabledUsers::Refused => {
                Err("disabled")
            }
            _ => Ok((account, matched)),
        }
    }

    /// Writes a verdict. If the count stands otherwise by now, the verdict is written to the count as
    /// it stands; but if its limit has been reached, or if this happens three times, the login is
    /// refused, right or wrong.
    async fn write(
        &self,
        key: &Key,
        mut standing: Standing,
        outcome: Outcome,
    ) -> Result<(), LoginError> {
        for _ in 0..MOST_TRIES {
            let now = self.clock.now();
            let verdict = Verdict {
                key,
                standing,
                outcome,
                limit: self.limits.of(key),
                now,
            };
            match self.store.write(verdict).await? {
                Written::Yes => return Ok(()),
                Written::No(count) => standing = self.standing(key, count, now)?,
            }
        }
        Err(LoginError::too_many(key, FIRST_WAIT))
    }

    /// Makes the address known to the account, or counts the failure for the address, too.
    async fn note_stranger(
        &self,
        attempt: &Attempt,
        standing: Standing,
        outcome: Outcome,
    ) -> Result<(), LoginError> {
        let Attempt { pair, address, .. } = attempt;
        match outcome {
            Outcome::Right if !attempt.has_address => Ok(()),
            Outcome::Right => {
                let known = self.store.make_known(pair, self.clock.now());
                let known: Result<_, StoreError> = self.in_time(LATER, known).await;
                if let Err(reason) = known {
                    warn!(%reason, "the address of a right login did not become known");
                }
                Ok(())
            }
            Outcome::Wrong => {
                let counted = self.write(address, standing, outcome);
                match self.in_time(LATER, counted).await {
                    // Others have reached the address's limit meanwhile. The account has counted
                    // this guess, so it may be told.
                    Err(LoginError::TooManyAttempts { .. }) => Ok(()),
                    counted => counted,
                }
            }
        }
    }

    /// Replaces a hash that does not cost what the policy asks for, or is not of the password's NFC, now
    /// that the password is known. If that fails, the login succeeds all the same.
    async fn rehash(&self, account: &Account, password: &str, matched: Match) {
        let outdated = |hash: &&PasswordHash| {
            matched == Match::RightAsTyped || self.passwords.needs_rehash(hash)
        };
        let Some(old) = account.password_hash.as_ref().filter(outdated) else {
            return;
        };
        let replaced = async {
            let new = self.passwords.hash(password)?;
            let now = self.clock.now();
            let name = &account.user.username;
            let replace = self.store.replace_hash(name, old, &new, now);
            Ok::<_, RehashError>(self.in_time(LATER, replace).await?)
        };
        match replaced.await {
            Ok(replaced) => info!(replaced, "the password's hash was not by the policy"),
            Err(error) => {
                warn!(reason = %error, "a hash that is not by the policy was not replaced");
            }
        }
    }

    async fn in_time<T, E: From<StoreError>>(
        &self,
        limit: Duration,
        store: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match timeout(self.patience.of(limit), store).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(StoreError::Unavailable(elapsed.into()).into()),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum RehashError {
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}
