//! A user as a JSON line, and as an item of the table.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use shared::password::PasswordHash;
use shared::scope::Scopes;
use shared::table::{Item, number, number_of, text, user_key};
use shared::users::user;

use crate::error::Error;
use crate::name;

/// The attributes of a user that this version knows; a newer one may write others.
pub const ATTRIBUTES: [&str; 9] = [
    "pk",
    "password_hash",
    "scopes",
    "disabled",
    "email",
    "full_name",
    "created",
    "updated",
    "version",
];

/// A user as `export` writes it and `import` reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The name.
    pub username: String,
    /// A PHC string, kept as it was given.
    pub password_hash: String,
    /// Sorted: the table keeps no order.
    pub scopes: Vec<String>,
    /// Is the user kept out?
    #[serde(default)]
    pub disabled: bool,
    /// For the user's own eyes.
    pub email: Option<String>,
    /// For the user's own eyes.
    pub full_name: Option<String>,
    /// Seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// Seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<u64>,
    /// Grows with each write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

impl Record {
    /// Reads a line of a file; the error says where in the line.
    pub fn from_line(line: &[u8]) -> Result<Self, String> {
        let mut record: Self =
            serde_json::from_slice(line.trim_ascii_end()).map_err(|error| place(&error))?;
        name::check(&record.username).map_err(|error| error.to_string())?;
        PasswordHash::parse(&record.password_hash)
            .map_err(|error| format!("the password_hash of {:?}: {error}", record.username))?;
        record.scopes = known_scopes(&record.scopes)
            .map_err(|error| format!("the scopes of {:?}: {error}", record.username))?;
        Ok(record)
    }

    /// Reads an item; an attribute that is missing or of another type makes it unreadable.
    pub fn from_item(item: &Item) -> Result<Self, Error> {
        let name = username(item).unwrap_or_default();
        let user = user(name, item).map_err(|error| {
            Error::Failed(format!(
                "{error}; nobody can log in by it: remove it, or repair it in the console of DynamoDB"
            ))
        })?;
        let hash = item.get("password_hash").and_then(|hash| hash.as_s().ok());
        let mut scopes: Vec<String> = user.scopes.iter().map(str::to_owned).collect();
        scopes.sort_unstable();
        Ok(Self {
            username: user.username,
            password_hash: hash.cloned().unwrap_or_default(),
            scopes,
            disabled: user.disabled,
            email: user.email,
            full_name: user.full_name,
            created: number_of(item, "created"),
            updated: number_of(item, "updated"),
            version: number_of(item, "version"),
        })
    }

    /// The item of a new user; `now` is in seconds since the epoch.
    #[must_use]
    pub fn to_item(&self, now: u64) -> Item {
        let known = self.content().into_iter();
        let mut item: Item = known
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        item.insert("pk".to_owned(), text(user_key(&self.username)));
        for (name, value, default) in [
            ("created", self.created, now),
            ("updated", self.updated, now),
            ("version", self.version, 1),
        ] {
            item.insert(name.to_owned(), number(value.unwrap_or(default)));
        }
        item
    }

    /// What an operator decides of a user, as attributes; `None` is one that must not be there.
    #[must_use]
    pub fn content(&self) -> [(&'static str, Option<AttributeValue>); 5] {
        [
            ("password_hash", Some(text(&self.password_hash))),
            ("scopes", scopes(&self.scopes)),
            ("disabled", Some(AttributeValue::Bool(self.disabled))),
            ("email", self.email.as_ref().map(text)),
            ("full_name", self.full_name.as_ref().map(text)),
        ]
    }

    /// The names of what differs in another record's content.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let pairs = self.content().into_iter().zip(other.content());
        pairs
            .filter(|(ours, theirs)| ours != theirs)
            .map(|((name, _), _)| name)
            .collect()
    }
}

/// The name of a user's item; `None` for the other items of the table.
#[must_use]
pub fn username(item: &Item) -> Option<&str> {
    item.get("pk")?.as_s().ok()?.strip_prefix("user#")
}

