//! The schemas of the types that are read and written, by their names.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

/// Collects schemas; what it returns refers to them.
pub struct Schemas {
    /// Of types that come with requests.
    pub reading: SchemaGenerator,
    /// Of types that answers are made of.
    pub writing: SchemaGenerator,
}

impl Schemas {
    pub fn new() -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.meta_schema = None;
        settings.definitions_path = "/components/schemas".into();
        Self {
            reading: settings.clone().for_deserialize().into_generator(),
            writing: settings.for_serialize().into_generator(),
        }
    }

    /// Of a type that answers are made of.
    pub fn written<T: JsonSchema>(&mut self) -> Schema {
        self.writing.subschema_for::<T>()
    }

    /// Everything that was referred to.
    pub fn all(mut self) -> Map<String, Value> {
        let mut all = self.reading.take_definitions(true);
        all.extend(self.writing.take_definitions(true));
        all
    }
}
