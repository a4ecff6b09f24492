//! Every environment variable: its default, its unit, and what is wrong with it.

use std::fmt;
use std::fs;
use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;
use secrecy::{ExposeSecret, SecretString};
use tracing::warn;

use crate::attempts::Limits;
use crate::aws::{Aws, ROOTS};
use crate::password::{Policy, is_affordable};
use crate::users::MemoryStore;

/// RFC 7518 3.2: a key of the same size as the hash output (256 bits) or larger MUST be used.
const MIN_KEY_BYTES: usize = 32;
const DEFAULT_EXPIRE_MINUTES: u32 = 30;

/// What the environment says, read once per cold start.
#[derive(Debug)]
pub struct Config {
    /// `USER_STORE` and the variables that belong to it.
    pub users: Users,
    /// `JWT_SECRET_KEY`: the HS256 key, its ASCII bytes; at least 32.
    pub jwt_secret_key: SecretString,
    /// `LOGIN_FAILURES_PER_ACCOUNT` (10) and `LOGIN_FAILURES_PER_ADDRESS` (100): in 15 minutes;
    /// 0 is no limit.
    pub login_failures: Limits,
    /// `PASSWORD_HASH_MEMORY_KIB` (19456), `PASSWORD_HASH_ITERATIONS` (2) and
    /// `PASSWORD_HASH_PARALLELISM` (1): what a new hash costs.
    pub password_policy: Policy,
    /// `ACCESS_TOKEN_EXPIRE_MINUTES`: how long a token is valid; default 30.
    pub access_token_lifetime: Duration,
}

/// Where the users are.
#[derive(Debug)]
pub enum Users {
    /// `USER_STORE=memory`, with the users of these two:
    ///
    /// - `USERS_FILE`: a JSON file of users;
    /// - `TUTORIAL_USERS`: `true` adds the tutorial's two, whose passwords are public.
    Memory(MemoryStore),
    /// `USER_STORE=dynamodb`.
    DynamoDb {
        /// `USERS_TABLE`: the table's name.
        table: String,
        /// The `AWS_` variables that Lambda sets.
        aws: Aws,
    },
}

/// All that is wrong with the configuration, a line each.
///
/// It is what `main` ends with, and Rust prints that with `Debug`: the same text.
#[derive(PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the configuration is not valid\n  {}",
            self.0.join("\n  ")
        )
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A variable of the process's environment; one that is not Unicode is read as far as it is.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one reading of the environment"
)]
pub fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

impl Config {
    /// Reads every variable through `lookup`, and reports all problems at once.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Reader::read(lookup, |reader| {
            reader.dialect();
            Self {
                users: reader.users(),
                jwt_secret_key: reader.jwt_secret_key(),
                access_token_lifetime: reader.access_token_lifetime(),
                login_failures: reader.login_failures(),
                password_policy: reader.password_policy(),
            }
        })
    }
}

/// The `PASSWORD_HASH_` variables alone: for the `users` command, whose hashes should cost what
/// the functions' cost.
pub fn password_policy(lookup: impl Fn(&str) -> Option<String>) -> Result<Policy, ConfigError> {
    Reader::read(lookup, Reader::password_policy)
}

/// `DOCS_ENABLED`, the one variable of `/docs` and `/openapi.json`: `false` hides them; default
/// `true`.
pub fn docs_enabled(lookup: impl Fn(&str) -> Option<String>) -> Result<bool, ConfigError> {
    Reader::read(lookup, |reader| reader.flag("DOCS_ENABLED", true))
}

/// Reads variables and collects what is wrong with them. A value that is wrong is replaced by
/// one that is never used: the problem ends the cold start.
struct Reader<L> {
    lookup: L,
    problems: Vec<String>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    fn read<T>(lookup: L, read: impl FnOnce(&mut Self) -> T) -> Result<T, ConfigError> {
        let mut reader = Self {
            lookup,
            problems: Vec::new(),
        };
        let value = read(&mut reader);
        if reader.problems.is_empty() {
            Ok(value)
        } else {
            Err(ConfigError(reader.problems))
        }
    }

