//! GET /status/: is the service there? Scopes: none, but a valid token.

use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::access::Access;
use shared::domain::users::User;
use shared::http::{self, Answer, Description, Operation, Protected, Request};
use shared::lambda::Function;

/// GET /status/, for disabled users too: as on FastAPI's page.
pub const ROUTE: Protected =
    Protected::at("/status/", &[Operation::new("GET", Access::AnyUser(&[]))]);

/// As the service knows it.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[Description::new("Is the service there?").answers::<Status>()],
    start: |cold_start| cold_start.protected(ROUTE, handle),
};

/// Answers everybody who has a token.
pub async fn handle((): &(), _: User, _: Request) -> Answer {
    http::json(&Status { status: "ok" })
}

/// The service's state.
#[derive(Serialize, JsonSchema)]
pub struct Status {
    /// `ok`.
    status: &'static str,
}
