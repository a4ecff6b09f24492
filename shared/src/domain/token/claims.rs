//! What a token that came in says: its header, its claims, and whether they hold now.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::InvalidToken;
use crate::domain::scope::Scopes;

/// RFC 7515 4.1.11: what is critical and not understood makes a token invalid, and nothing here
/// is understood; `b64` is always critical (RFC 7797 6). Read once more, since for `jsonwebtoken`
/// a name whose value is `null` is not there.
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

/// The claims of a token that came in. A claim of the wrong type, `null` too, is a bad token.
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
}

impl Payload {
    pub(super) fn check(&self, now: Duration) -> Result<(), InvalidToken> {
        let now = now.as_secs_f64().trunc();
        // RFC 7519 4.1.3: a token for some audience is not for a service that has no name.
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

    /// `scope` counts where both claims are there: it is the one that FastAPI's page reads.
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

/// A JSON object whose names are unique (RFC 7519 4): of two readings of a token, none may be
/// another service's.
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
