//! The gateway's `$default`: every request that no other function's route takes.

use lambda_http::http::header::LOCATION;
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Request, Response};
use shared::Route;
use shared::http::ApiError;
use shared::route::without_slash;

/// Every method and path.
pub const ROUTE: Route = Route::fallback();

/// Every other function's route.
pub const ROUTES: &[Route] = &[
    token::ROUTE,
    users_me::ROUTE,
    users_me_items::ROUTE,
    status::ROUTE,
    openapi::ROUTE,
    docs::ROUTE,
];

/// 404, but 308 for a documented path whose last slash brought it here: whether the gateway's
/// `/users/me/{proxy+}` takes `/users/me/` is not documented. It needs no [`shared::App`], so
/// this function has neither the key nor the users.
#[expect(clippy::unused_async, reason = "a handler is async")]
pub async fn handle(_app: &(), request: Request) -> Result<Response<Body>, ApiError> {
    let path = request.uri().path();
    let known = ROUTES
        .iter()
        .filter_map(|route| route.path())
        .map(without_slash);
    for known in known {
        if path.strip_suffix('/') == Some(known) {
            return redirect(known);
        }
    }
    Err(ApiError::NotFound)
}

/// 308: the method and the body stay the same. The location is the route's, never what was sent;
/// relative, since a stage may come before it.
fn redirect(path: &'static str) -> Result<Response<Body>, ApiError> {
    let last = path.rsplit('/').next().unwrap_or_default();
    let location = HeaderValue::from_str(&format!("../{last}")).map_err(ApiError::internal)?;
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}
