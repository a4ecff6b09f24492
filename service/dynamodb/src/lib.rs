//! DynamoDB on loopback: dynoxide's database behind HTTP, for this machine's programs and for no web page.
//!
//! | module | holds |
//! |---|---|
//! | [`operations`] | the operations of DynamoDB's API |
//! | [`tables`] | the tables of the service, and what is in them at first |

pub mod operations;
pub mod tables;

use std::io;
use std::net::{SocketAddr, TcpListener};

use dev::host;
use dynoxide::Database;
use lambda_http::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use lambda_http::http::{HeaderMap, HeaderValue, Request, StatusCode};
use service::gateway::response::Response;
use service::server::{self, Server};
use tokio::runtime::Builder;

/// The header with the name of an operation, after this.
const TARGET: &str = "x-amz-target";
const TARGET_PREFIX: &str = "DynamoDB_20120810.";
const AMZ_JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

/// Serves a database for as long as `goes_on` says.
pub fn serve(
    database: Database,
    listener: TcpListener,
    goes_on: impl Fn() -> bool + Send + 'static,
) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(server::serve(listener, goes_on, DynamoDb(database)));
    Ok(())
}

struct DynamoDb(Database);

impl Server for DynamoDb {
    /// AWS's SDKs send many requests over one connection.
    const ONE_REQUEST: bool = false;

    async fn answer(&self, request: Request<Vec<u8>>, _: SocketAddr) -> Option<Response> {
        Some(self.respond(&request))
    }
}

impl DynamoDb {
    fn respond(&self, request: &Request<Vec<u8>>) -> Response {
        let headers = request.headers();
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        if !text(HOST.as_str()).is_some_and(host::is_loopback) || headers.contains_key(ORIGIN) {
            let error = error(
                "AccessDeniedException",
                "for programs of this machine alone",
            );
            return response(StatusCode::FORBIDDEN, error);
        }
        let operation = text(TARGET).and_then(|target| target.strip_prefix(TARGET_PREFIX));
        match operations::run(&self.0, operation.unwrap_or_default(), request.body()) {
            Ok(answer) => response(StatusCode::OK, answer),
            Err(error) => {
                let status = StatusCode::from_u16(error.status_code());
                response(status.unwrap_or(StatusCode::BAD_REQUEST), error.to_json())
            }
        }
    }
}

fn error(kind: &str, message: &str) -> String {
    serde_json::json!({"__type": kind, "message": message}).to_string()
}

fn response(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(body.into_bytes());
    *response.status_mut() = status;
    *response.headers_mut() = HeaderMap::from_iter([(CONTENT_TYPE, AMZ_JSON)]);
    response
}