/// A set has at least one element, so no scopes are no attribute.
#[must_use]
pub fn scopes(scopes: &[String]) -> Option<AttributeValue> {
    (!scopes.is_empty()).then(|| AttributeValue::Ss(scopes.to_vec()))
}

/// Scopes of the service's catalogue, sorted, each of them once.
pub fn known_scopes<S: Serialize>(list: &[S]) -> Result<Vec<String>, serde_json::Error> {
    // The type's own reading knows the catalogue, and says what is in it.
    let scopes: Scopes = serde_json::from_value(serde_json::to_value(list)?)?;
    let mut scopes: Vec<String> = scopes.iter().map(str::to_owned).collect();
    scopes.sort_unstable();
    Ok(scopes)
}

/// `serde_json` says "line 1" of each line, since it sees no other.
fn place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let problem = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(problem, _)| problem);
    format!("column {}: {problem}", error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc";

    fn line(more: &str) -> String {
        format!(r#"{{"username":"bob","password_hash":"{HASH}","scopes":["me","items"]{more}}}"#)
    }

    fn read(text: &str) -> Result<Record, String> {
        Record::from_line(text.as_bytes())
    }

    #[test]
    fn an_item_reads_back_as_the_line_that_it_was() {
        for more in [
            "",
            r#","disabled":true"#,
            r#","email":"b@x.org","full_name":"Bob \u0000é""#,
            r#","created":1,"updated":2,"version":3"#,
        ] {
            let record = read(&line(more)).unwrap();
            let item = record.to_item(7);
            let again = Record::from_item(&item).unwrap();
            assert!(record.differences(&again).is_empty(), "{more}");
            assert_eq!(again.created, record.created.or(Some(7)));
            assert_eq!(again.version, record.version.or(Some(1)));
            let exported = serde_json::to_string(&again).unwrap();
            assert_eq!(read(&exported), Ok(again), "{exported}");
            assert_eq!(
                ATTRIBUTES
                    .iter()
                    .filter(|name| item.contains_key(**name))
                    .count(),
                item.len()
            );
        }
    }

    #[test]
    fn no_scopes_are_no_attribute() {
        let record = read(&line("").replace(r#""me","items""#, "")).unwrap();
        assert!(!record.to_item(1).contains_key("scopes"));
    }

    #[test]
    fn names_what_differs() {
        let (one, other) = (
            line(""),
            line(r#","disabled":true,"email":"x","version":9"#),
        );
        let differences = read(&one).unwrap().differences(&read(&other).unwrap());
        assert_eq!(differences, ["disabled", "email"]);
    }

    #[test]
    fn a_bad_line_is_refused_with_its_reason() {
        let good = line("");
        for (text, expected) in [
            ("", "column 0: EOF"),
            ("[]", "column 2: invalid length"),
            (&good[..40], "EOF while parsing a string"),
            (&line(r#","admin":true"#), "unknown field `admin`"),
            (&line(r#","disabled":1"#), "expected a boolean"),
            (&line(r#","version":-1"#), "expected u64"),
            (&good.replace("bob", "Bob"), "case-folded form, \"bob\""),
            (&good.replace("bob", ""), "a user name is empty"),
            (
                &good.replace("argon2id", "argon2i"),
                "the password_hash of \"bob\": not an argon2id",
            ),
            (
                &good.replace("items", "admin"),
                "unknown scope \"admin\", the service's scopes are: me, items",
            ),
            (&good.replace("scopes", "scope"), "unknown field `scope`"),
            (&format!("{good} x"), "trailing characters"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("line 1"), "{error}");
        }
    }

    #[test]
    fn an_item_that_lacks_something_is_named() {
        let mut item = read(&line("")).unwrap().to_item(1);
        item.remove("disabled");
        let error = Record::from_item(&item).unwrap_err().to_string();
        assert!(
            error.contains("\"user#bob\" has no valid disabled"),
            "{error}"
        );
    }
}
