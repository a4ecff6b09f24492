//! A user's two items: how their attributes are read and written.
//!
//! The password's hash lies in an item of its own, since a role can be kept from an item by its key, but not
//! reliably from an attribute (docs/adr/0035-credentials-in-an-item-of-their-own.md).

use aws_sdk_dynamodb::types::AttributeValue;

use super::table::{Item, credentials_key, number, number_of, text, user_key};
use crate::domain::accounts::password::PasswordHash;
use crate::domain::accounts::{Account, Stamp, User, UserId};
use crate::domain::scope::Scopes;
use crate::domain::store::StoreError;

/// The attributes of a user's own item that this version knows; a newer version may write more.
pub const USER_ATTRIBUTES: [&str; 11] = [
    "pk",
    "id",
    "scopes",
    "disabled",
    "email",
    "full_name",
    "stamp",
    "credentials_id",
    "created",
    "updated",
    "version",
];

/// Those of the item with the credentials.
pub const CREDENTIALS_ATTRIBUTES: [&str; 4] = ["pk", "password_hash", "credentials_id", "updated"];

/// An attribute and its value; `None` if the item must not have it.
pub type Attribute = (&'static str, Option<AttributeValue>);

/// What is stored of a user in the user's own item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// The user as the service sees one. The table keeps no order of the scopes.
    pub user: User,
    /// Seconds since the epoch.
    pub created: Option<u64>,
    /// Seconds since the epoch.
    pub updated: Option<u64>,
    /// Grows with each write.
    pub version: Option<u64>,
}

/// What is stored of a user in both items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// The user's own item.
    pub record: UserRecord,
    /// As it is stored: a PHC string, or a hash of another scheme, with which nobody can log in.
    pub password_hash: String,
}

/// Reads the item of this user. If an attribute that the service depends on is missing or has the
/// wrong type, that is an error: a guess might let somebody in.
pub fn read_user(username: &str, item: &Item) -> Result<User, StoreError> {
    let corrupt = |attribute| corrupt(user_key(username), attribute);
    let string = |name| string(item, name).map_err(corrupt);
    let id = string("id")?;
    Ok(User {
        id: UserId::from(id.as_deref().unwrap_or(username)),
        username: username.to_owned(),
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
    })
}

impl UserRecord {
    /// Reads the item of this user. An earlier version kept the password's hash in it.
    pub fn read(username: &str, item: &Item) -> Result<Self, StoreError> {
        if item.contains_key("password_hash") {
            return Err(StoreError::Outdated(user_key(username)));
        }
        Ok(Self {
            user: read_user(username, item)?,
            created: number_of(item, "created"),
            updated: number_of(item, "updated"),
            version: number_of(item, "version"),
        })
    }

    /// The attributes that an operator can set.
    #[must_use]
    pub fn content(&self) -> [Attribute; 4] {
        let user = &self.user;
        [
            ("scopes", scopes(&user.scopes)),
            ("disabled", Some(AttributeValue::Bool(user.disabled))),
            ("email", user.email.as_ref().map(text)),
            ("full_name", user.full_name.as_ref().map(text)),
        ]
    }
}

impl AccountRecord {
    /// Reads the two items of this user. They come from two reads, between which somebody may have
    /// changed them: `None` if they do not belong together.
    pub fn read(
        username: &str,
        item: &Item,
        credentials: Option<&Item>,
    ) -> Result<Option<Self>, StoreError> {
        let record = UserRecord::read(username, item)?;
        let key = || credentials_key(username);
        let id = string(item, "credentials_id");
        let id = id.map_err(|name| corrupt(user_key(username), name))?;
        let id = id.ok_or_else(|| StoreError::Outdated(user_key(username)))?;
        let Some(credentials) = credentials else {
            return Ok(None);
        };
        let string = |name| {
            let value = string(credentials, name).ok().flatten();
            value.ok_or_else(|| corrupt(key(), name))
        };
        let password_hash = string("password_hash")?;
        let belongs = string("credentials_id")? == id;
        Ok(belongs.then_some(Self {
            record,
            password_hash,
        }))
    }

    /// The account as a login sees it.
    #[must_use]
    pub fn into_account(self) -> Account {
        Account {
            user: self.record.user,
            password_hash: PasswordHash::parse(&self.password_hash).ok(),
        }
    }

    /// The two items of a new user; `now` is in seconds since the epoch, and the id is one that no
    /// other credentials have.
    #[must_use]
    pub fn to_items(&self, now: u64, credentials_id: &str) -> [Item; 2] {
        let record = &self.record;
        let key = ("pk", Some(text(user_key(&record.user.username))));
        let id = ("credentials_id", Some(text(credentials_id)));
        let user_id = record
            .user
            .has_own_id()
            .then(|| text(record.user.id.as_str()));
        let known = [
            key,
            ("id", user_id),
            id.clone(),
            stamp(record.user.stamp.as_ref()),
        ];
        let numbers = [
            ("created", record.created.unwrap_or(now)),
            ("updated", record.updated.unwrap_or(now)),
            ("version", record.version.unwrap_or(1)),
        ];
        let numbers = numbers.map(|(name, value)| (name, Some(number(value))));
        let user = known.into_iter().chain(record.content()).chain(numbers);
        let credentials = [
            ("pk", Some(text(credentials_key(&record.user.username)))),
            ("password_hash", Some(text(&self.password_hash))),
            id,
            ("updated", Some(number(now))),
        ];
        [to_item(user), to_item(credentials)]
    }
}

fn to_item(attributes: impl IntoIterator<Item = Attribute>) -> Item {
    let there = |(name, value): Attribute| Some((name.to_owned(), value?));
    attributes.into_iter().filter_map(there).collect()
}

/// A string attribute, if there is one; the name as an error if it is no string.
fn string(item: &Item, name: &'static str) -> Result<Option<String>, &'static str> {
    match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::S(value)) => Ok(Some(value.clone())),
        Some(_) => Err(name),
    }
}

fn corrupt(key: String, attribute: &'static str) -> StoreError {
    StoreError::Corrupt { key, attribute }
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
