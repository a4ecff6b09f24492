//! JSON objects that every reader reads alike.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

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
