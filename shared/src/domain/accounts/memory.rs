//! Users in memory: from a JSON file, the tutorial's two, or both.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Account, Stamp, User, UserId, UserStore, is_name};
use crate::domain::accounts::password::PasswordHash;
use crate::domain::accounts::unicode;
use crate::domain::scope::{CATALOGUE, Scopes};
use crate::domain::store::Asking;

/// The two users of FastAPI's page. Everybody knows their passwords, "secret" and "secretalice".
const TUTORIAL_USERS: &str = include_str!("tutorial.json");

/// All scopes that exist, with their descriptions.
type Catalogue = &'static [(&'static str, &'static str)];

/// Users in memory, by name.
#[derive(Debug, Default)]
pub struct MemoryUsers(RwLock<HashMap<String, Account>>);

/// A users file that cannot be read. The text says what is wrong, with line and column.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidUsersFile(#[from] serde_json::Error);

/// Reads a JSON array of users, who may have the scopes of this catalogue.
pub fn from_json(
    text: &str,
    catalogue: Catalogue,
) -> Result<HashMap<String, Account>, InvalidUsersFile> {
    let mut json = serde_json::Deserializer::from_str(text);
    let users = UsersFile { catalogue }.deserialize(&mut json)?;
    json.end()?;
    Ok(users)
}

/// The tutorial's users: johndoe, and alice, who is disabled.
pub fn tutorial() -> Result<HashMap<String, Account>, InvalidUsersFile> {
    from_json(TUTORIAL_USERS, CATALOGUE)
}

impl MemoryUsers {
    /// Stores these users, by their names.
    #[must_use]
    pub fn new(users: HashMap<String, Account>) -> Self {
        Self(RwLock::new(users))
    }

    /// The account of this name.
    #[must_use]
    pub fn account(&self, username: &str) -> Option<Account> {
        self.read().get(username).cloned()
    }

    /// Replaces the hash `old` by `new`. Answers `false` if the user's hash was no longer `old`.
    pub fn replace_hash(&self, username: &str, old: &PasswordHash, new: &PasswordHash) -> bool {
        let mut users = self.write();
        let account = users
            .get_mut(username)
            .filter(|account| account.password_hash.as_ref() == Some(old));
        account
            .map(|account| account.password_hash = Some(new.clone()))
            .is_some()
    }

    /// Gives a user, if there is one of this name, another stamp.
    pub fn replace_stamp(&self, username: &str, stamp: &Stamp) {
        if let Some(account) = self.write().get_mut(username) {
            account.user.stamp = Some(stamp.clone());
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<String, Account>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<String, Account>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UserStore for MemoryUsers {
    fn find<'a>(&'a self, username: &'a str) -> Asking<'a, Option<User>> {
        let user = self.account(username).map(|account| account.user);
        Box::pin(async { Ok(user) })
    }
}

/// An account as a users file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    username: String,
    id: Option<String>,
    password_hash: PasswordHash,
    scopes: Scopes,
    #[serde(default)]
    disabled: bool,
    email: Option<String>,
    full_name: Option<String>,
    stamp: Option<Stamp>,
}

impl From<Line> for Account {
    fn from(line: Line) -> Self {
        let username = unicode::name(&line.username).into_owned();
        Self {
            user: User {
                id: UserId::from(line.id.as_deref().unwrap_or(&username)),
                username,
                scopes: line.scopes,
                disabled: line.disabled,
                email: line.email,
                full_name: line.full_name,
                stamp: line.stamp,
            },
            password_hash: Some(line.password_hash),
        }
    }
}

/// Reads a users file. It checks each user while parsing, so that an error has the user's line.
struct UsersFile {
    catalogue: Catalogue,
}

impl<'de> DeserializeSeed<'de> for UsersFile {
    type Value = HashMap<String, Account>;

    fn deserialize<D: Deserializer<'de>>(self, file: D) -> Result<Self::Value, D::Error> {
        file.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for UsersFile {
    type Value = HashMap<String, Account>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array of users")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let (mut users, mut ids) = (HashMap::new(), HashSet::new());
        while let Some(line) = access.next_element::<Line>()? {
            let account = Account::from(line);
            let name = account.user.username.clone();
            if !is_name(&name) {
                return Err(A::Error::custom(format_args!(
                    "{name:?} cannot be a user name"
                )));
            }
            let scopes = &account.user.scopes;
            scopes.check(self.catalogue).map_err(A::Error::custom)?;
            let id = account.user.id.clone();
            if users.insert(name.clone(), account).is_some() {
                return Err(A::Error::custom(format_args!(
                    "user {name:?} is there twice"
                )));
            }
            if !ids.insert(id) {
                return Err(A::Error::custom(format_args!(
                    "the id of user {name:?} is another user's"
                )));
            }
        }
        Ok(users)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::accounts::password::{Match, Passwords, Policy};

    const HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc";

    fn error(text: &str) -> String {
        from_json(text, CATALOGUE).unwrap_err().to_string()
    }

    fn user(name: &str) -> String {
        format!(r#"{{"username": "{name}", "password_hash": "{HASH}", "scopes": ["me"]}}"#)
    }

    #[test]
    fn the_tutorials_users_log_in_with_the_tutorials_passwords() {
        let users = tutorial().unwrap();
        assert_eq!(users.len(), 2);
        let passwords = Passwords::new(Policy::default());
        for (name, password, disabled) in
            [("johndoe", "secret", false), ("alice", "secretalice", true)]
        {
            let account = &users[name];
            assert!(
                passwords.verify(password, account.password_hash.as_ref()) == Match::Right,
                "{name}"
            );
            assert_eq!(account.user.disabled, disabled);
            assert!(account.user.scopes.contains_all(["me", "items"]), "{name}");
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
                &format!("[\n{},\n{}]", user("a@x.org"), user("A@x.org")),
                "user \"a@x.org\" is there twice",
                "line 3",
            ),
            (
                &format!(
                    "[\n{},\n{}]",
                    user("a"),
                    user("b").replace("\"username", "\"id\": \"a\", \"username")
                ),
                "the id of user \"b\" is another user's",
                "line 3",
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
}
