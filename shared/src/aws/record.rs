//! A user's item: how its attributes are read and written.

use aws_sdk_dynamodb::types::AttributeValue;

use super::table::{Item, number, number_of, text, user_key};
use crate::domain::password::PasswordHash;
use crate::domain::scope::Scopes;
use crate::domain::store::StoreError;
use crate::domain::users::{Stamp, User};

/// The attributes of a user that this version knows; a newer version may write more.
pub const ATTRIBUTES: [&str; 10] = [
    "pk",
    "password_hash",
    "scopes",
    "disabled",
    "email",
    "full_name",
    "stamp",
    "created",
    "updated",
    "version",
];

/// An attribute and its value; `None` if the item must not have it.
pub type Attribute = (&'static str, Option<AttributeValue>);

/// All that is stored of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The name.
    pub username: String,
    /// As it is stored: a PHC string, or a hash of another scheme, with which nobody can log in.
    pub password_hash: String,
    /// All scopes that a token of this user may carry. The table keeps no order.
    pub scopes: Scopes,
    /// Is the user disabled?
    pub disabled: bool,
    /// The API shows it to this user only.
    pub email: Option<String>,
    /// The API shows it to this user only.
    pub full_name: Option<String>,
    /// What the user's tokens must carry.
    pub stamp: Option<Stamp>,
    /// Seconds since the epoch.
    pub created: Option<u64>,
    /// Seconds since the epoch.
    pub updated: Option<u64>,
    /// Grows with each write.
    pub version: Option<u64>,
}

impl Record {
    /// Reads the item of this user. If an attribute that a login depends on is missing or has the
    /// wrong type, that is an error: a guess might let somebody in.
    pub fn read(username: &str, item: &Item) -> Result<Self, StoreError> {
        let corrupt = |attribute| StoreError::Corrupt {
            key: user_key(username),
            attribute,
        };
        let string = |name| match item.get(name) {
            None => Ok(None),
            Some(AttributeValue::S(value)) => Ok(Some(value.clone())),
            Some(_) => Err(corrupt(name)),
        };
        Ok(Self {
            username: username.to_owned(),
            password_hash: string("password_hash")?.ok_or(corrupt("password_hash"))?,
            disabled: *item
                .get("disabled")
                .and_then(|value| value.as_bool().ok())
                .ok_or(corrupt("disabled"))?,
            scopes: match item.get("scopes") {
                None => Scopes::default(),
                Some(AttributeValue::Ss(scopes)) => Scopes::from_tokens(scopes),
                Some(_) => return Err(corrupt("scopes")),
            },
            email: string("email")?,
            full_name: string("full_name")?,
            stamp: string("stamp")?.map(Stamp::from),
            created: number_of(item, "created"),
            updated: number_of(item, "updated"),
            version: number_of(item, "version"),
        })
    }

    /// The user as the service sees one.
    #[must_use]
    pub fn into_user(self) -> User {
        User {
            username: self.username,
            password_hash: PasswordHash::parse(&self.password_hash).ok(),
            scopes: self.scopes,
            disabled: self.disabled,
            email: self.email,
            full_name: self.full_name,
            stamp: self.stamp,
        }
    }

    /// The item of a new user; `now` is in seconds since the epoch.
    #[must_use]
    pub fn to_item(&self, now: u64) -> Item {
        let known = self
            .content()
            .into_iter()
            .chain([stamp(self.stamp.as_ref())]);
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

    /// The attributes that an operator can set.
    #[must_use]
    pub fn content(&self) -> [Attribute; 5] {
        [
            ("password_hash", Some(text(&self.password_hash))),
            ("scopes", scopes(&self.scopes)),
            ("disabled", Some(AttributeValue::Bool(self.disabled))),
            ("email", self.email.as_ref().map(text)),
            ("full_name", self.full_name.as_ref().map(text)),
        ]
    }
}

/// A stamp as an attribute.
#[must_use]
pub fn stamp(stamp: Option<&Stamp>) -> Attribute {
    ("stamp", stamp.map(|stamp| text(stamp.as_str())))
}

/// Scopes as an attribute, sorted; `None` if there are none, because DynamoDB has no empty sets.
#[must_use]
pub fn scopes(scopes: &Scopes) -> Option<AttributeValue> {
    let mut list: Vec<String> = scopes.iter().map(str::to_owned).collect();
    list.sort_unstable();
    (!list.is_empty()).then_some(AttributeValue::Ss(list))
}
