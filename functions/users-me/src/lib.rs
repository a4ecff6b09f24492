//! GET /users/me/: who the token belongs to. Scopes: `me`.

use lambda_http::{Body, Request, Response};
use schemars::JsonSchema;
use serde::Serialize;
use shared::http::{self, ApiError};
use shared::{App, Route, auth};

/// GET /users/me/
pub const ROUTE: Route = Route::get("/users/me/", &["me"]);

/// Answers with the user's own record.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, ApiError> {
    let user = auth::current_active_user(app, request.headers(), ROUTE).await?;
    http::json(&Me {
        username: &user.username,
        email: user.email.as_deref(),
        full_name: user.full_name.as_deref(),
        disabled: user.disabled,
    })
}

/// What users may see of themselves.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub struct Me<'a> {
    #[schemars(example = &"johndoe")]
    username: &'a str,
    #[schemars(example = &"johndoe@example.com")]
    email: Option<&'a str>,
    #[schemars(example = &"John Doe")]
    full_name: Option<&'a str>,
    #[schemars(example = false)]
    disabled: bool,
}