    /// An empty variable counts as one that is not set: that is what a template's empty parameter makes of it.
    fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    fn problem(&mut self, name: &str, problem: impl fmt::Display) {
        self.problems.push(format!("{name}: {problem}"));
    }

    fn users(&mut self) -> Users {
        let known = "it can be: memory, dynamodb";
        match self.get("USER_STORE").as_deref() {
            Some("memory") => return Users::Memory(self.memory()),
            Some("dynamodb") => return self.dynamodb(),
            Some(other) => self.problem(
                "USER_STORE",
                format_args!("unknown store {other:?}; {known}"),
            ),
            None => self.problem("USER_STORE", format_args!("not set; {known}")),
        }
        Users::Memory(MemoryStore::default())
    }

    fn dynamodb(&mut self) -> Users {
        let table = self.get("USERS_TABLE").unwrap_or_default();
        if table.is_empty() {
            self.problem(
                "USERS_TABLE",
                "not set; USER_STORE=dynamodb needs the table's name",
            );
        }
        let aws = self.aws();
        Users::DynamoDb { table, aws }
    }

    fn aws(&mut self) -> Aws {
        let region = self.set_by_lambda("AWS_REGION");
        let key_id = self.set_by_lambda("AWS_ACCESS_KEY_ID");
        let key = self.set_by_lambda("AWS_SECRET_ACCESS_KEY");
        let token = self.get("AWS_SESSION_TOKEN");
        Aws {
            region,
            credentials: Credentials::new(key_id, key, token, None, "environment"),
            endpoint: self
                .get("AWS_ENDPOINT_URL_DYNAMODB")
                .or_else(|| self.get("AWS_ENDPOINT_URL")),
            fips: self.flag("AWS_USE_FIPS_ENDPOINT", false),
            dual_stack: self.flag("AWS_USE_DUALSTACK_ENDPOINT", false),
            roots: self.roots(),
        }
    }

    fn roots(&mut self) -> Vec<u8> {
        let Some(path) = self.get("SSL_CERT_FILE") else {
            return ROOTS.to_vec();
        };
        let roots = match fs::read_to_string(&path) {
            Ok(pem) if pem.contains("-----BEGIN CERTIFICATE-----") => Ok(pem.into_bytes()),
            Ok(_) => Err(format!("{path}: no certificate in PEM is in it")),
            Err(error) => Err(format!("{path}: {error}")),
        };
        self.or_problem("SSL_CERT_FILE", roots)
    }

    fn set_by_lambda(&mut self, name: &str) -> String {
        self.get(name).unwrap_or_else(|| {
            self.problem(
                name,
                "not set; Lambda sets it, elsewhere: aws configure export-credentials --format env, and a region",
            );
            String::new()
        })
    }

    fn memory(&mut self) -> MemoryStore {
        let file = self.get("USERS_FILE");
        let nobody = file.is_none()
            && self
                .get("TUTORIAL_USERS")
                .is_none_or(|value| value == "false");
        if nobody {
            self.problem(
                "USERS_FILE",
                "not set, so nobody could log in; name a JSON file of users, or set TUTORIAL_USERS=true for the tutorial's two",
            );
        }
        let tutorial = self.tutorial_users();
        let file = file.map_or_else(MemoryStore::default, |path| self.users_file(&path));
        tutorial.with(file)
    }

    fn tutorial_users(&mut self) -> MemoryStore {
        if !self.flag("TUTORIAL_USERS", false) {
            return MemoryStore::default();
        }
        warn!("TUTORIAL_USERS=true: everybody knows the passwords of johndoe and alice");
        let store = MemoryStore::tutorial().map_err(|error| error.to_string());
        self.or_problem("TUTORIAL_USERS", store)
    }

