//! What `/openapi.json` says about a route's operations. Each function says it beside its route;
//! only `service/` reads it, to make the document.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::error::ApiError;

/// Makes a type's schema.
pub type MakeSchema = fn(&mut SchemaGenerator) -> Schema;

/// The description of one operation.
#[derive(Debug, Clone, Copy)]
pub struct Description {
    /// What the operation does, in a few words.
    pub summary: &'static str,
    /// The parameters of path and query.
    pub parameters: &'static [Parameter],
    /// The media type and the schema of the request's body.
    pub body: Option<(&'static str, MakeSchema)>,
    /// The status and the schema of a successful answer.
    pub answer: Option<(u16, MakeSchema)>,
    /// An example of each error that the handler itself makes. Errors of the guard, the body and
    /// the parameters are added without being named here.
    pub errors: fn() -> Vec<ApiError>,
    /// Is it there only where sessions are on?
    pub only_with_sessions: bool,
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
    /// The description of an operation that has no parameters, no body and no answer yet.
    #[must_use]
    pub const fn new(summary: &'static str) -> Self {
        Self {
            summary,
            parameters: &[],
            body: None,
            answer: None,
            errors: Vec::new,
            only_with_sessions: false,
        }
    }

    /// It answers 200 with this type in JSON.
    #[must_use]
    pub const fn answers<T: JsonSchema>(self) -> Self {
        self.answers_with::<T>(200)
    }

    /// Like `answers`, with another status.
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

    /// It is there only where sessions are on.
    #[must_use]
    pub const fn only_with_sessions(self) -> Self {
        Self {
            only_with_sessions: true,
            ..self
        }
    }

    /// It can also refuse with these errors.
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
