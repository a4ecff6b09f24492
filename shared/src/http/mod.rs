//! Turns an event into a request, and an answer or an error into a response.
//!
//! | folder | module | holds |
//! |---|---|---|
//! | `request` | `event` | the gateway's event, and the request that it becomes |
//! | | `form`, `fields`, `json` | input: forms, parameters and JSON bodies |
//! | | `token_form` | the form that names a token |
//! | | `error`, `problem` | [`RequestError`]: what is wrong with a request, and with its input |
//! | `response` | `json`, `file` | answers in JSON; files that every cache may keep |
//! | | `error` | [`ApiError`]: everything that can go wrong |
//! | | `presentation` | how the client sees an error |
//! | | `gateway` | the form in which the gateway expects a response |
//! | `auth` | `authorization` | the header `Authorization` |
//! | | `guard` | the check before each protected handler, of the bearer token and its user or client |
//! | | `client` | which client sends a form |
//! | | `authorizer` | the question of another API's gateway, and the verdict |
//! | `route` | | [`Route`]: a path, its methods and what each requires; [`Public`], [`Protected`], [`ForClients`] |
//! | | `audience` | for whom a route is |
//! | | `operation` | [`Operation`]: a method, and who may use it |
//! | | `description` | what `/openapi.json` says about a route |
//!
//! `request` imports from none of the others, `response` from `request`; `auth` and `route` import from both,
//! and not from each other.

mod auth;
mod request;
mod response;
mod route;

pub(crate) use auth::authorizer::Verdict;
pub use auth::authorizer::{AuthorizerContext, AuthorizerRequest, NotAuthorized};
pub use auth::client::{client, client_refusals, confidential_client};
pub(crate) use auth::guard::{caller, token_client};
pub use lambda_http::{Body, Request, Response};
pub use request::error::RequestError;
pub(crate) use request::event::request;
pub use request::event::{Event, source_ip};
pub use request::fields::{Fields, FromText};
pub use request::form::{FORM, Form, MAX_FIELDS};
pub use request::json::{JsonProblems, from_json};
pub use request::problem::{Kind, Problem, Step, Type};
pub use request::token_form::TokenForm;
pub use response::error::ApiError;
pub use response::file::{File, Files};
pub(crate) use response::gateway::gateway_response;
pub use response::json::{JSON, json, json_with};
pub use response::presentation::{Dialect, Failure, Presentation};
pub use route::description::{Alternative, Description, Feature, MakeSchema, Parameter};
pub use route::operation::Operation;
pub use route::{ForClients, Protected, Public, Route, path_parameter, without_slash};

/// What a handler returns. Where an error needs a presentation of its own, its type is [`Failure`].
pub type Answer = Result<Response<Body>, ApiError>;
