//! GET /users/me/: who the token belongs to. Scopes: `me`.

use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::accounts::User;
use shared::http::{self, Answer, Description, Operation, Protected, Request};
use shared::lambda::Function;

/// GET /users/me/
pub const ROUTE: Protected = Protected::at("/users/me/", &[Operation::get(&["me"])]);

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[Description::new("Read yourself").answers::<Me>()],
    start: |cold_start| cold_start.protected(ROUTE, handle),
};

/// Answers with the user's own record.
pub async fn handle((): &(), user: User, _: Request) -> Answer {
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
