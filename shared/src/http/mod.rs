//! One way in (event, form), one way out (json, [`File`], [`ApiError`]).

mod error;
mod event;
mod file;
mod form;

use std::convert::Infallible;

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Request, Response};
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use tracing::field::Empty;
use tracing::{Instrument, error, info, info_span};

use crate::clock::Stopwatch;
use crate::config;
use crate::route::Route;

pub use error::{ApiError, FieldError, HttpError, HttpValidationError};
pub use event::{Event, source_ip};
pub use file::{File, Files};
pub use form::{Form, MAX_FIELDS};

/// Answers events until the environment ends. `state` is what `handle` needs: an [`crate::App`].
///
/// `lambda_runtime` and not `lambda_http::run`, which panics at a body that is not base64.
pub async fn run<S, H>(state: &S, route: Route, handle: H) -> Result<(), Error>
where
    H: AsyncFn(&S, Request) -> Result<Response<Body>, ApiError>,
{
    if config::environment("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err(
            "this program is a Lambda function and answers no one outside: try `make dev`".into(),
        );
    }
    let handle = &handle;
    let service = service_fn(|event| async {
        Ok::<_, Infallible>(respond(state, route, handle, event).await)
    });
    Runtime::new(service).run().await
}

/// One event, one response, one log line.
pub async fn respond<S, H>(
    state: &S,
    route: Route,
    handle: H,
    event: LambdaEvent<Event>,
) -> ApiGatewayV2httpResponse
where
    H: AsyncFn(&S, Request) -> Result<Response<Body>, ApiError>,
{
    let stopwatch = Stopwatch::start();
    let span = info_span!("request", %route, request_id = event.context.request_id, sub = Empty);
    let result = answer(state, route, handle, event.payload)
        .instrument(span.clone())
        .await;
    let _entered = span.enter();
    let (response, outcome, reason) = match result {
        Ok(response) => (response, "ok", None),
        Err(error) => (error.response(), error.outcome(), error.reason()),
    };
    let (status, ms) = (response.status().as_u16(), stopwatch.elapsed_ms());
    if response.status().is_server_error() {
        error!(status, outcome, reason, ms, "answered");
    } else {
        info!(status, outcome, reason, ms, "answered");
    }
    event::gateway_response(response)
}

async fn answer<S, H>(
    state: &S,
    route: Route,
    handle: H,
    event: Event,
) -> Result<Response<Body>, ApiError>
where
    H: AsyncFn(&S, Request) -> Result<Response<Body>, ApiError>,
{
    route.check(&event.request_context.http.method, event.path())?;
    handle(state, event::request(event)?).await
}

/// An answer in JSON. Nothing of the API itself may be kept by a cache: it is one user's, or a token
/// (RFC 6749 5.1).
pub fn json(body: &impl Serialize) -> Result<Response<Body>, ApiError> {
    let text = serde_json::to_string(body).map_err(ApiError::internal)?;
    Ok(response(StatusCode::OK, text))
}

fn response(status: StatusCode, json: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(json));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
