//! A session's item: how its attributes are read and written.

use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::aws::record::scopes as scope_set;
use crate::aws::table::{Item, SESSION, number, number_of, text};
use crate::domain::accounts::Stamp;
use crate::domain::scope::Scopes;
use crate::domain::sessions::session::{Session, SessionState, SessionSummary};
use crate::domain::sessions::token::Sid;
use crate::domain::store::StoreError;

/// More than the characters of a session's name.
const LONGEST: usize = 64;

/// What a session is read from.
pub(super) const ATTRIBUTES: [&str; 11] = [
    "user",
    "client",
    "scopes",
    "stamp",
    "auth_time",
    "current",
    "previous",
    "salt",
    "rotated",
    "expires",
    "ends",
];

/// What says whether a session goes on.
pub(super) const STATE_ATTRIBUTES: [&str; 4] = ["user", "stamp", "expires", "ends"];
/// What a user is told of a session.
pub(super) const SUMMARY_ATTRIBUTES: [&str; 8] = [
    "user",
    "client",
    "scopes",
    "stamp",
    "auth_time",
    "rotated",
    "expires",
    "ends",
];

/// The key of a session's item. A service that shares the key for HS256 may put any text into a token as
/// its `sid`; of one that is too long for a key only the beginning counts, which is no session's.
pub(super) fn key(sid: &Sid) -> String {
    let beginning: String = sid.0.chars().take(LONGEST).collect();
    format!("{SESSION}{beginning}")
}

/// The item of a session.
pub(super) fn write(session: &Session) -> Item {
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
pub(super) fn read(sid: &Sid, item: &Item) -> Result<Session, StoreError> {
    let corrupt = |attribute| corrupt(sid, attribute);
    let SessionSummary {
        sid,
        client,
        scopes,
        auth_time,
        rotated,
        state,
    } = read_summary(sid, item)?;
    Ok(Session {
        sid,
        user: state.user,
        client,
        scopes,
        stamp: state.stamp,
        auth_time,
        current: array(item, "current").ok_or_else(|| corrupt("current"))?,
        previous: array(item, "previous"),
        salt: array(item, "salt").ok_or_else(|| corrupt("salt"))?,
        rotated,
        expires: state.expires,
        ends: state.ends,
    })
}

/// Reads what a user is told of a session.
pub(super) fn read_summary(sid: &Sid, item: &Item) -> Result<SessionSummary, StoreError> {
    let scopes = item.get("scopes").map(|scopes| scopes.as_ss());
    let scopes = scopes.transpose().map_err(|_| corrupt(sid, "scopes"))?;
    Ok(SessionSummary {
        sid: sid.clone(),
        client: string(sid, item, "client")?,
        scopes: scopes
            .map(|scopes| Scopes::from_tokens(scopes))
            .unwrap_or_default(),
        auth_time: time(sid, item, "auth_time")?,
        rotated: time(sid, item, "rotated")?,
        state: read_state(sid, item)?,
    })
}

/// Reads what says whether a session goes on.
pub(super) fn read_state(sid: &Sid, item: &Item) -> Result<SessionState, StoreError> {
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

/// Bytes as an attribute.
pub(super) fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}
