//! Turns an event into a request, and an answer or an error into a response.
//!
//! | module | holds |
//! |---|---|
//! | `route` | [`Route`]: a path, its methods and what each requires; [`Public`], [`Protected`], [`ForClients`] |
//! | `guard` | the check before each protected handler, of the bearer token and its user or client |
//! | `authorizer` | the question of another API's gateway, and the verdict |
//! | `client` | which client sends a form |
//! | `event` | the gateway's event, and the request that it becomes |
//! | `token_form` | the form that names a token |
//! | `form`, `fields`, `json`, `problem` | input: fields, parameters and JSON, and what is wrong with it |
//! | `file` | files that everybody may read and every cache may keep |
//! | `error` | [`ApiError`]: everything that can go wrong |
//! | `dialect` | how the client sees an error |
//! | `description` | what `/openapi.json` says about a route |

mod authorizer;
mod client;
mod description;
mod dialect;
mod error;
mod event;
mod fields;
mod file;
mod form;
mod guard;
mod json;
mod problem;
mod route;
mod token_form;

use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::{HeaderValue, StatusCode};

pub(crate) use authorizer::Verdict;
pub use authorizer::{AuthorizerContext, AuthorizerRequest, NotAuthorized};
pub use client::{client, client_refusals, confidential_client};
pub use description::{Alternative, Description, FORM, Feature, JSON, MakeSchema, Parameter};
pub use dialect::{Dialect, Surface};
pub use error::{AccessError, ApiError, OAuthRefused, Refused, RequestError};
pub use event::{Event, path_parameter, source_ip};
pub(crate) use event::{gateway_response, request};
pub use fields::{Fields, FromText};
pub use file::{File, Files};
pub use form::{Form, MAX_FIELDS};
pub(crate) use guard::{caller, token_client};
pub use json::{JsonProblems, from_json, json, json_with};
pub use lambda_http::{Body, Request, Response};
pub use problem::{Kind, Problem, Step, Type};
pub use route::{ForClients, Operation, Protected, Public, Route, without_slash};
pub use token_form::TokenForm;

/// What a handler returns.
pub type Answer = Result<Response<Body>, ApiError>;

fn response(status: StatusCode, json: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(json));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
