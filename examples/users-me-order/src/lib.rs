//! GET /users/me/orders/{id}: one of the user's orders. Scopes: `orders`.

use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::accounts::User;
use shared::http::{self, Answer, ApiError, Description, Operation, Parameter, Protected, Request};
use shared::lambda::Function;

/// GET /users/me/orders/{id}
pub const ROUTE: Protected = Protected::at("/users/me/orders/{id}", &[Operation::get(&["orders"])]);

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[Description::new("Read an order")
        .parameters(&[Parameter::path::<u64>("id")])
        .answers::<MyOrder>()
        .refuses(|| vec![NO_SUCH_ORDER])],
    start: |cold_start| cold_start.protected(ROUTE, handle),
};

const NO_SUCH_ORDER: ApiError = ApiError::not_found("Order not found");

/// Answers with the one order that everybody has.
pub async fn handle((): &(), user: User, request: Request) -> Answer {
    match http::path_parameter::<u64>(&request, "id")? {
        1 => http::json(&MyOrder {
            id: 1,
            owner: &user.username,
            item: "Foo",
        }),
        _ => Err(NO_SUCH_ORDER),
    }
}

/// An order, for its owner.
#[derive(Serialize, JsonSchema)]
pub struct MyOrder<'a> {
    id: u64,
    #[schemars(example = &"johndoe")]
    owner: &'a str,
    #[schemars(example = &"Foo")]
    item: &'static str,
}
