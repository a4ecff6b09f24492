//! Lambda's Runtime API: takes events and gives answers until the environment ends.
//!
//! Not `lambda_runtime::run`, whose memory grows with every request: it writes each event's trace id
//! into the process's environment, and glibc keeps every value that was ever there
//! (docs/adr/0021-a-runtime-loop-that-never-grows.md).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use lambda_http::http::header::CONTENT_TYPE;
use lambda_http::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode,
};
use lambda_runtime::{Config, Context, Diagnostic, Error};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};
use tokio::time::timeout;
use tracing::error;

use super::service::{INVALID_EVENT, Service};
use crate::http::JSON;

/// How long a report may take. cargo-lambda 1.9 never answers one.
const REPORT: Duration = Duration::from_secs(1);

const REQUEST_ID: &str = "lambda-runtime-aws-request-id";
const DEADLINE: &str = "lambda-runtime-deadline-ms";
/// Tells invocations with the same request id apart: the answer has to repeat it.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";
const FUNCTION_ARN: &str = "lambda-runtime-invoked-function-arn";
const TRACE_ID: &str = "lambda-runtime-trace-id";
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";

/// The Runtime API of an environment.
pub struct RuntimeApi {
    client: PooledClient,
    config: Arc<Config>,
}

impl RuntimeApi {
    /// At this address: a host and a port.
    pub fn new(address: &str, config: Config) -> Result<Self, Error> {
        let client = PooledClient::builder().with_endpoint(address.parse()?);
        Ok(Self {
            client: client.build(),
            config: Arc::new(config),
        })
    }

    /// Answers events, one after the other, for as long as the Runtime API gives them.
    pub async fn serve(&self, service: &dyn Service) -> Result<Infallible, Error> {
        loop {
            let next = get("invocation/next")?;
            let next = self.client.call(next).await?.map(Body::new);
            match next.status() {
                // A local Runtime API says so when there was nothing to do for a while.
                StatusCode::NO_CONTENT => {}
                status if status.is_success() => self.invoke(service, next).await?,
                status => return Err(format!("the Runtime API gave no event: {status}").into()),
            }
        }
    }

    /// Reports why the function cannot start, so that the invoker learns it, too. It gives up after
    /// `REPORT`.
    pub async fn report_failed_start(&self, error: &Error) -> Result<(), Error> {
        let report = Report::new("Runtime.InitError", error.to_string());
        timeout(REPORT, self.send(report.request("init/error", None)?)).await?
    }

    async fn invoke(&self, service: &dyn Service, next: Response<Body>) -> Result<(), Error> {
        let (parts, body) = next.into_parts();
        let headers = parts.headers;
        let invocation_id = headers.get(INVOCATION_ID).cloned();
        let request_id = text(&headers, REQUEST_ID)?.to_owned();
        let body = body.collect().await?.to_bytes();
        let answer = match self.context(&request_id, &headers) {
            Ok(context) => service.answer(&body, context).await,
            Err(report) => {
                error!(request_id, error = report.0.error_message, "not an event");
                Err(report.0)
            }
        };
        let request = match answer {
            Ok(answer) => {
                let path = format!("invocation/{request_id}/response");
                post(&path, invocation_id, answer)?
            }
            Err(diagnostic) => {
                let path = format!("invocation/{request_id}/error");
                Report(diagnostic).request(&path, invocation_id)?
            }
        };
        self.send(request).await
    }

    fn context(&self, id: &str, headers: &HeaderMap) -> Result<Context, Report> {
        let refused = |what: String| Report::new(INVALID_EVENT, what);
        // `Context` panics without a deadline; and what an invoker may write into its headers, the
        // client's context and identity, is nothing that this service reads.
        let known = [DEADLINE, FUNCTION_ARN, TRACE_ID];
        let known =
            known.map(|name| Some((HeaderName::from_static(name), headers.get(name)?.clone())));
        let known: HeaderMap = known.into_iter().flatten().collect();
        if !known.contains_key(DEADLINE) {
            return Err(refused(format!("the Runtime API gave no {DEADLINE}")));
        }
        Context::new(id, Arc::clone(&self.config), &known)
            .map_err(|_| refused("the Runtime API's headers cannot be read".into()))
    }

    /// An answer that the Runtime API refuses is lost, but the next event may still be answered.
    async fn send(&self, request: Request<Body>) -> Result<(), Error> {
        let status = self.client.call(request).await?.status();
        if !status.is_success() {
            error!(
                status = status.as_u16(),
                "the Runtime API refused an answer"
            );
        }
        Ok(())
    }
}

/// Why there is no response.
struct Report(Diagnostic);

impl Report {
    fn new(error_type: &str, error_message: String) -> Self {
        Self(Diagnostic {
            error_type: error_type.to_owned(),
            error_message,
        })
    }

    fn request(
        &self,
        path: &str,
        invocation_id: Option<HeaderValue>,
    ) -> Result<Request<Body>, Error> {
        let mut request = post(path, invocation_id, serde_json::to_vec(&self.0)?)?;
        let error_type = HeaderValue::from_str(&self.0.error_type)?;
        request.headers_mut().insert(ERROR_TYPE, error_type);
        Ok(request)
    }
}

fn get(path: &str) -> Result<Request<Body>, Error> {
    Ok(build_request().uri(uri(path)).body(Body::empty())?)
}

fn post(
    path: &str,
    invocation_id: Option<HeaderValue>,
    body: Vec<u8>,
) -> Result<Request<Body>, Error> {
    let body = Body::from(body);
    let request = build_request().method(Method::POST).uri(uri(path));
    let mut request = request.header(CONTENT_TYPE, JSON).body(body)?;
    let headers = request.headers_mut();
    headers.extend(invocation_id.map(|id| (HeaderName::from_static(INVOCATION_ID), id)));
    Ok(request)
}

fn uri(path: &str) -> String {
    format!("/2018-06-01/runtime/{path}")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Error> {
    let value = headers
        .get(name)
        .ok_or_else(|| format!("the Runtime API gave no {name}"))?;
    Ok(value.to_str()?)
}
