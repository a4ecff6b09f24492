//! GET /users/me/items/: the user's items. Scopes: `items`, `me`.

use lambda_http::{Body, Request, Response};
use schemars::JsonSchema;
use serde::Serialize;
use shared::http::{self, ApiError};
use shared::{App, Route, auth};

/// GET /users/me/items/
pub const ROUTE: Route = Route::get("/users/me/items/", &["items", "me"]);

/// Answers with the tutorial's one item.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, ApiError> {
    let user = auth::current_active_user(app, request.headers(), ROUTE).await?;
    http::json(&[Item {
        item_id: "Foo",
        owner: &user.username,
    }])
}

/// Something that a user owns.
#[derive(Serialize, JsonSchema)]
pub struct Item<'a> {
    #[schemars(example = &"Foo")]
    item_id: &'static str,
    #[schemars(example = &"johndoe")]
    owner: &'a str,
}
