//! POST /users/me/logout: ends all tokens of the token's user, on every device.

use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::accounts::User;
use shared::domain::sessions::logout::Logout;
use shared::http::{self, Answer, Description, Operation, Protected, Request};
use shared::lambda::Function;

/// POST /users/me/logout
pub const ROUTE: Protected = Protected::at("/users/me/logout", &[Operation::post(&[])]);

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[Description::new("Log out everywhere").answers::<LoggedOut>()],
    start: |cold_start| cold_start.protected(ROUTE, handle),
};

/// Ends all tokens of the user, also those that are not known to any session. With
/// `USER_STORE=memory` only this function's process knows of it: each has its own users.
pub async fn handle(logout: &Logout, user: User, _: Request) -> Answer {
    logout.everywhere(&user).await?;
    http::json(&LoggedOut {})
}

/// There is nothing to say. It is 200 and JSON, as all that a FastAPI route answers unless told
/// otherwise, so a client that reads the JSON of each answer need not know of an exception.
#[derive(Serialize, JsonSchema)]
pub struct LoggedOut {}
