//! Sessions in DynamoDB, each of them one item (see [`super::table`]).
//!
//! | module | holds |
//! |---|---|
//! | [`item`] | how an item is read and written |
//! | [`by_user`] | the index of sessions by their users |

mod by_user;
mod item;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder as UpdateItem;
use aws_sdk_dynamodb::types::{
    DeleteRequest, PutRequest, ReturnValue, ReturnValuesOnConditionCheckFailure, WriteRequest,
};
use tracing::warn;

use self::item::{ATTRIBUTES, STATE_ATTRIBUTES, bytes, key, read, read_state};
use super::record::read_user;
use super::table::{Item, Table, number, text, user_key};
use super::users::PROJECTION;
use crate::domain::accounts::{Stamp, User, is_name};
use crate::domain::scope::Scopes;
use crate::domain::sessions::session::{Rotated, Rotation, Session, SessionSummary};
use crate::domain::sessions::store::{Owner, Seen, SessionStore};
use crate::domain::sessions::token::Sid;
use crate::domain::store::{Asking, StoreError};

/// One update: all names have placeholders, since some are reserved.
const ROTATE: &str = "SET #previous = #current, #current = :next, #salt = :salt, #rotated = :rotated, #expires = :expires";
const NAMES: [&str; 8] = [
    "previous", "current", "salt", "rotated", "expires", "ends", "client", "scopes",
];

/// How often DynamoDB is sent what it did not write at first.
const MOST_WRITES: usize = 2;

impl SessionStore for Table {
    fn begin<'a>(&'a self, session: &'a Session, ending: &'a [Sid]) -> Asking<'a, ()> {
        Box::pin(async {
            let put = PutRequest::builder().set_item(Some(item::write(session)));
            let put = WriteRequest::builder().set_put_request(put.build().ok());
            let deletes = ending.iter().map(|sid| {
                let delete = DeleteRequest::builder().key("pk", text(key(sid)));
                let delete = delete.build().ok();
                WriteRequest::builder().set_delete_request(delete).build()
            });
            let writes = [put.build()].into_iter().chain(deletes).collect();
            let mut left = HashMap::from([(self.name.clone(), writes)]);
            for _ in 0..MOST_WRITES {
                let batch = self.client.batch_write_item();
                let output = batch.set_request_items(Some(left)).send().await?;
                left = output.unprocessed_items.unwrap_or_default();
                if left.is_empty() {
                    return Ok(());
                }
            }
            Err(StoreError::Unavailable(
                "DynamoDB left items unprocessed".into(),
            ))
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

    fn end<'a>(&'a self, sid: &'a Sid, owner: Owner<'a>) -> Asking<'a, bool> {
        Box::pin(async move {
            let (attribute, value) = match owner {
                Owner::Any => ("pk", key(sid)),
                Owner::Client(client) => ("client", client.to_owned()),
                Owner::User(user) => ("user", user.to_owned()),
            };
            let delete = self.client.delete_item().table_name(&self.name);
            let delete = delete
                .key("pk", text(key(sid)))
                .condition_expression("#attribute = :value")
                .expression_attribute_names("#attribute", attribute)
                .expression_attribute_values(":value", text(value));
            match delete.send().await {
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
                {
                    Ok(false)
                }
                done => done.map(|_| true).map_err(StoreError::from),
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
            let items = self.read_now([key(sid)], ATTRIBUTES).await?;
            items.get(&key(sid)).map(|item| read(sid, item)).transpose()
        })
    }

    fn oldest<'a>(&'a self, username: &'a str, most: usize) -> Asking<'a, Vec<Sid>> {
        Box::pin(self.first_sids(username, most, true))
    }

    fn newest<'a>(&'a self, username: &'a str, most: usize) -> Asking<'a, Vec<SessionSummary>> {
        Box::pin(async move {
            let sids = self.first_sids(username, most, false).await?;
            let sessions = self.summaries(&sids).await?.into_iter();
            // The `users` command names those that cannot be read.
            let readable = |(_, session): (_, Result<_, StoreError>)| {
                let note = |error: &StoreError| warn!(reason = %error, "a session is not shown");
                session.inspect_err(note).ok()
            };
            Ok(sessions.filter_map(readable).collect())
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
