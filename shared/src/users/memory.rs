//! Users in memory: from a JSON file, the tutorial's two, or both.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use lambda_runtime::BoxFuture;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Reading, StoreError, User, UserStore, is_name};
use crate::password::PasswordHash;

/// The two users of FastAPI's page, "secret" and "secretalice": everybody knows their passwords.
const TUTORIAL_USERS: &str = include_str!("tutorial.json");

/// Users in memory, by name.
#[derive(Debug, Default)]
pub struct MemoryStore(RwLock<HashMap<String, User>>);

/// A list of users that cannot be read; says what is wrong, with line and column.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidUsersFile(#[from] serde_json::Error);

impl MemoryStore {
    /// Reads a JSON array of users.
    pub fn from_json(text: &str) -> Result<Self, InvalidUsersFile> {
        Ok(serde_json::from_str(text)?)
    }

    /// johndoe and alice, who is disabled; both may have `me` and `items`.
    pub fn tutorial() -> Result<Self, InvalidUsersFile> {
        Self::from_json(TUTORIAL_USERS)
    }

    /// Adds the users of another store; its record counts where both have one.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let mut users = self.into_users();
        users.extend(other.into_users());
        Self(RwLock::new(users))
    }

    /// The users, by name.
    #[must_use]
    pub fn into_users(self) -> HashMap<String, User> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UserStore for MemoryStore {
    fn find<'a>(
        &'a self,
        username: &'a str,
        _: Reading,
    ) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        let user = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(username)
            .cloned();
        Box::pin(async { Ok(user) })
    }

    fn replace_hash<'a>(
        &'a self,
        username: &'a str,
        old: &'a PasswordHash,
        new: &'a PasswordHash,
        _now: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut users = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let user = users
            .get_mut(username)
            .filter(|user| user.password_hash.as_ref() == Some(old));
        let replaced = user
            .map(|user| user.password_hash = Some(new.clone()))
            .is_some();
        Box::pin(async move { Ok(replaced) })
    }
}

impl<'de> Deserialize<'de> for MemoryStore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(UsersVisitor)
    }
}

/// Checks each user while the parser still knows the line.
struct UsersVisitor;

impl<'de> Visitor<'de> for UsersVisitor {
    type Value = MemoryStore;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array of users")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<MemoryStore, A::Error> {
        let mut users = HashMap::new();
        while let Some(user) = access.next_element::<User>()? {
            let name = user.username.clone();
            if !is_name(&name) {
                return Err(A::Error::custom(format_args!(
                    "{name:?} cannot be a user name"
                )));
            }
            if users.insert(name.clone(), user).is_some() {
                return Err(A::Error::custom(format_args!(
                    "user {name:?} is there twice"
                )));
            }
        }
        Ok(MemoryStore(RwLock::new(users)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::{Passwords, Policy};

    const HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc";

    fn error(text: &str) -> String {
        MemoryStore::from_json(text).unwrap_err().to_string()
    }

    fn user(name: &str) -> String {
        format!(r#"{{"username": "{name}", "password_hash": "{HASH}", "scopes": ["me"]}}"#)
    }

    #[test]
    fn the_tutorials_users_log_in_with_the_tutorials_passwords() {
        let users = MemoryStore::tutorial().unwrap().into_users();
        assert_eq!(users.len(), 2);
        let passwords = Passwords::new(Policy::default()).unwrap();
        for (name, password, disabled) in
            [("johndoe", "secret", false), ("alice", "secretalice", true)]
        {
            let user = &users[name];
            assert!(
                passwords.verify(password, user.password_hash.as_ref()),
                "{name}"
            );
            assert_eq!(user.disabled, disabled);
            assert!(user.scopes.contains_all(["me", "items"]), "{name}");
        }
    }

    #[test]
    fn a_users_file_is_refused_with_its_line() {
        let two = format!("[\n{},\n{}]", user("a"), user("a"));
        for (text, problem, line) in [
            ("", "EOF while parsing", "line 1"),
            ("{}", "expected a JSON array of users", "line 1"),
            ("[\n1]", "invalid type: integer", "line 2"),
            (&two, r#"user "a" is there twice"#, "line 3"),
            (
                &format!("[\n\n{}]", user("")),
                "\"\" cannot be a user name",
                "line 3",
            ),
            (
                &format!("[\n{}]", user("a").replace("argon2id", "bcrypt")),
                "not an argon2id hash",
                "line 2",
            ),
            (
                &format!("[\n{}]", user("a").replace("[\"me", "[\"admin")),
                r#"unknown scope "admin""#,
                "line 2",
            ),
            (
                &format!("[\n{}]", user("a").replace("scopes", "scope")),
                "unknown field `scope`",
                "line 2",
            ),
            (
                "[\n{\"username\": \"a\"}]",
                "missing field `password_hash`",
                "line 2",
            ),
            ("[] x", "trailing characters", "line 1"),
        ] {
            let error = error(text);
            assert!(
                error.contains(problem) && error.contains(line),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn the_others_record_counts() {
        let john = MemoryStore::from_json(&format!("[{}]", user("johndoe"))).unwrap();
        let users = MemoryStore::tutorial().unwrap().with(john).into_users();
        assert_eq!(users.len(), 2);
        assert_eq!(users["johndoe"].scopes.to_string(), "me");
    }
}
