//! Sessions in DynamoDB, each of them one item (see [`super::table`]).

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder as UpdateItem;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::record::{read_user, scopes as scope_set};
use super::table::{Item, SESSION, Table, number, number_of, text, user_key};
use super::users::PROJECTION;
use crate::domain::scope::Scopes;
use crate::domain::sessions::session::{Rotated, Rotation, Session, SessionState};
use crate::domain::sessions::store::{Seen, SessionStore};
use crate::domain::sessions::token::Sid;
use crate::domain::store::{Asking, StoreError};
use crate::domain::users::{Stamp, User, is_name};

/// One update: all names have placeholders, since some are reserved.
const ROTATE: &str = "SET #previous = #current, #current = :next, #salt = :salt, #rotated = :rotated, #expires = :expires";
const NAMES: [&str; 8] = [
    "previous", "current", "salt", "rotated", "expires", "ends", "client", "scopes",
];

/// More than the characters of a session's name.
const LONGEST: usize = 64;

/// What a session is read from; its `scopes` and its `stamp` are named like a user's.
const SESSION_ATTRIBUTES: [&str; 9] = [
    "user",
    "client",
    "auth_time",
    "current",
    "previous",
    "salt",
    "rotated",
    "expires",
    "ends",
];

/// What says whether a session goes on; its `stamp` is named like a user's.
const STATE_ATTRIBUTES: [&str; 3] = ["user", "expires", "ends"];

/// The key of a session's item. A service that shares the key for HS256 may put any text into a token as
/// its `sid`; of one that is too long for a key only the beginning counts, which is no session's.
fn key(sid: &Sid) -> String {
    let beginning: String = sid.0.chars().take(LONGEST).collect();
    format!("{SESSION}{beginning}")
}

impl SessionStore for Table {
    fn begin<'a>(&'a self, session: &'a Session) -> Asking<'a, ()> {
        Box::pin(async {
            let put = self.client.put_item().table_name(&self.name);
            put.set_item(Some(item(session))).send().await?;
            Ok(())
        })
    }

    fn rotate<'a>(&'a self, rotation: &'a Rotation) -> Asking<'a, Rotated> {
        Box::pin(async {
            let key = key(&rotation.sid);
            let update = self.client.update_item().table_name(&self.name);
            match rotate(update.key("pk", text(&key)), rotation).send().await {
                Ok(output) => {
                    let item = output.attributes.unwrap_or_default();
                    Ok(Rotated::Yes(read(&rotation.sid, &item)?))
                }
                Err(error) => {
                    let old = refused(error)?;
                    let old = old.map(|old| read(&rotation.sid, &old));
                    Ok(Rotated::No(old.transpose()?))
                }
            }
        })
    }

    fn end<'a>(&'a self, sid: &'a Sid, client: Option<&'a str>) -> Asking<'a, ()> {
        Box::pin(async move {
            let mut delete = self.client.delete_item().table_name(&self.name);
            delete = delete.key("pk", text(key(sid)));
            if let Some(client) = client {
                delete = delete
                    .condition_expression("#client = :client")
                    .expression_attribute_names("#client", "client")
                    .expression_attribute_values(":client", text(client));
            }
            match delete.send().await {
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
                {
                    Ok(())
                }
                done => done.map(drop).map_err(StoreError::from),
            }
        })
    }

    fn end_all<'a>(&'a self, username: &'a str, stamp: &'a Stamp, now: Duration) -> Asking<'a, ()> {
        Box::pin(async move {
            let update = self.client.update_item().table_name(&self.name);
            let update = update
                .key("pk", text(user_key(username)))
                .update_expression("SET stamp = :stamp, updated = :now ADD version :one")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_values(":stamp", text(stamp.as_str()))
                .expression_attribute_values(":now", number(now.as_secs()))
                .expression_attribute_values(":one", number(1));
            match update.send().await {
                // The user was removed meanwhile, and the tokens ended with the user.
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
                {
                    Ok(())
                }
                done => done.map(drop).map_err(StoreError::from),
            }
        })
    }

    fn session<'a>(&'a self, sid: &'a Sid) -> Asking<'a, Option<Session>> {
        Box::pin(async move {
            let attributes = SESSION_ATTRIBUTES.into_iter().chain(["scopes", "stamp"]);
            let items = self.read_now([key(sid)], attributes).await?;
            items.get(&key(sid)).map(|item| read(sid, item)).transpose()
        })
    }

    fn user<'a>(&'a self, username: &'a str) -> Asking<'a, Option<User>> {
        Box::pin(async move {
            if !is_name(username) {
                return Ok(None);
            }
            let items = self.read_now([user_key(username)], PROJECTION).await?;
            let item = items.get(&user_key(username));
            item.map(|item| read_user(username, item)).transpose()
        })
    }

    fn look<'a>(&'a self, username: &'a str, sid: &'a Sid) -> Asking<'a, Seen> {
        Box::pin(async move {
            if !is_name(username) {
                return Ok(Seen::default());
            }
            let keys = [user_key(username), key(sid)];
            let attributes = PROJECTION.into_iter().chain(STATE_ATTRIBUTES);
            let items = self.read_now(keys.clone(), attributes).await?;
            let user = items.get(&keys[0]).map(|item| read_user(username, item));
            let session = items.get(&keys[1]).map(|item| read_state(sid, item));
            Ok(Seen {
                user: user.transpose()?,
                session: session.transpose()?,
            })
        })
    }
}

