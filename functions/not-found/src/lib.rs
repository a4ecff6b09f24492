//! The gateway's `$default`: every request that no other function's route takes.

use lambda_http::http::header::LOCATION;
use lambda_http::http::{HeaderValue, StatusCode};
use shared::http::{
    Answer, ApiError, Body, Public, Request, RequestError, Response, without_slash,
};
use shared::lambda::Function;

/// Every method and path.
pub const ROUTE: Public = Public::fallback();

/// As the service knows it.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[],
    start: |cold_start| cold_start.public(ROUTE, handle),
};

/// 404, but 308 for a documented path whose last slash brought it here: whether the gateway's
/// `/users/me/{proxy+}` takes `/users/me/` is not documented.
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

/// 308: the method and the body stay the same. The location is the route's, never what was sent;
/// relative, since a stage may come before it.
fn redirect(path: &'static str) -> Answer {
    let last = path.rsplit('/').next().unwrap_or_default();
    let location = HeaderValue::from_str(&format!("../{last}")).map_err(ApiError::internal)?;
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}
