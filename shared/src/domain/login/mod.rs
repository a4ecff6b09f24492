//! What POST /token asks: is the password right, and which scopes may its token carry?
//!
//! A login looks once, hashes, and then writes its verdict to one count, if that count still stands
//! as the login saw it. Right and wrong make the same request, right after the hash. So guesses at
//! the same moment are told no more than guesses one after another
//! (docs/adr/0023-the-verdict-is-one-conditional-write.md).
//!
//! | module | holds |
//! |---|---|
//! | [`attempt`] | the keys under which failures are counted, and their limits |
//! | [`count`] | a count: what it allows, what a failure makes of it |
//! | [`store`] | [`store::LoginStore`]: what a login asks of the store |
//! | [`memory`] | such a store in memory |

pub mod attempt;
pub mod count;
mod error;
pub mod memory;
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
use super::accounts::{Account, MAX_BYTES, User, is_name};
use super::clients::Client;
use super::clock::Clock;
use super::scope::Scopes;
use super::store::{Patience, StoreError};
use super::tokens::Grant;

pub use error::LoginError;

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
    /// May a disabled user log in, as on FastAPI's page?
    pub admits_disabled: bool,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// How long the store may take.
    pub patience: Patience,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Grants the scopes that were asked for, if both the user and the client may have all of them (RFC
/// 6749 3.3).
pub fn grant(user: User, client: &Client, requested: &str) -> Result<Grant, LoginError> {
    let scopes = Scopes::parse(requested).ok();
    let both =
        |scopes: &Scopes| user.scopes.contains_all(scopes.iter()) && client.may_have(scopes.iter());
    match scopes.filter(both) {
        Some(scopes) => Ok(Grant { user, scopes }),
        None => Err(LoginError::ScopeNotAllowed),
    }
}

impl Login {
    /// The user with this name and password. An unknown user takes as long as a known one, and
    /// counts the same.
    pub async fn authenticate(
        &self,
        source_ip: &str,
        username: &str,
        password: &str,
    ) -> Result<User, LoginError> {
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
        let counting = self.admit(&attempt, &seen)?;
        let verified = self.verify(seen.found, password);
        let (account, matched) = self.decide(&counting, verified).await?;
        self.rehash(&account, password, matched).await;
        Ok(account.user)
    }

    /// Which count decides, and how it stands; or the wait until another login is allowed.
    fn admit<'a>(&self, attempt: &'a Attempt, seen: &Seen) -> Result<Counting<'a>, LoginError> {
        let now = self.clock.now();
        let standing = |key: &Key, count| self.standing(key, count, now);
        if seen.known_until.is_some_and(|until| until > now) {
            let standing = standing(&attempt.pair, seen.pair)?;
            let key = &attempt.pair;
            return Ok(Counting {
                key,
                standing,
                stranger: None,
            });
        }
        let address = standing(&attempt.address, seen.address)?;
        Ok(Counting {
            key: &attempt.account,
            standing: standing(&attempt.account, seen.account)?,
            stranger: Some(Stranger { attempt, address }),
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
    fn verify(
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
            _ if account.user.disabled && !self.admits_disabled => Err("disabled"),
            _ => Ok((account, matched)),
        }
    }

    /// Writes the verdict; only then may anybody be told of it. If the store fails, nobody is, or
    /// guesses would be told that were never counted.
    async fn decide(
        &self,
        counting: &Counting<'_>,
        verified: Result<(Account, Match), &'static str>,
    ) -> Result<(Account, Match), LoginError> {
        let outcome = match verified {
            Ok(_) => Outcome::Right,
            Err(_) => Outcome::Wrong,
        };
        let written = self.write(counting.key, counting.standing, outcome);
        self.in_time(VERDICT, written).await?;
        if let Some(stranger) = &counting.stranger {
            self.note_stranger(stranger, outcome).await?;
        }
        verified.map_err(|reason| LoginError::IncorrectPassword { reason })
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
        stranger: &Stranger<'_>,
        outcome: Outcome,
    ) -> Result<(), LoginError> {
        let Attempt { pair, address, .. } = stranger.attempt;
        match outcome {
            Outcome::Right if !stranger.attempt.has_address => Ok(()),
            Outcome::Right => {
                let known = self.store.make_known(pair, self.clock.now());
                let known: Result<_, StoreError> = self.in_time(LATER, known).await;
                if let Err(reason) = known {
                    warn!(%reason, "the address of a right login did not become known");
                }
                Ok(())
            }
            Outcome::Wrong => {
                let counted = self.write(address, stranger.address, outcome);
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

/// The count that decides a login.
struct Counting<'a> {
    key: &'a Key,
    standing: Standing,
    stranger: Option<Stranger<'a>>,
}

/// An attempt from an address that is not known to the account, and how the address's count stands.
struct Stranger<'a> {
    attempt: &'a Attempt,
    address: Standing,
}

#[derive(Debug, thiserror::Error)]
enum RehashError {
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}
