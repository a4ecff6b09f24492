//! The document (OpenAPI 3.1): `make routes` writes it with everything that can be on; what is off is
//! taken out when it is first asked for.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The member of an object that is there only where one of the features in its list is on.
pub const ONLY_WITH: &str = "x-only-with";

/// The OpenAPI Object. Its paths are in the order in which `service` lists the functions.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApiDocument {
    /// The version of OpenAPI.
    pub openapi: String,
    /// Title, description and version of this API.
    pub info: Value,
    /// The groups of operations.
    pub tags: Value,
    /// The operations by path and method.
    pub paths: IndexMap<String, Value>,
    /// Schemas and security schemes.
    pub components: Value,
}

impl ApiDocument {
    /// Takes out what is off, and the schemas that nothing refers to any more.
    #[must_use]
    pub fn with(mut self, is_on: &impl Fn(&str) -> bool) -> Self {
        for part in [&mut self.tags, &mut self.components] {
            filter(part, is_on);
        }
        let password = "/securitySchemes/OAuth2PasswordBearer/flows/password";
        let password = self.components.pointer_mut(password);
        if let (Some(password), false) =
            (password.and_then(Value::as_object_mut), is_on("sessions"))
        {
            password.remove("refreshUrl");
        }
        self.paths.retain(|_, item| {
            filter(item, is_on);
            item.as_object().is_some_and(|item| !item.is_empty())
        });
        self.drop_unused_schemas();
        self
    }

    /// A schema that is dropped may have been the last to refer to another.
    fn drop_unused_schemas(&mut self) {
        let paths = self.paths.values().map(Value::to_string);
        let paths: String = paths.collect();
        loop {
            let text = self.components.to_string();
            let Some(schemas) = self.components["schemas"].as_object_mut() else {
                return;
            };
            let before = schemas.len();
            schemas.retain(|name, _| {
                let reference = format!("\"#/components/schemas/{name}\"");
                paths.contains(&reference) || text.contains(&reference)
            });
            if schemas.len() == before {
                return;
            }
        }
    }
}

/// Drops each member and element that is off, and the marks of those that stay.
fn filter(value: &mut Value, is_on: &impl Fn(&str) -> bool) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| stays(member, is_on));
            for member in members.values_mut() {
                filter(member, is_on);
            }
        }
        Value::Array(elements) => {
            elements.retain_mut(|element| stays(element, is_on));
            for element in elements {
                filter(element, is_on);
            }
        }
        _ => {}
    }
    one_choice(value);
}

fn stays(value: &mut Value, is_on: &impl Fn(&str) -> bool) -> bool {
    let mark = value
        .as_object_mut()
        .and_then(|object| object.remove(ONLY_WITH));
    let Some(Value::Array(features)) = mark else {
        return true;
    };
    features.iter().filter_map(Value::as_str).any(is_on)
}

/// A choice with one alternative is that alternative.
fn one_choice(value: &mut Value) {
    for choice in ["anyOf", "oneOf"] {
        let choice = value.get_mut(choice).and_then(Value::as_array_mut);
        if let Some([one]) = choice.map(Vec::as_mut_slice) {
            *value = one.take();
        }
    }
}