/// What [`Session::allows`] says, as a condition.
fn rotate(update: UpdateItem, rotation: &Rotation) -> UpdateItem {
    let mut conditions = vec![
        "#current = :presented".to_owned(),
        "#client = :client".to_owned(),
        "#expires > :now".to_owned(),
        "#ends > :now".to_owned(),
    ];
    let names_scopes = rotation.asked.iter().flat_map(Scopes::iter).count() > 0;
    let mut update = update;
    let asked = rotation.asked.iter().flat_map(Scopes::iter);
    for (at, scope) in asked.enumerate() {
        conditions.push(format!("contains(#scopes, :s{at})"));
        update = update.expression_attribute_values(format!(":s{at}"), text(scope));
    }
    for name in NAMES {
        if name != "scopes" || names_scopes {
            update = update.expression_attribute_names(format!("#{name}"), name);
        }
    }
    update
        .update_expression(ROTATE)
        .condition_expression(conditions.join(" AND "))
        .expression_attribute_values(":presented", bytes(&rotation.presented))
        .expression_attribute_values(":next", bytes(&rotation.next))
        .expression_attribute_values(":salt", bytes(&rotation.salt))
        .expression_attribute_values(":client", text(&rotation.client))
        .expression_attribute_values(":now", number(rotation.now.as_secs()))
        .expression_attribute_values(":rotated", number(rotation.replaced().as_secs()))
        .expression_attribute_values(":expires", number(rotation.expires.as_secs()))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
}

/// The item as it stands, if the condition did not hold; `None` if there is none.
fn refused<R>(error: SdkError<UpdateItemError, R>) -> Result<Option<Item>, StoreError>
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
            Ok(failed.item().cloned().filter(|item| !item.is_empty()))
        }
        _ => Err(error.into()),
    }
}

fn item(session: &Session) -> Item {
    let optional = [
        ("scopes", scope_set(&session.scopes)),
        (
            "stamp",
            session.stamp.as_ref().map(|stamp| text(stamp.as_str())),
        ),
        (
            "previous",
            session.previous.as_ref().map(|hash| bytes(hash)),
        ),
    ];
    let required = [
        ("pk", text(key(&session.sid))),
        ("user", text(&session.user)),
        ("client", text(&session.client)),
        ("auth_time", number(session.auth_time.as_secs())),
        ("current", bytes(&session.current)),
        ("salt", bytes(&session.salt)),
        ("rotated", number(session.rotated.as_secs())),
        ("expires", number(session.expires.as_secs())),
        ("ends", number(session.ends.as_secs())),
    ];
    let optional = optional
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let attributes = required.into_iter().chain(optional);
    attributes
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Reads a session's item. What is missing makes it corrupt: a guess might let somebody in.
fn read(sid: &Sid, item: &Item) -> Result<Session, StoreError> {
    let corrupt = |attribute| corrupt(sid, attribute);
    let SessionState {
        user,
        stamp,
        expires,
        ends,
    } = read_state(sid, item)?;
    let scopes = item.get("scopes").map(|scopes| scopes.as_ss());
    let scopes = scopes.transpose().map_err(|_| corrupt("scopes"))?;
    Ok(Session {
        sid: sid.clone(),
        user,
        client: string(sid, item, "client")?,
        scopes: scopes
            .map(|scopes| Scopes::from_tokens(scopes))
            .unwrap_or_default(),
        stamp,
        auth_time: time(sid, item, "auth_time")?,
        current: array(item, "current").ok_or_else(|| corrupt("current"))?,
        previous: array(item, "previous"),
        salt: array(item, "salt").ok_or_else(|| corrupt("salt"))?,
        rotated: time(sid, item, "rotated")?,
        expires,
        ends,
    })
}

/// Reads what says whether a session goes on.
fn read_state(sid: &Sid, item: &Item) -> Result<SessionState, StoreError> {
    let stamp = item.get("stamp").map(|_| string(sid, item, "stamp"));
    Ok(SessionState {
        user: string(sid, item, "user")?,
        stamp: stamp.transpose()?.map(Stamp::from),
        expires: time(sid, item, "expires")?,
        ends: time(sid, item, "ends")?,
    })
}

fn string(sid: &Sid, item: &Item, name: &'static str) -> Result<String, StoreError> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.cloned().ok_or_else(|| corrupt(sid, name))
}

fn time(sid: &Sid, item: &Item, name: &'static str) -> Result<Duration, StoreError> {
    let seconds = number_of(item, name).ok_or_else(|| corrupt(sid, name))?;
    Ok(Duration::from_secs(seconds))
}

fn corrupt(sid: &Sid, attribute: &'static str) -> StoreError {
    let key = key(sid);
    StoreError::Corrupt { key, attribute }
}

fn array<const N: usize>(item: &Item, name: &str) -> Option<[u8; N]> {
    let blob = item.get(name)?.as_b().ok()?;
    blob.as_ref().try_into().ok()
}

fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}
