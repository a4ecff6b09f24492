//! GET /users/me/items/: the user's items. Scopes: `items`, `me`.

use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::accounts::User;
use shared::http::{self, Answer, Description, Operation, Protected, Request};
use shared::lambda::Function;

/// GET /users/me/items/
pub const ROUTE: Protected = Protected::at("/users/me/items/", &[Operation::get(&["items", "me"])]);

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[Description::new("Read your items").answers::<Vec<Item>>()],
    start: |cold_start| cold_start.protected(ROUTE, handle),
};

/// Answers with the tutorial's one item.
pub async fn handle((): &(), user: User, _: Request) -> Answer {
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
