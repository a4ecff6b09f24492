//! A started function: one event, one response, one log line.

use std::pin::Pin;

use lambda_http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_runtime::{Context, LambdaEvent};
use tracing::field::Empty;
use tracing::{Instrument, error, info, info_span};

use super::trace;
use crate::domain::access::Access;
use crate::domain::clock::Stopwatch;
use crate::http::{self, Answer, Dialect, Route};

/// The gateway's event, with Lambda's context.
pub type Event = LambdaEvent<http::Event>;
/// The response to the gateway.
pub type Response = ApiGatewayV2httpResponse;

/// Answers events.
pub trait Service {
    /// Answers an event. Every event gets a response: an error becomes one, too.
    fn answer(&self, event: Event) -> Pin<Box<dyn Future<Output = Response> + '_>>;
}

/// A route, and what answers the requests that it lets through.
pub(super) struct Answering<F> {
    route: Route,
    dialect: Dialect,
    answer: F,
}

impl<F> Answering<F>
where
    F: AsyncFn(Access, Request) -> Answer + 'static,
{
    pub(super) fn boxed(route: Route, dialect: Dialect, answer: F) -> Box<dyn Service> {
        Box::new(Self {
            route,
            dialect,
            answer,
        })
    }

    async fn respond(&self, event: Event) -> Response {
        let stopwatch = Stopwatch::start();
        let (route, https) = (self.route, event.payload.came_by_https());
        let Context {
            request_id,
            xray_trace_id,
            ..
        } = event.context;
        let trace_id = xray_trace_id.as_deref().and_then(trace::kept);
        let span = info_span!("request", %route, request_id, trace_id, sub = Empty);
        let result = self.handle(event.payload).instrument(span.clone()).await;
        let _entered = span.enter();
        let (response, outcome, reason) = match result {
            Ok(response) => (response, "ok", None),
            Err(error) => (
                self.dialect.response(&error, route.surface),
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

    async fn handle(&self, event: http::Event) -> Answer {
        let (access, parameters) = event.check(self.route)?;
        let request = http::request(event, parameters)?;
        (self.answer)(access, request).await
    }
}

impl<F> Service for Answering<F>
where
    F: AsyncFn(Access, Request) -> Answer + 'static,
{
    fn answer(&self, event: Event) -> Pin<Box<dyn Future<Output = Response> + '_>> {
        Box::pin(self.respond(event))
    }
}
