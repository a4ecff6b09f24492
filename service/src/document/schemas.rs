//! The schemas of the types that the functions read and write, by their names.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value};

/// Collects schemas, and returns references to them.
pub struct Schemas {
    /// The schemas of types that are read from requests.
    pub reading: SchemaGenerator,
    /// The schemas of types that are written into answers.
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

    /// Everything that was referred to.
    pub fn all(mut self) -> Map<String, Value> {
        let mut all = self.reading.take_definitions(true);
        all.extend(self.writing.take_definitions(true));
        all
    }
}
