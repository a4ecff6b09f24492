//! What is done with a request: it goes through the gateway, or names a function to invoke.

use std::cell::Cell;
use std::net::SocketAddr;
use std::os::unix::process::parent_id;

use dev::host;
use dev::saved::{Files, Saved};
use lambda_http::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use lambda_http::http::{HeaderName, HeaderValue, Request, StatusCode};
use serde_json::Value;
use shared::domain::clock::Stopwatch;
use shared::http::JSON;
use tracing::{Instrument, error, info, info_span};
use uuid::Uuid;

use super::functions::{Answer, Running};
use super::log::REQUEST;
use crate::gateway::response::{Response, message};
use crate::gateway::{Gateway, Received};
use crate::server::Server;

/// What Lambda's own API says beside the error of a function.
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");

/// The service in this process.
pub struct Service {
    gateway: Gateway,
    functions: Vec<Running>,
    fresh: Fresh,
    port: u16,
}

/// How to see that the service is to be built anew.
#[derive(Debug, Clone)]
pub struct Fresh {
    files: Files,
    saved: Saved,
    parent: u32,
}

impl Fresh {
    /// These files, as they were when the service was built.
    #[must_use]
    pub fn new(files: Files, saved: Saved) -> Self {
        Self {
            files,
            saved,
            parent: parent_id(),
        }
    }

    /// False once a file was saved, or `make dev` has ended.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        parent_id() == self.parent && self.files.now() == self.saved
    }
}

impl Server for Service {
    /// So that the next request is accepted by the service as it was saved last.
    const ONE_REQUEST: bool = true;

    async fn answer(&self, request: Request<Vec<u8>>, from: SocketAddr) -> Option<Response> {
        // It may have been accepted long before it came.
        if !self.fresh.goes_on() {
            return None;
        }
        let line = format!("{} {}", request.method(), request.uri().path());
        let span = info_span!(REQUEST, request = %line);
        Some(self.respond(request, from).instrument(span).await)
    }
}

impl Service {
    /// The functions behind a gateway, on this port.
    pub fn new(gateway: Gateway, functions: Vec<Running>, fresh: Fresh, port: u16) -> Self {
        Self {
            gateway,
            functions,
            fresh,
            port,
        }
    }

    async fn respond(&self, request: Request<Vec<u8>>, from: SocketAddr) -> Response {
        let stopwatch = Stopwatch::start();
        let invoked = Cell::new(false);
        let response = match self.refusal(&request) {
            Some(refusal) => refusal,
            None => match function_of(request.uri().path()) {
                Some(name) => self.invocation(&request, name, &invoked).await,
                None => self.through_the_gateway(request, from, &invoked).await,
            },
        };
        // A function has written its line itself.
        if !invoked.get() {
            let (status, ms) = (response.status().as_u16(), stopwatch.elapsed_ms());
            let reason = serde_json::from_slice::<Value>(response.body()).unwrap_or_default();
            let reason = reason["message"].as_str();
            info!(status, outcome = "gateway", reason, ms, "answered");
        }
        response
    }

    /// What is not for a function, nor for the gateway.
    fn refusal(&self, request: &Request<Vec<u8>>) -> Option<Response> {
        let host = request
            .headers()
            .get(HOST)
            .and_then(|host| host.to_str().ok());
        if !host.is_some_and(host::is_loopback) {
            return Some(message(StatusCode::FORBIDDEN, &host::refusal(self.port)));
        }
        // Such as `OPTIONS *`.
        let is_path = request.uri().path().starts_with('/');
        (!is_path).then(|| message(StatusCode::BAD_REQUEST, "Bad Request"))
    }

    async fn through_the_gateway(
        &self,
        request: Request<Vec<u8>>,
        from: SocketAddr,
        invoked: &Cell<bool>,
    ) -> Response {
        let (head, body) = request.into_parts();
        let request = Received {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            body,
            source_ip: from.ip().to_string(),
            id: Uuid::new_v4().to_string(),
        };
        let invoke = async |name: &str, event: &Value| {
            invoked.set(true);
            let answer = self.invoke(name, event.to_string().into_bytes()).await;
            answer.and_then(Result::ok)
        };
        self.gateway.answer(&request, invoke).await
    }

    /// `POST /2015-03-31/functions/NAME/invocations`, as `cargo lambda invoke` and AWS's SDKs send it.
    async fn invocation(
        &self,
        request: &Request<Vec<u8>>,
        name: &str,
        invoked: &Cell<bool>,
    ) -> Response {
        // No page of a browser invokes functions.
        if request.headers().contains_key(ORIGIN) {
            return message(StatusCode::FORBIDDEN, "no page may invoke a function");
        }
        if self.running(name).is_none() {
            return message(
                StatusCode::NOT_FOUND,
                &format!("there is no function {name}"),
            );
        }
        invoked.set(true);
        match self.invoke(name, request.body().clone()).await {
            Some(Ok(payload)) => json(payload),
            Some(Err(why)) => {
                let why = serde_json::to_vec(&why).unwrap_or_default();
                let mut response = json(why);
                let unhandled = HeaderValue::from_static("Unhandled");
                response.headers_mut().insert(FUNCTION_ERROR, unhandled);
                response
            }
            None => message(StatusCode::INTERNAL_SERVER_ERROR, "the function has ended"),
        }
    }

    async fn invoke(&self, name: &str, event: Vec<u8>) -> Option<Answer> {
        let answer = self
            .running(name)?
            .invoke(event, Uuid::new_v4().to_string())
            .await;
        if answer.is_none() {
            error!(function = name, "it ended without an answer");
        }
        answer
    }

    fn running(&self, name: &str) -> Option<&Running> {
        self.functions.iter().find(|function| function.name == name)
    }
}

/// The function that a path of Lambda's own API invokes.
fn function_of(path: &str) -> Option<&str> {
    path.strip_prefix("/2015-03-31/functions/")?
        .strip_suffix("/invocations")
}

fn json(body: Vec<u8>) -> Response {
    let mut response = Response::new(body);
    let json = HeaderValue::from_static(JSON);
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
