//! Makes the document (OpenAPI 3.1) of what is really used: the routes, the types that are read
//! and written, and the errors' own responses.

use schemars::Schema;
use serde_json::{Map, Value, json};
use shared::Route;
use shared::http::ApiError;
use shared::route::Access;
use shared::scope::CATALOGUE;

use crate::errors::{login_errors, responses, token_errors};
use crate::schemas::Schemas;

/// FastAPI's name for the scheme that its pages use.
const SCHEME: &str = "OAuth2PasswordBearer";

/// The document, for an API that is at `server`: relative to the document's own address, since
/// nothing here knows the domain, or the stage.
#[must_use]
pub fn document(server: &str) -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for operation in operations(&mut schemas) {
        let (Some(path), Some(method)) = (operation.route.path(), operation.route.method()) else {
            continue;
        };
        let mut described = operation.described(&mut schemas);
        // As the function's folder is called.
        described["operationId"] = path.trim_matches('/').replace('/', "-").into();
        paths.insert(path.to_owned(), json!({ method.to_lowercase(): described }));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "lambda-oauth2-scopes",
            "description": "OAuth2 scopes on AWS Lambda, in Rust.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": schemas.all(),
            "securitySchemes": {SCHEME: security_scheme()},
        },
    })
}

/// Every operation of the API.
fn operations(schemas: &mut Schemas) -> [Operation; 4] {
    [
        Operation {
            form: Some(schemas.read::<token::LoginForm>()),
            errors: login_errors(),
            ..Operation::new(
                token::ROUTE,
                "Log in",
                schemas.written::<token::TokenResponse>(),
            )
        },
        Operation::new(
            users_me::ROUTE,
            "Read yourself",
            schemas.written::<users_me::Me>(),
        )
        .for_active_users(),
        Operation::new(
            users_me_items::ROUTE,
            "Read your items",
            schemas.written::<Vec<users_me_items::Item>>(),
        )
        .for_active_users(),
        Operation::new(
            status::ROUTE,
            "Is the service there?",
            schemas.written::<status::Status>(),
        ),
    ]
}

struct Operation {
    route: Route,
    summary: &'static str,
    /// What is sent, if anything is.
    form: Option<Schema>,
    /// What comes back with 200.
    answer: Schema,
    /// One of each kind that can come back instead.
    errors: Vec<ApiError>,
}

impl Operation {
    fn new(route: Route, summary: &'static str, answer: Schema) -> Self {
        let errors = match route.access {
            Access::Public => Vec::new(),
            Access::Token(scopes) => token_errors(scopes),
        };
        let form = None;
        Self {
            route,
            summary,
            form,
            answer,
            errors,
        }
    }

    /// It asks for an active user.
    fn for_active_users(mut self) -> Self {
        self.errors.push(ApiError::InactiveUser);
        self
    }

    /// OpenAPI's Operation Object.
    fn described(&self, schemas: &mut Schemas) -> Value {
        let ok = json!({
            "description": "OK",
            "content": {"application/json": {"schema": self.answer}},
        });
        let mut responses = responses(&self.errors, schemas);
        responses.insert("200".to_owned(), ok);
        let mut operation = json!({"summary": self.summary, "responses": responses});
        if let Some(form) = &self.form {
            let content = json!({"application/x-www-form-urlencoded": {"schema": form}});
            operation["requestBody"] = json!({"required": true, "content": content});
        }
        if let Access::Token(scopes) = self.route.access {
            operation["security"] = json!([{SCHEME: scopes}]);
        }
        operation
    }
}

fn security_scheme() -> Value {
    let scopes: Map<String, Value> = CATALOGUE
        .iter()
        .map(|(scope, description)| ((*scope).to_owned(), (*description).into()))
        .collect();
    let token_url = token::ROUTE.path().map(|path| path.trim_start_matches('/'));
    json!({"type": "oauth2", "flows": {"password": {"scopes": scopes, "tokenUrl": token_url}}})
}
