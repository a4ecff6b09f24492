//! API Gateway's HTTP API before the functions: `make dev` and the tests send their requests through it.
//!
//! | module | holds |
//! |---|---|
//! | [`routing`] | which function a request goes to |
//! | `event` | the event that the function is sent |
//! | [`response`] | the response that its answer is |
//! | [`cors`] | what pages of other origins are told |

pub mod cors;
mod event;
pub mod response;
pub mod routing;

use lambda_http::http::{HeaderMap, StatusCode};
use serde_json::Value;

use self::cors::Cors;
use self::response::{Response, message};
use self::routing::{EmptyRest, Route, Routes};

/// The most bytes of the request line and the values of the headers together ("Quotas for HTTP APIs").
const MAX_HEAD: usize = 10_240;

/// The most bytes of a body.
pub const MAX_BODY: usize = 10 * 1024 * 1024;

/// The most bytes of an event, which Lambda refuses above this.
const MAX_EVENT: usize = 6 * 1024 * 1024;

/// A request as it came over HTTP.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// In capital letters, mostly.
    pub method: String,
    /// Percent-encoded, without the query.
    pub path: String,
    /// What follows the question mark.
    pub query: String,
    /// The headers, each as often as it came.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// The address that it came from.
    pub source_ip: String,
    /// The gateway's name for it.
    pub id: String,
}

/// The gateway.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Its routes.
    pub routes: Routes,
    /// What it does with a path that ends in a slash.
    pub empty_rest: EmptyRest,
    /// The origins whose pages may call it, if there are any.
    pub cors: Option<Cors>,
    /// True if it sends forms as text, as `sam local` does; AWS sends them as base64.
    pub bodies_as_text: bool,
}

impl Gateway {
    /// A gateway with these routes, and without CORS.
    #[must_use]
    pub fn new(routes: Routes) -> Self {
        Self {
            routes,
            empty_rest: EmptyRest::Taken,
            cors: None,
            bodies_as_text: false,
        }
    }

    /// The route that takes a request to a decoded path.
    #[must_use]
    pub fn route(&self, method: &str, path: &str) -> Option<&Route> {
        self.routes.choose(method, path, self.empty_rest)
    }

    /// Answers a request. `invoke` sends an event to the function of this name and returns its answer, or
    /// `None` if it has none.
    pub async fn answer(
        &self,
        request: &Received,
        invoke: impl AsyncFnOnce(&str, &Value) -> Option<Vec<u8>>,
    ) -> Response {
        if let Some(refusal) = refusal(request) {
            return refusal;
        }
        let preflight = |cors: &Cors| cors.preflight(&request.method, &request.headers);
        if let Some(preflight) = self.cors.as_ref().and_then(preflight) {
            return preflight;
        }
        let event = self.event(request);
        let mut response = self.invoked(&event, invoke).await;
        if let Some(cors) = &self.cors {
            cors.allow(&request.headers, response.headers_mut());
        }
        response
    }

    async fn invoked(
        &self,
        event: &Value,
        invoke: impl AsyncFnOnce(&str, &Value) -> Option<Vec<u8>>,
    ) -> Response {
        let http = &event["requestContext"]["http"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (method, path) = (text(&http["method"]), text(&event["rawPath"]));
        let Some(route) = self.route(&method, &path) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        if event["body"].as_str().map_or(0, str::len) > MAX_EVENT {
            return too_large();
        }
        let payload = invoke(&route.function, event).await;
        let response = payload.and_then(|payload| response::of_payload(&payload));
        response
            .unwrap_or_else(|| message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"))
    }
}

/// The gateway's own answer to a request that is too large.
fn refusal(request: &Received) -> Option<Response> {
    let headers = request.headers.iter();
    let headers: usize = headers.map(|(_, value)| value.len()).sum();
    if request.method.len() + request.path.len() + request.query.len() + headers > MAX_HEAD {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Some(message(status, "Request Header Fields Too Large"));
    }
    (request.body.len() > MAX_BODY).then(too_large)
}

fn too_large() -> Response {
    message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
}
