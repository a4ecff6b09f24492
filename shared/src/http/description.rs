//! What `/openapi.json` says of a route's operations. It stands beside the route, and only the
//! `openapi` function reads it.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::error::ApiError;

/// Makes a type's schema.
pub type MakeSchema = fn(&mut SchemaGenerator) -> Schema;

/// What is said of one operation.
#[derive(Debug, Clone, Copy)]
pub struct Description {
    /// A few words.
    pub summary: &'static str,
    /// The parameters of path and query.
    pub parameters: &'static [Parameter],
    /// The body that comes in, and its media type.
    pub body: Option<(&'static str, MakeSchema)>,
    /// The status of success, and what comes back with it.
    pub answer: Option<(u16, MakeSchema)>,
    /// One of each kind of error that the handler itself makes. What the guard, the body and the
    /// parameters can be refused for is known without it.
    pub errors: fn() -> Vec<ApiError>,
}

/// A parameter of a path or a query.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// `path` or `query`.
    pub place: &'static str,
    /// Must it be there?
    pub required: bool,
    /// Its type.
    pub schema: MakeSchema,
}

impl Description {
    /// Of an operation that answers with nothing yet.
    #[must_use]
    pub const fn new(summary: &'static str) -> Self {
        Self {
            summary,
            parameters: &[],
            body: None,
            answer: None,
            errors: Vec::new,
        }
    }

    /// It answers 200 with this type in JSON.
    #[must_use]
    pub const fn answers<T: JsonSchema>(self) -> Self {
        self.answers_with::<T>(200)
    }

    /// The same, with another status.
    #[must_use]
    pub const fn answers_with<T: JsonSchema>(self, status: u16) -> Self {
        Self {
            answer: Some((status, SchemaGenerator::subschema_for::<T>)),
            ..self
        }
    }

    /// It reads a form with the fields of this type.
    #[must_use]
    pub const fn takes_form<T: JsonSchema>(self) -> Self {
        let schema: MakeSchema = SchemaGenerator::subschema_for::<T>;
        Self {
            body: Some((FORM, schema)),
            ..self
        }
    }

    /// It reads this type in JSON.
    #[must_use]
    pub const fn takes_json<T: JsonSchema>(self) -> Self {
        let schema: MakeSchema = SchemaGenerator::subschema_for::<T>;
        Self {
            body: Some((JSON, schema)),
            ..self
        }
    }

    /// It has these parameters.
    #[must_use]
    pub const fn parameters(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    /// It refuses with these errors, too.
    #[must_use]
    pub const fn refuses(self, errors: fn() -> Vec<ApiError>) -> Self {
        Self { errors, ..self }
    }
}

/// The media type of a form.
pub const FORM: &str = "application/x-www-form-urlencoded";
/// The media type of JSON.
pub const JSON: &str = "application/json";

impl Parameter {
    /// A parameter of the path.
    #[must_use]
    pub const fn path<T: JsonSchema>(name: &'static str) -> Self {
        Self {
            name,
            place: "path",
            required: true,
            schema: SchemaGenerator::subschema_for::<T>,
        }
    }

    /// A parameter of the query that may be missing.
    #[must_use]
    pub const fn query<T: JsonSchema>(name: &'static str) -> Self {
        Self {
            name,
            place: "query",
            required: false,
            schema: SchemaGenerator::subschema_for::<T>,
        }
    }

    /// A parameter of the query that must be there.
    #[must_use]
    pub const fn required<T: JsonSchema>(name: &'static str) -> Self {
        Self {
            required: true,
            ..Self::query::<T>(name)
        }
    }
}
