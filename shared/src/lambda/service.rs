//! A started function: one event, one answer, one log line.

use std::pin::Pin;

use lambda_http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_runtime::{Context, Diagnostic};
use serde::{Deserialize, Serialize};
use tracing::field::Empty;
use tracing::{Instrument, error, info, info_span};

use super::trace;
use crate::domain::access::Access;
use crate::domain::clock::Stopwatch;
use crate::http::{self, Body, Dialect, Failure, Presentation, Response, Route};

/// What a handler returns, with the presentation of an error if it has one of its own.
type Handled = Result<Response<Body>, Failure>;

/// An answer in JSON, or why there is none: then Lambda tells the invoker of an error.
pub type Answered<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Diagnostic>> + 'a>>;

/// Answers events.
pub trait Service {
    /// Answers an event, which is JSON, too.
    fn answer<'a>(&'a self, event: &'a [u8], context: Context) -> Answered<'a>;
}

/// The event; or what is wrong with it: where, and never a value, which may be a secret.
pub(super) fn read<'a, E: Deserialize<'a>>(
    event: &'a [u8],
    kind: &str,
    context: &Context,
) -> Result<E, Diagnostic> {
    serde_json::from_slice(event).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let error = format!("not an {kind} (payload format 2.0): line {line}, column {column}");
        error!(request_id = context.request_id, error, "not an event");
        Diagnostic {
            error_type: INVALID_EVENT.to_owned(),
            error_message: error,
        }
    })
}

/// What the invoker is told.
pub(super) fn write(answer: &impl Serialize) -> Result<Vec<u8>, Diagnostic> {
    serde_json::to_vec(answer).map_err(|error| Diagnostic {
        error_type: "Runtime.Answer".to_owned(),
        error_message: error.to_string(),
    })
}

pub(super) const INVALID_EVENT: &str = "Runtime.InvalidEvent";

/// A route, and what answers the requests that it lets through.
pub(super) struct Answering<F> {
    route: Route,
    presentation: Presentation,
    answer: F,
}

impl<F> Answering<F>
where
    F: AsyncFn(Access, Request) -> Handled + 'static,
{
    pub(super) fn boxed(route: Route, dialect: Dialect, answer: F) -> Box<dyn Service> {
        Box::new(Self {
            route,
            presentation: route.presentation(dialect),
            answer,
        })
    }

    async fn respond(&self, event: http::Event, context: Context) -> ApiGatewayV2httpResponse {
        let stopwatch = Stopwatch::start();
        let (route, https) = (self.route, event.came_by_https());
        let Context {
            request_id,
            xray_trace_id,
            ..
        } = context;
        let trace_id = xray_trace_id.as_deref().and_then(trace::kept);
        let span = info_span!("request", %route, request_id, trace_id, sub = Empty);
        let result = self.handle(event).instrument(span.clone()).await;
        let _entered = span.enter();
        let (response, outcome, reason) = match result {
            Ok(response) => (response, "ok", None),
            Err(Failure {
                error,
                presentation,
            }) => (
                presentation.unwrap_or(self.presentation).response(&error),
                error.outcome(),
                error.reason(),
            ),
        };
        let (status, ms) = (response.status().as_u16(), stopwatch.elapsed_ms());
        if response.status().is_server_error() {
            error!(status, outcome, reason, ms, "answered");
        } else {
            info!(status, outcome, reason, ms, "answered");
        }
        http::gateway_response(response, https)
    }

    async fn handle(&self, event: http::Event) -> Handled {
        let (access, parameters) = self.route.check(event.method(), event.path())?;
        let request = http::request(event, parameters)?;
        (self.answer)(access, request).await
    }
}

impl<F> Service for Answering<F>
where
    F: AsyncFn(Access, Request) -> Handled + 'static,
{
    fn answer<'a>(&'a self, event: &'a [u8], context: Context) -> Answered<'a> {
        Box::pin(async {
            let event = read(event, "event of an HTTP API", &context)?;
            write(&self.respond(event, context).await)
        })
    }
}
