//! Reads the header and the claims of a received token, and checks that they hold now.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::InvalidToken;
use crate::domain::scope::Scopes;
use crate::domain::users::Stamp;

/// Refuses `crit`: it names extensions that a service must understand, and this one knows none
/// (RFC 7515 4.1.11). `b64` is such an extension (RFC 7797 6). A `kid` must be a string
/// (RFC 7515 4.1.4). `jsonwebtoken` ignores a name whose value is `null`, so the header is read
/// here once more.
pub(super) fn check_header(token: &str) -> Result<(), InvalidToken> {
    let header = token.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD
        .decode(header)
        .map_err(|_| InvalidToken::Malformed)?;
    let header: UniqueNames<Map<String, Value>> =
        serde_json::from_slice(&header).map_err(|_| InvalidToken::Malformed)?;
    let UniqueNames(header) = header;
    let not_understood = ["crit", "b64"]
        .iter()
        .any(|name| header.contains_key(*name));
    let kid = header.get("kid").is_none_or(Value::is_string);
    if not_understood || !kid {
        Err(InvalidToken::Malformed)
    } else {
        Ok(())
    }
}

/// The claims of a received token. If one of them has the wrong type or is `null`, the token is
/// invalid.
#[derive(Deserialize)]
pub(super) struct Payload {
    pub(super) sub: String,
    exp: f64,
    #[serde(default, deserialize_with = "not_null")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "not_null")]
    iat: Option<f64>,
    #[serde(default, deserialize_with = "not_null", rename = "jti")]
    _jti: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    aud: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "not_null")]
    scope: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    scopes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "not_null")]
    pub(super) stamp: Option<Stamp>,
}

impl Payload {
    pub(super) fn check(&self, now: Duration) -> Result<(), InvalidToken> {
        let now = now.as_secs_f64().trunc();
        // RFC 7519 4.1.3: a service that `aud` does not name must refuse the token. This service
        // has no name, so it refuses every `aud`.
        if self.aud.is_some() {
            return Err(InvalidToken::Audience);
        }
        // RFC 7519 4.1.4: "on or after which the JWT MUST NOT be accepted".
        if now >= self.exp.trunc() {
            return Err(InvalidToken::Expired);
        }
        if [self.nbf, self.iat]
            .into_iter()
            .flatten()
            .any(|start| start.trunc() > now)
        {
            return Err(InvalidToken::NotYetValid);
        }
        Ok(())
    }

    /// If both claims are there, `scope` counts, because FastAPI's page reads that one.
    pub(super) fn scopes(&self) -> Scopes {
        match (&self.scope, &self.scopes) {
            (Some(text), _) => Scopes::from_claim(text),
            (None, Some(list)) => Scopes::from_tokens(list),
            (None, None) => Scopes::default(),
        }
    }
}

fn not_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A JSON object whose names are unique (RFC 7519 4). If a name were there twice, another service
/// might read a different value from the same token.
pub(super) struct UniqueNames<T>(pub(super) T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for UniqueNames<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = deserializer.deserialize_map(UniqueNamesVisitor)?;
        let inner = T::deserialize(Value::Object(object)).map_err(D::Error::custom)?;
        Ok(Self(inner))
    }
}

struct UniqueNamesVisitor;

impl<'de> Visitor<'de> for UniqueNamesVisitor {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = access.next_entry()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name is there twice"));
            }
        }
        Ok(object)
    }
}
