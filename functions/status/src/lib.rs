//! GET /status/: is the service there? Scopes: none, but a valid token.

use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::access::Access;
use shared::domain::accounts::User;
use shared::http::{self, Answer, Description, Operation, Protected, Request};
use shared::lambda::Function;

/// GET /status/, which disabled users may use, too, as on FastAPI's page.
pub const ROUTE: Protected =
    Protected::at("/status/", &[Operation::new("GET", Access::AnyUser(&[]))]);

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[Description::new("Is the service there?").answers::<Status>()],
    start: |cold_start| cold_start.protected(ROUTE, handle),
};

/// Answers everybody who has a valid token.
pub async fn handle((): &(), _: User, _: Request) -> Answer {
    http::json(&Status { status: "ok" })
}

/// The service's state.
#[derive(Serialize, JsonSchema)]
pub struct Status {
    /// `ok`.
    status: &'static str,
}
