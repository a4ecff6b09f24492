//! GET /status/: is the service there? Scopes: none, but a valid token.

use lambda_http::{Body, Request, Response};
use schemars::JsonSchema;
use serde::Serialize;
use shared::http::{self, ApiError};
use shared::{App, Route, auth};

/// GET /status/
pub const ROUTE: Route = Route::get("/status/", &[]);

/// Answers everybody who has a token, a disabled user too.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, ApiError> {
    auth::current_user(app, request.headers(), ROUTE).await?;
    http::json(&Status { status: "ok" })
}

/// The service's state.
#[derive(Serialize, JsonSchema)]
pub struct Status {
    /// `ok`.
    status: &'static str,
}
