//! `LOGIN_FAILURES_PER_ACCOUNT` and so on: how many logins may fail, and what a hash costs.

use std::collections::HashMap;
use std::sync::Arc;

use super::aws::capacity;
use super::reader::{ConfigError, Reader};
use super::state::{Parts, State};
use super::store::StoreConfig;
use crate::domain::accounts::Account;
use crate::domain::accounts::password::{Capacity, Passwords, Policy};
use crate::domain::login::attempt::Limits;
use crate::domain::login::{DisabledUsers, Login};
use crate::http::Dialect;

/// What the variables say about logins.
#[derive(Debug)]
pub struct LoginConfig {
    /// Where the users are stored.
    pub store: StoreConfig,
    /// `LOGIN_FAILURES_PER_ACCOUNT` (default 10) and `LOGIN_FAILURES_PER_ADDRESS` (default 100):
    /// how many logins may fail before others wait; 0 means no limit.
    pub limits: Limits,
    /// Whether disabled users may log in: as on FastAPI's page, but not where `API_DIALECT` is `rfc`.
    pub disabled_users: DisabledUsers,
    /// `PASSWORD_HASH_MEMORY_KIB` (default 19456), `PASSWORD_HASH_ITERATIONS` (default 2) and
    /// `PASSWORD_HASH_PARALLELISM` (default 1): what a new hash costs.
    pub policy: Policy,
    /// What a function of this size can hash.
    pub capacity: Capacity,
}

impl State for Login {
    type Config = LoginConfig;

    fn read(reader: &mut Reader<'_>) -> LoginConfig {
        let store = StoreConfig::read(reader);
        let capacity = capacity(reader);
        if let StoreConfig::Memory { users, .. } = &store {
            check_hashes(users, capacity, reader);
        }
        LoginConfig {
            store,
            limits: Limits {
                per_account: per_account(reader),
                per_address: reader.number("LOGIN_FAILURES_PER_ADDRESS", 100, 0),
            },
            disabled_users: match super::service::dialect(reader) {
                Dialect::FastApi => DisabledUsers::Admitted,
                Dialect::Rfc => DisabledUsers::Refused,
            },
            policy: policy(reader),
            capacity,
        }
    }

    /// Also opens the store's connection and allocates the memory of a hash, so that the first login
    /// does not have to wait for them.
    async fn open(config: LoginConfig, parts: &Parts) -> Result<Self, ConfigError> {
        let store = parts.logins(config.store).await?;
        parts.connect().await;
        let passwords = Passwords::new(config.policy).within(config.capacity);
        passwords.warm();
        Ok(Self {
            store,
            limits: config.limits,
            disabled_users: config.disabled_users,
            passwords,
            patience: parts.patience,
            clock: Arc::clone(&parts.clock),
        })
    }
}

/// Reads only the `PASSWORD_HASH_` variables, for the `users` command: its hashes should cost as
/// much as those of the functions.
pub fn password_policy(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Policy, ConfigError> {
    Reader::read(lookup, policy)
}

/// Reads only `LOGIN_FAILURES_PER_ACCOUNT`, for the `users` command: it shows who is waiting.
pub fn failures_per_account(lookup: &dyn Fn(&str) -> Option<String>) -> Result<u32, ConfigError> {
    Reader::read(lookup, per_account)
}

fn per_account(reader: &mut Reader<'_>) -> u32 {
    reader.number("LOGIN_FAILURES_PER_ACCOUNT", 10, 0)
}

/// Every user's hash must be one that the function which verifies passwords can compute. The other
/// functions may be smaller.
fn check_hashes(users: &HashMap<String, Account>, capacity: Capacity, reader: &mut Reader<'_>) {
    for account in users.values() {
        let hash = account.password_hash.as_ref();
        if let Some(Err(problem)) = hash.map(|hash| hash.check(capacity)) {
            let whose = &account.user.username;
            reader.problem(
                "USERS_FILE",
                format_args!("the password_hash of {whose:?}: {problem}"),
            );
        }
    }
}

/// What the function can hash, for the `users` command.
pub fn function_capacity(lookup: &dyn Fn(&str) -> Option<String>) -> Capacity {
    // There is no value that it refuses, so this is never an error.
    Reader::read(lookup, |reader| capacity(reader)).unwrap_or_default()
}

fn policy(reader: &mut Reader<'_>) -> Policy {
    let default = Policy::default();
    let capacity = capacity(reader).of_policy();
    let memory = reader.number("PASSWORD_HASH_MEMORY_KIB", default.m_cost(), 8);
    let iterations = reader.number("PASSWORD_HASH_ITERATIONS", default.t_cost(), 1);
    let parallelism = reader.number("PASSWORD_HASH_PARALLELISM", default.p_cost(), 1);
    match Policy::new(memory, iterations, parallelism, None) {
        Ok(policy) => {
            let affordable = capacity.check(&policy).map(|()| policy);
            affordable.unwrap_or_else(|problem| {
                reader.problem("PASSWORD_HASH_MEMORY_KIB", problem);
                default
            })
        }
        Err(error) => {
            let problem = format_args!(
                "argon2 needs 8 KiB for each of PASSWORD_HASH_PARALLELISM's lanes ({error})"
            );
            reader.problem("PASSWORD_HASH_MEMORY_KIB", problem);
            default
        }
    }
}
