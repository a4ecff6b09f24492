//! Makes the document (OpenAPI 3.1) from what the functions really use: their routes, the types
//! that they read and write, and the responses of their errors. `make routes` writes it into
//! `functions/openapi/documents`.

mod errors;
mod schemas;

use lambda_http::http::StatusCode;
use serde_json::{Map, Value, json};
use shared::domain::access::Access;
use shared::domain::scope::CATALOGUE;
use shared::http::{Description, Dialect, Operation, Parameter, Surface};
use shared::lambda::Function;

use errors::{Spelling, operation_errors, responses};
use schemas::Schemas;

/// The name that FastAPI gives to this security scheme.
const SCHEME: &str = "OAuth2PasswordBearer";

/// What the document says of an operation that is off unless this is on. `functions/openapi` leaves it out.
const ONLY_WITH: &str = "x-only-with";

/// The document of these functions with everything that they can offer. The API's address is relative
/// to the document's own: neither the domain nor the stage is known here.
#[must_use]
pub fn document(functions: &[Function], dialect: Dialect) -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for function in functions {
        let operations = function.route.operations.iter().zip(function.description);
        let mut item = Map::new();
        for (operation, description) in operations {
            let operation = Described {
                function,
                operation,
                description,
            };
            let method = operation.operation.method.to_lowercase();
            item.insert(method, operation.object(dialect, &mut schemas));
        }
        if let (Some(path), false) = (function.route.path(), item.is_empty()) {
            paths.insert(path.to_owned(), Value::Object(item));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "lambda-oauth2-scopes",
            "description": "OAuth2 scopes on AWS Lambda, in Rust.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{"url": "./"}],
        "paths": paths,
        "components": {
            "schemas": schemas.all(),
            "securitySchemes": {SCHEME: security_scheme(functions)},
        },
    })
}

/// An operation with its function and its description.
struct Described<'a> {
    function: &'a Function,
    operation: &'a Operation,
    description: &'a Description,
}

impl Described<'_> {
    /// OpenAPI's Operation Object.
    fn object(&self, dialect: Dialect, schemas: &mut Schemas) -> Value {
        let errors = operation_errors(*self.operation, self.description, schemas);
        let surface = self.function.route.surface;
        let mut responses = responses(&errors, Spelling { dialect, surface }, schemas);
        if let Some((status, schema)) = self.description.answer {
            let schema = schema(&mut schemas.writing);
            let ok = json!({
                "description": reason(status),
                "content": {"application/json": {"schema": schema}},
            });
            responses.insert(status.to_string(), ok);
        }
        let mut object = json!({
            "summary": self.description.summary,
            "operationId": self.id(),
            "responses": responses,
        });
        if let Some((media_type, schema)) = self.description.body {
            let mut schema = json!(schema(&mut schemas.reading));
            if (dialect, surface) == (Dialect::Rfc, Surface::TokenEndpoint) {
                schema = json!({"allOf": [schema, {"required": ["grant_type"]}]});
            }
            let content = json!({media_type: {"schema": schema}});
            object["requestBody"] = json!({"required": true, "content": content});
        }
        if !self.description.parameters.is_empty() {
            let parameters = self.description.parameters.iter();
            let parameters = parameters.map(|one| parameter(one, schemas));
            object["parameters"] = parameters.collect();
        }
        if self.description.only_with_sessions {
            object[ONLY_WITH] = "sessions".into();
        }
        if self.operation.access != Access::Public {
            object["security"] = json!([{SCHEME: self.operation.access.scopes()}]);
        }
        object
    }

    /// The function's name, followed by the method if the path has several.
    fn id(&self) -> String {
        let name = self.function.name;
        match self.function.route.operations {
            [_] => name.to_owned(),
            _ => format!("{name}-{}", self.operation.method.to_lowercase()),
        }
    }
}

/// OpenAPI's Parameter Object.
fn parameter(parameter: &Parameter, schemas: &mut Schemas) -> Value {
    json!({
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "schema": (parameter.schema)(&mut schemas.reading),
    })
}

/// How a token is got: with a password, then with a refresh token, or by a client for itself.
fn security_scheme(functions: &[Function]) -> Value {
    let scopes: Map<String, Value> = CATALOGUE
        .iter()
        .map(|(scope, description)| ((*scope).to_owned(), (*description).into()))
        .collect();
    let token = functions.iter().find(|function| function.name == "token");
    let token_url = token.and_then(|token| token.route.path());
    let token_url = token_url.map(|path| path.trim_start_matches('/'));
    let flows = json!({
        "password": {"scopes": scopes, "tokenUrl": token_url, "refreshUrl": token_url},
        "clientCredentials": {"scopes": scopes, "tokenUrl": token_url},
    });
    json!({"type": "oauth2", "flows": flows})
}

fn reason(status: u16) -> Option<&'static str> {
    StatusCode::from_u16(status).ok()?.canonical_reason()
}
