//! What POST /token asks: is the password right, and which scopes may its token carry?

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tracing::{info, warn};

use super::access::note_in_log;
use super::attempts::{Admission, Attempts, Limits, account_key, address_key};
use super::clock::Clock;
use super::password::{HashError, Passwords};
use super::scope::Scopes;
use super::store::{Patience, StoreError};
use super::token::Grant;
use super::users::{HashStore, MAX_BYTES, Reading, User, UserStore, is_name};

/// How long the store may take before the password is hashed, all its calls together; then the
/// login fails. The hashing itself has no time limit.
const BEFORE_HASH: Duration = Duration::from_millis(1300);
/// How long each later step may wait for the store. The answer does not depend on these steps.
const AFTER_HASH: Duration = Duration::from_millis(400);

/// Checks logins. Only POST /token has one.
pub struct Login {
    /// Finds the users.
    pub users: Arc<dyn UserStore>,
    /// Replaces their hashes.
    pub hashes: Arc<dyn HashStore>,
    /// Counts attempts to log in.
    pub attempts: Arc<dyn Attempts>,
    /// How many attempts may fail.
    pub limits: Limits,
    /// May a disabled user log in, as on FastAPI's page?
    pub admits_disabled: bool,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// How long the stores may take.
    pub patience: Patience,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Why a login was refused.
#[derive(Debug)]
pub enum LoginError {
    /// The user does not exist, or the password is wrong; the client is not told which.
    IncorrectPassword {
        /// Which of them it is, for the log only.
        reason: &'static str,
    },
    /// Too many logins failed lately, to this account or from this address.
    TooManyAttempts {
        /// How long it is until the next attempt is allowed.
        wait: Duration,
    },
    /// A scope that was asked for is not one of the user's, or is malformed (RFC 6749 5.2).
    ScopeNotAllowed,
    /// The store failed before the password was checked.
    Store(StoreError),
}

impl From<StoreError> for LoginError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Grants the scopes that were asked for, if the user has all of them (RFC 6749 3.3).
pub fn grant(user: User, requested: &str) -> Result<Grant, LoginError> {
    let scopes = Scopes::parse(requested).ok();
    match scopes.filter(|scopes| user.scopes.contains_all(scopes.iter())) {
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
        if !is_name(username) || password.len() > MAX_BYTES {
            let reason = "no user can have this name or password";
            return Err(LoginError::IncorrectPassword { reason });
        }
        let attempt = Attempt::new(source_ip, username);
        let known = async {
            self.begin(&attempt).await?;
            Ok(self.users.find(username, Reading::Strong).await?)
        };
        let user = match self.in_time(BEFORE_HASH, known).await {
            // The password was not checked, so the attempt must not stay counted: otherwise a
            // failing store would lock users out.
            Err(error @ LoginError::Store(_)) => {
                let _not_reported = self.in_time(AFTER_HASH, self.take_back(&attempt)).await;
                return Err(error);
            }
            known => known?,
        };
        let user = self.verify(user, password)?;
        // From here on the login succeeds, even if the store fails: an error now would tell an
        // attacker that the password was right.
        if let Err(error) = self.in_time(AFTER_HASH, self.succeeded(&attempt)).await {
            warn!(reason = %error, "a login that succeeded stays counted as failed");
        }
        self.rehash(&user, password).await;
        Ok(user)
    }

    fn verify(&self, user: Option<User>, password: &str) -> Result<User, LoginError> {
        user.iter().for_each(note_in_log);
        let hash = user.as_ref().and_then(|user| user.password_hash.as_ref());
        let matches = self.passwords.verify(password, hash);
        let reason = match (&user, hash) {
            (None, _) => "unknown user",
            (Some(_), None) => "not an argon2id hash that can be used",
            (Some(_), Some(hash)) if !self.passwords.can_verify(hash) => {
                "a hash that is too expensive for this function"
            }
            (Some(user), Some(_)) if matches && user.disabled => "disabled",
            (Some(_), Some(_)) => "wrong password",
        };
        user.filter(|user| matches && (self.admits_disabled || !user.disabled))
            .ok_or(LoginError::IncorrectPassword { reason })
    }

    /// Counts the address first, so that an attempt that is refused because of its address does not
    /// count against the account.
    async fn begin(&self, attempt: &Attempt) -> Result<(), LoginError> {
        self.count(&attempt.address, self.limits.per_address)
            .await?;
        let counted = self.count(&attempt.account, self.limits.per_account).await;
        if counted.is_err() && self.limits.per_address > 0 {
            self.attempts.take_back(&attempt.address).await?;
        }
        counted
    }

    async fn count(&self, key: &str, limit: u32) -> Result<(), LoginError> {
        if limit == 0 {
            return Ok(());
        }
        match self.attempts.begin(key, limit, self.clock.now()).await? {
            Admission::Admitted => Ok(()),
            Admission::Wait(wait) => Err(LoginError::TooManyAttempts { wait }),
        }
    }

    async fn take_back(&self, attempt: &Attempt) -> Result<(), StoreError> {
        if self.limits.per_address > 0 {
            self.attempts.take_back(&attempt.address).await?;
        }
        if self.limits.per_account > 0 {
            self.attempts.take_back(&attempt.account).await?;
        }
        Ok(())
    }

    /// Forgets all failures of the account, but only this attempt of the address: its failures may
    /// have been guesses at other accounts.
    async fn succeeded(&self, attempt: &Attempt) -> Result<(), StoreError> {
        if self.limits.per_account > 0 {
            let now = self.clock.now();
            self.attempts.forget(&attempt.account, now).await?;
        }
        if self.limits.per_address > 0 {
            self.attempts.take_back(&attempt.address).await?;
        }
        Ok(())
    }

    /// Replaces a hash that is weaker than the policy, now that the password is known. If that
    /// fails, the login succeeds all the same.
    async fn rehash(&self, user: &User, password: &str) {
        let Some(old) = user
            .password_hash
            .as_ref()
            .filter(|hash| self.passwords.needs_rehash(hash))
        else {
            return;
        };
        let replaced = async {
            let new = self.passwords.hash(password)?;
            let replace = self
                .hashes
                .replace_hash(&user.username, old, &new, self.clock.now());
            Ok::<_, RehashError>(self.in_time(AFTER_HASH, replace).await?)
        };
        match replaced.await {
            Ok(replaced) => info!(replaced, "the password's hash was weaker than the policy"),
            Err(error) => {
                warn!(reason = %error, "a hash that is weaker than the policy was not replaced");
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

/// An attempt to log in, counted for the address that it came from and for the account.
struct Attempt {
    address: String,
    account: String,
}

impl Attempt {
    fn new(source_ip: &str, username: &str) -> Self {
        Self {
            address: address_key(source_ip),
            account: account_key(username),
        }
    }
}
