//! What POST /token asks: is the password right, and which scopes may its token carry?

use std::time::Duration;

use tokio::time::timeout;
use tracing::{info, warn};

use crate::app::App;
use crate::attempts::{Begun, account_key, address_key};
use crate::auth::find;
use crate::http::ApiError;
use crate::scope::Scopes;
use crate::users::{MAX_BYTES, Reading, StoreError, User, is_name};

/// How long a login waits for the store before its hash: then the answer is 503. The hash itself
/// takes what it takes.
const ASKING: Duration = Duration::from_millis(1300);
/// How long it waits to tell the store how it ended: each time, and the answer does not depend on it.
const TELLING: Duration = Duration::from_millis(400);

/// The user with this name and password. Who does not exist costs the time of one who does, and
/// is counted alike.
pub async fn authenticate(
    app: &App,
    source_ip: &str,
    username: &str,
    password: &str,
) -> Result<User, ApiError> {
    if !is_name(username) || password.len() > MAX_BYTES {
        let reason = "no user can have this name or password";
        return Err(ApiError::IncorrectPassword { reason });
    }
    let attempt = Attempt::new(source_ip, username);
    let known = async {
        attempt.begin(app).await?;
        find(app, username, Reading::Strong).await
    };
    let user = match in_time(ASKING, known).await {
        // Nothing was hashed: who tries again when the store is well must not find the door shut.
        Err(error @ (ApiError::Unavailable(_) | ApiError::Internal(_))) => {
            let _the_store_is_sick = in_time(TELLING, attempt.take_back(app)).await;
            return Err(error);
        }
        known => known?,
    };
    let hash = user.as_ref().and_then(|user| user.password_hash.as_ref());
    let matches = app.passwords.verify(password, hash);
    let reason = match (&user, hash) {
        (None, _) => "unknown user",
        (Some(_), None) => "not an argon2id hash that can be used",
        (Some(_), Some(_)) => "wrong password",
    };
    let user = user
        .filter(|_| matches)
        .ok_or(ApiError::IncorrectPassword { reason })?;
    // From here on the login stands: an error of the store must not tell that the password was right.
    if let Err(error) = in_time(TELLING, attempt.succeeded(app)).await {
        warn!(
            reason = error.reason(),
            "a login that succeeded stays counted as failed"
        );
    }
    rehash(app, &user, password).await;
    Ok(user)
}

async fn in_time<T>(
    limit: Duration,
    store: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
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

    /// The address first: one that is refused touches no account.
    async fn begin(&self, app: &App) -> Result<(), ApiError> {
        count(app, &self.address, app.limits.per_address).await?;
        let counted = count(app, &self.account, app.limits.per_account).await;
        if counted.is_err() && app.limits.per_address > 0 {
            app.attempts.take_back(&self.address).await?;
        }
        counted
    }

    async fn take_back(&self, app: &App) -> Result<(), ApiError> {
        if app.limits.per_address > 0 {
            app.attempts.take_back(&self.address).await?;
        }
        if app.limits.per_account > 0 {
            app.attempts.take_back(&self.account).await?;
        }
        Ok(())
    }

    /// The account's failures are forgotten, the address's stay: it may have guessed at others.
    async fn succeeded(&self, app: &App) -> Result<(), ApiError> {
        if app.limits.per_account > 0 {
            app.attempts.forget(&self.account, app.clock.now()).await?;
        }
        if app.limits.per_address > 0 {
            app.attempts.take_back(&self.address).await?;
        }
        Ok(())
    }
}

async fn count(app: &App, key: &str, limit: u32) -> Result<(), ApiError> {
    if limit == 0 {
        return Ok(());
    }
    match app.attempts.begin(key, limit, app.clock.now()).await? {
        Begun::Allowed => Ok(()),
        Begun::Wait(wait) => Err(ApiError::TooManyAttempts { wait }),
    }
}

/// Replaces a hash that is weaker than the policy, now that the password is known. The login
/// stands, whether that succeeds or not.
async fn rehash(app: &App, user: &User, password: &str) {
    let Some(old) = user
        .password_hash
        .as_ref()
        .filter(|hash| app.passwords.needs_rehash(hash))
    else {
        return;
    };
    let replaced = match app.passwords.hash(password) {
        Err(error) => Err(ApiError::internal(error)),
        Ok(new) => {
            let replace = async {
                let now = app.clock.now();
                Ok(app
                    .users
                    .replace_hash(&user.username, old, &new, now)
                    .await?)
            };
            in_time(TELLING, replace).await
        }
    };
    match replaced {
        Ok(replaced) => info!(replaced, "the password's hash was weaker than the policy"),
        Err(error) => warn!(
            reason = error.reason(),
            "a hash that is weaker than the policy was not replaced"
        ),
    }
}

/// The scopes that were asked for, if the user may have all of them (RFC 6749 3.3).
pub fn grant(user: &User, requested: &str) -> Result<Scopes, ApiError> {
    Scopes::parse(requested)
        .ok()
        .filter(|scopes| user.scopes.contains_all(scopes.iter()))
        .ok_or(ApiError::ScopeNotAllowed)
}