    fn users_file(&mut self, path: &str) -> MemoryStore {
        let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
        let store = text.and_then(|text| {
            MemoryStore::from_json(&text).map_err(|error| format!("{path}: {error}"))
        });
        self.or_problem("USERS_FILE", store)
    }

    fn or_problem<T: Default>(&mut self, name: &str, result: Result<T, String>) -> T {
        result.unwrap_or_else(|problem| {
            self.problem(name, problem);
            T::default()
        })
    }

    fn jwt_secret_key(&mut self) -> SecretString {
        let key: SecretString = self.get("JWT_SECRET_KEY").unwrap_or_default().into();
        let remedy = "make one with: openssl rand -hex 32";
        match key.expose_secret().len() {
            0 => self.problem("JWT_SECRET_KEY", format_args!("not set; {remedy}")),
            length if length < MIN_KEY_BYTES => self.problem(
                "JWT_SECRET_KEY",
                format_args!("{length} bytes, but HS256 needs {MIN_KEY_BYTES} or more; {remedy}"),
            ),
            _ if !key
                .expose_secret()
                .bytes()
                .all(|byte| byte.is_ascii_graphic()) =>
            {
                self.problem(
                    "JWT_SECRET_KEY",
                    format_args!("a character that is not visible ASCII; {remedy}"),
                );
            }
            _ => {}
        }
        key
    }

    fn access_token_lifetime(&mut self) -> Duration {
        let minutes = self.number("ACCESS_TOKEN_EXPIRE_MINUTES", DEFAULT_EXPIRE_MINUTES, 1);
        Duration::from_mins(minutes.into())
    }

    fn login_failures(&mut self) -> Limits {
        Limits {
            per_account: self.number("LOGIN_FAILURES_PER_ACCOUNT", 10, 0),
            per_address: self.number("LOGIN_FAILURES_PER_ADDRESS", 100, 0),
        }
    }

    fn password_policy(&mut self) -> Policy {
        let default = Policy::default();
        let memory = self.number("PASSWORD_HASH_MEMORY_KIB", default.m_cost(), 8);
        let iterations = self.number("PASSWORD_HASH_ITERATIONS", default.t_cost(), 1);
        let parallelism = self.number("PASSWORD_HASH_PARALLELISM", default.p_cost(), 1);
        match Policy::new(memory, iterations, parallelism, None) {
            Ok(policy) if is_affordable(&policy) => policy,
            Ok(_) => {
                let problem = "at most 262144, and times PASSWORD_HASH_ITERATIONS at most 3145728: no function could compute it";
                self.problem("PASSWORD_HASH_MEMORY_KIB", problem);
                default
            }
            Err(error) => {
                let problem = format_args!(
                    "argon2 needs 8 KiB for each of PASSWORD_HASH_PARALLELISM's lanes ({error})"
                );
                self.problem("PASSWORD_HASH_MEMORY_KIB", problem);
                default
            }
        }
    }

    fn flag(&mut self, name: &str, default: bool) -> bool {
        match self.get(name).as_deref() {
            None => default,
            Some("true") => true,
            Some("false") => false,
            Some(other) => {
                self.problem(name, format_args!("{other:?} is neither true nor false"));
                default
            }
        }
    }

    fn number(&mut self, name: &str, default: u32, least: u32) -> u32 {
        let Some(text) = self.get(name) else {
            return default;
        };
        match text.parse() {
            Ok(number) if number >= least => number,
            _ => {
                self.problem(name, format_args!("not a whole number from {least} up"));
                default
            }
        }
    }

    /// `API_DIALECT`: how errors are spelled; `fastapi` is the only one so far, and the default.
    fn dialect(&mut self) {
        if let Some(other) = self
            .get("API_DIALECT")
            .filter(|dialect| dialect != "fastapi")
        {
            self.problem(
                "API_DIALECT",
                format_args!("unknown dialect {other:?}; it can be: fastapi"),
            );
        }
    }
}

#[cfg(test)]
mod tests;
