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
use super::store::StoreError;
use super::token::Grant;
use super::users::{HashStore, MAX_BYTES, Reading, User, UserStore, is_name};

/// How long a login waits for the store before its hash; then it has failed. The hash itself takes
/// what it takes.
const BEFORE_HASH: Duration = Duration::from_millis(1300);
/// How long each call after the hash may take. The answer does not depend on them.
const AFTER_HASH: Duration = Duration::from_millis(400);

/// Lets users in. Only POST /token has one.
pub struct Login {
    /// Where the users are.
    pub users: Arc<dyn UserStore>,
    /// Where their hashes are.
    pub hashes: Arc<dyn HashStore>,
    /// Counts attempts to log in.
    pub attempts: Arc<dyn Attempts>,
    /// How many of them may fail.
    pub limits: Limits,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Why nobody was let in.
#[derive(Debug)]
pub enum LoginError {
    /// No such user, or another password: the client does not hear which.
    IncorrectPassword {
        /// For the log.
        reason: &'static str,
    },
    /// The account, or the address, has failed too often of late.
    TooManyAttempts {
        /// Until the next attempt is allowed.
        wait: Duration,
    },
    /// A scope was asked for that the user may not have, or that is no scope (RFC 6749 5.2).
    ScopeNotAllowed,
    /// The store failed before the password was checked.
    Store(StoreError),
}

impl From<StoreError> for LoginError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The scopes that were asked for, if the user may have all of them (RFC 6749 3.3).
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
        let user = match in_time(BEFORE_HASH, known).await {
            // Nothing was hashed, so nothing stays counted: whoever tries again when the store is
            // well must not find the door shut.
            Err(error @ LoginError::Store(_)) => {
                let _not_reported = in_time(AFTER_HASH, self.take_back(&attempt)).await;
                return Err(error);
            }
            known => known?,
        };
        let user = self.verify(user, password)?;
        // From here on the login stands: an error of the store must not tell that the password was right.
        if let Err(error) = in_time(AFTER_HASH, self.succeeded(&attempt)).await {
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
            (Some(_), Some(_)) => "wrong password",
        };
        user.filter(|_| matches)
            .ok_or(LoginError::IncorrectPassword { reason })
    }

    /// The address first: an attempt that is refused for it touches no account.
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

    /// The account's failures are forgotten, the address's stay: it may have guessed at others.
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

    /// Replaces a hash that is weaker than the policy, now that the password is known. The login
    /// stands, whether that succeeds or not.
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
            Ok::<_, RehashError>(in_time(AFTER_HASH, replace).await?)
        };
        match replaced.await {
            Ok(replaced) => info!(replaced, "the password's hash was weaker than the policy"),
            Err(error) => {
                warn!(reason = %error, "a hash that is weaker than the policy was not replaced");
            }
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

async fn in_time<T, E: From<StoreError>>(
    limit: Duration,
    store: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match timeout(limit, store).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(StoreError::Unavailable(elapsed.into()).into()),
    }
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
