//! What `/openapi.json` says about a route's operations. Each function says it beside its route;
//! only `service/` reads it, to make the document.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::http::request::form::FORM;
use crate::http::response::error::ApiError;
use crate::http::response::json::JSON;

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
    /// What it takes as well where features are on.
    pub alternatives: &'static [Alternative],
    /// The status and the schema of a successful answer.
    pub answer: Option<(u16, MakeSchema)>,
    /// An example of each error that the handler itself makes. Errors of the guard, the body and
    /// the parameters are added without being named here.
    pub errors: fn() -> Vec<ApiError>,
    /// What must be on for it to be there.
    pub only_with: Option<Feature>,
}

/// What is off until it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// `REFRESH_IDLE_DAYS` of 1 or more: logins last, by refresh tokens.
    Sessions,
    /// `CLIENTS=check`: clients prove who they are, and have tokens of their own.
    Clients,
}

impl Feature {
    /// Its name in the API's document.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Clients => "clients",
        }
    }
}

/// Another form that an operation takes where a feature is on. FastAPI's page does not have it, so its errors
/// are presented as [`OAuth`](super::Presentation::OAuth) in either dialect.
#[derive(Debug, Clone, Copy)]
pub struct Alternative {
    /// What must be on.
    pub only_with: Feature,
    /// Its schema.
    pub form: MakeSchema,
    /// An example of each error that it adds.
    pub errors: fn() -> Vec<ApiError>,
}

impl Alternative {
    /// A form with the fields of this type.
    #[must_use]
    pub const fn form<T: JsonSchema>(only_with: Feature, errors: fn() -> Vec<ApiError>) -> Self {
        let form: MakeSchema = SchemaGenerator::subschema_for::<T>;
        Self {
            only_with,
            form,
            errors,
        }
    }
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
            alternatives: &[],
            answer: None,
            errors: Vec::new,
            only_with: None,
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

    /// It reads these forms as well.
    #[must_use]
    pub const fn or_takes(self, alternatives: &'static [Alternative]) -> Self {
        Self {
            alternatives,
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

    /// It is there only where this is on.
    #[must_use]
    pub const fn only_with(self, feature: Feature) -> Self {
        Self {
            only_with: Some(feature),
            ..self
        }
    }

    /// It can also refuse with these errors.
    #[must_use]
    pub const fn refuses(self, errors: fn() -> Vec<ApiError>) -> Self {
        Self { errors, ..self }
    }
}

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
