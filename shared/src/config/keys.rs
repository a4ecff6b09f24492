//! `SIGNING_KEYS`, `PUBLIC_KEYS`: where the ring of keys is. `ISSUER`, `AUDIENCE`: whose tokens its
//! keys sign.

use super::reader::Reader;
use super::store::StoreConfig;
use crate::aws::table;
use crate::domain::tokens::keys::issuer::BadIssuer;
use crate::domain::tokens::keys::ring::BadRing;
use crate::domain::tokens::keys::{Issuer, Ring};

const SIGNING_KEYS: &str = "SIGNING_KEYS";
const PUBLIC_KEYS: &str = "PUBLIC_KEYS";
const ISSUER: &str = "ISSUER";
const AUDIENCE: &str = "AUDIENCE";

/// Where a ring is.
#[derive(Debug)]
pub enum RingConfig {
    /// In the variable itself.
    Given(Ring),
    /// In an item of DynamoDB.
    Item {
        /// The table; without a name that of the users.
        name: Option<String>,
        /// The item's key.
        key: &'static str,
        /// The store of the users, whose connection is used.
        store: StoreConfig,
    },
}

/// How the text of a ring is read.
type Parse = fn(&str) -> Result<Ring, BadRing>;

/// The private ring; `None` if the variable is not set.
pub(super) fn private(reader: &mut Reader<'_>) -> Option<RingConfig> {
    let value = reader.get(SIGNING_KEYS)?;
    let Some(table) = value.strip_prefix("dynamodb:") else {
        return Some(given(SIGNING_KEYS, &value, Ring::from_json, reader));
    };
    let known = is_dynamodb(reader);
    if table.is_empty() || !known {
        reader.problem(
            SIGNING_KEYS,
            "dynamodb: needs the name of a table, and USER_STORE=dynamodb",
        );
    }
    Some(RingConfig::Item {
        name: Some(table.to_owned()),
        key: table::PRIVATE_KEYS,
        store: StoreConfig::read(reader),
    })
}

/// The public ring: with `USER_STORE=dynamodb` it is in the users' table, whether it is there yet or
/// not; else `None` if the variable is not set.
pub(super) fn public(reader: &mut Reader<'_>) -> Option<RingConfig> {
    match reader.get(PUBLIC_KEYS) {
        Some(value) => Some(given(PUBLIC_KEYS, &value, Ring::public_from_json, reader)),
        None if is_dynamodb(reader) => Some(RingConfig::Item {
            name: None,
            key: table::PUBLIC_KEYS,
            store: StoreConfig::read(reader),
        }),
        None => None,
    }
}

/// The issuer, if it is not to be that of the ring.
pub(super) fn issuer(reader: &mut Reader<'_>) -> Option<Issuer> {
    let (url, audience) = (reader.get(ISSUER), reader.get(AUDIENCE));
    let Some(url) = url else {
        if audience.is_some() {
            reader.problem(AUDIENCE, "set, but ISSUER is not; it needs one");
        }
        return None;
    };
    match Issuer::new(&url, audience.as_deref()) {
        Ok(issuer) => return Some(issuer),
        Err(error @ BadIssuer::NotAnOrigin) => {
            reader.problem(ISSUER, format_args!("{url:?} is {error}"));
        }
        Err(error @ BadIssuer::Audience) => reader.problem(AUDIENCE, error),
    }
    None
}

/// A ring in JSON.
fn given(name: &str, value: &str, parse: Parse, reader: &mut Reader<'_>) -> RingConfig {
    let ring = if value.starts_with('{') {
        parse(value).map_err(|error| error.to_string())
    } else {
        Err("no ring of keys in JSON; make one with: users keys generate --json".to_owned())
    };
    RingConfig::Given(reader.or_problem(name, ring))
}

pub(super) fn is_dynamodb(reader: &Reader<'_>) -> bool {
    reader.get("USER_STORE").as_deref() == Some("dynamodb")
}
