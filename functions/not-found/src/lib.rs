//! The gateway's `$default`: every request that no other function's route takes.

use lambda_http::http::header::LOCATION;
use lambda_http::http::{HeaderValue, StatusCode};
use shared::http::{
    Answer, ApiError, Body, Public, Request, RequestError, Response, without_slash,
};
use shared::lambda::Function;

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
    let path = request.uri().path();
    let paths = service::PATHS
        .into_iter()
        .chain([openapi::ROUTE.route().path()]);
    let known = paths.flatten().map(without_slash);
    for known in known {
        if path.strip_suffix('/') == Some(known) {
            return redirect(known);
        }
    }
    Err(RequestError::NotFound.into())
}

/// A 308 keeps the method and the body (RFC 9110 15.4.9). The location comes from the route, never
/// from what the client sent. It is relative, because a stage may come before the path.
fn redirect(path: &'static str) -> Answer {
    let last = path.rsplit('/').next().unwrap_or_default();
    let location = HeaderValue::from_str(&format!("../{last}")).map_err(ApiError::internal)?;
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}
