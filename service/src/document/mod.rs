//! Makes the document (OpenAPI 3.1) from what the functions really use: their routes, the types
//! that they read and write, and the responses of their errors. `make routes` writes it into
//! `functions/openapi/documents`.

mod errors;
mod schemas;

use indexmap::IndexMap;
use lambda_http::http::StatusCode;
use openapi::{ApiDocument, ONLY_WITH};
use serde_json::{Map, Value, json};
use shared::domain::access::Access;
use shared::domain::scope::CATALOGUE;
use shared::http::{Description, Dialect, Feature, MakeSchema, Operation, Parameter};
use shared::lambda::Function;

use errors::{operation_errors, responses};
use schemas::Schemas;

/// The name that FastAPI gives to this security scheme.
const SCHEME: &str = "OAuth2PasswordBearer";

/// How a client proves who it is by a header (RFC 6749 2.3.1).
const CLIENT_SCHEME: &str = "ClientSecretBasic";

/// The document of these functions with everything that can be on; what is off until it is asked for is
/// marked with [`ONLY_WITH`].
#[must_use]
pub fn document(functions: &[Function], dialect: Dialect) -> ApiDocument {
    let mut schemas = Schemas::new();
    let mut paths = IndexMap::new();
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
    ApiDocument {
        openapi: "3.1.0".to_owned(),
        info: json!({
            "title": "lambda-oauth2-scopes",
            "description": "OAuth2 scopes on AWS Lambda, in Rust.",
            "version": env!("CARGO_PKG_VERSION"),
        }),
        tags: json!([
            {"name": tag(None)},
            only_with(&[Feature::Sessions], json!({"name": tag(Some(Feature::Sessions))})),
            only_with(&[Feature::Clients], json!({"name": tag(Some(Feature::Clients))})),
        ]),
        paths,
        components: json!({
            "schemas": schemas.all(),
            "securitySchemes": {
                SCHEME: security_scheme(functions),
                CLIENT_SCHEME: only_with(&[Feature::Clients], json!({"type": "http", "scheme": "basic"})),
            },
        }),
    }
}

/// Marks what is there only where one of these is on.
fn only_with(features: &[Feature], mut object: Value) -> Value {
    if !features.is_empty() {
        let names = features.iter().map(|feature| feature.name());
        object[ONLY_WITH] = names.collect();
    }
    object
}

/// The group of an operation. OpenAPI's tools call operations without one `default`.
fn tag(only_with: Option<Feature>) -> &'static str {
    only_with.map_or("default", Feature::name)
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
        let route = self.function.route;
        let errors = operation_errors(*self.operation, route, self.description, schemas);
        let mut responses = responses(&errors, route.presentation(dialect), schemas);
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
            "tags": [tag(self.description.only_with)],
            "responses": responses,
        });
        if let Some((media_type, schema)) = self.description.body {
            let first = self.form(schema, dialect, schemas);
            let others = self.description.alternatives.iter().map(|other| {
                let schema = self.form(other.form, dialect, schemas);
                only_with(&[other.only_with], schema)
            });
            let others: Vec<_> = others.collect();
            let schema = match &others[..] {
                [] => first,
                others => json!({"oneOf": Value::from([&[first], others].concat())}),
            };
            let content = json!({media_type: {"schema": schema}});
            object["requestBody"] = json!({"required": true, "content": content});
        }
        if !self.description.parameters.is_empty() {
            let parameters = self.description.parameters.iter();
            let parameters = parameters.map(|one| parameter(one, schemas));
            object["parameters"] = parameters.collect();
        }
        object["security"] = self.security();
        only_with(self.description.only_with.as_slice(), object)
    }

    /// The schema of a body. At OAuth's endpoints a client can prove who it is in the form (RFC 6749 2.3.1).
    fn form(&self, make: MakeSchema, dialect: Dialect, schemas: &mut Schemas) -> Value {
        let reference = json!(make(&mut schemas.reading));
        let name = reference["$ref"]
            .as_str()
            .and_then(|path| path.rsplit('/').next());
        let definitions = schemas.reading.definitions_mut();
        let schema = name.and_then(|name| definitions.get_mut(name));
        let Some(schema) = schema.filter(|_| self.function.route.is_oauth()) else {
            return reference;
        };
        // RFC 6749 A.1 and A.2. A secret is the secret of somebody.
        let text = json!({"type": "string", "pattern": "^[ -~]*$"});
        for field in ["client_id", "client_secret"] {
            if schema["properties"][field].is_null() {
                schema["properties"][field] = only_with(&[Feature::Clients], text.clone());
                let needs = json!({"client_secret": ["client_id"]});
                schema["dependentRequired"] = only_with(&[Feature::Clients], needs);
            }
        }
        let named = !schema["properties"]["grant_type"].is_null();
        let required = schema.get_mut("required").and_then(Value::as_array_mut);
        if let (Some(required), true, Dialect::Rfc) = (required, named, dialect)
            && !required.contains(&"grant_type".into())
        {
            required.push("grant_type".into());
        }
        reference
    }

    /// What must be sent along: a token with these scopes, or, where there are clients, a client's proof,
    /// which may be in the form instead.
    fn security(&self) -> Value {
        let clients = |requirement| only_with(&[Feature::Clients], requirement);
        match (self.operation.access, self.function.route.is_oauth()) {
            (Access::Public, false) => json!([]),
            (Access::Public, _) => json!([clients(json!({})), clients(json!({CLIENT_SCHEME: []}))]),
            (access, _) => json!([{SCHEME: access.scopes()}]),
        }
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
    let own = json!({"scopes": scopes, "tokenUrl": token_url});
    let flows = json!({
        "password": {"scopes": scopes, "tokenUrl": token_url, "refreshUrl": token_url},
        "clientCredentials": only_with(&[Feature::Clients], own),
    });
    json!({"type": "oauth2", "flows": flows})
}

fn reason(status: u16) -> Option<&'static str> {
    StatusCode::from_u16(status).ok()?.canonical_reason()
}
