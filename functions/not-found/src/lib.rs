//! The gateway's `$default`: every request that no other function's route takes.

mod paths;

use lambda_http::http::header::{CACHE_CONTROL, LOCATION};
use lambda_http::http::{HeaderValue, StatusCode};
use shared::http::{Answer, ApiError, Body, Public, Request, RequestError, Response};
use shared::lambda::Function;

use crate::paths::PATHS;

/// Every method and path.
pub const ROUTE: Public = Public::fallback();

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[],
    start: |cold_start| cold_start.public(ROUTE, handle),
};

/// Answers 404, or 308 if only the slash at the end of a known path brought the request here: AWS
/// does not document whether the gateway's `/users/me/{proxy+}` takes `/users/me/`.
pub async fn handle((): &(), request: Request) -> Answer {
    let uri = request.uri();
    let is_at = |known: &&'static str, path| Public::at(known, &[]).route().is_at(path);
    match uri.path().strip_suffix('/') {
        Some(path) if PATHS.iter().any(|known| is_at(known, path)) => {
            redirect(path, uri.query().filter(|query| query.is_ascii()))
        }
        _ => Err(RequestError::NotFound.into()),
    }
}

/// A 308 keeps the method and the body (RFC 9110 15.4.9). The location is relative, because a stage
/// may come before the path. What it repeats of the request is printable ASCII, so it cannot end the
/// header.
fn redirect(path: &str, query: Option<&str>) -> Answer {
    let last = path.rsplit('/').next().unwrap_or_default();
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    let location = HeaderValue::from_str(&format!("../{last}{query}"));
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location.map_err(ApiError::internal)?);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
