//! DELETE /users/me/sessions/{sid}: ends one of the user's sessions. Scopes: `me`.

use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::accounts::User;
use shared::domain::sessions::Sessions;
use shared::domain::sessions::token::Sid;
use shared::http::{
    self, Answer, ApiError, Description, Feature, Operation, Parameter, Protected, Request,
};
use shared::lambda::Function;

/// DELETE /users/me/sessions/{sid}
pub const ROUTE: Protected =
    Protected::at("/users/me/sessions/{sid}", &[Operation::delete(&["me"])]);

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[Description::new("End a session")
        .parameters(&[Parameter::path::<String>("sid")])
        .answers::<Ended>()
        .refuses(|| vec![NO_SUCH_SESSION])
        .only_with(Feature::Sessions)],
    start: |cold_start| cold_start.protected_if_on(ROUTE, handle),
};

const NO_SUCH_SESSION: ApiError = ApiError::not_found("Session not found");

/// Ends the session: its refresh token at once, its access tokens only where `TOKEN_CHECK` is `session`.
pub async fn handle(sessions: &Sessions, user: User, request: Request) -> Answer {
    let sid = Sid(http::path_parameter(&request, "sid")?);
    if sessions.end(&sid, &user).await? {
        http::json(&Ended {})
    } else {
        Err(NO_SUCH_SESSION)
    }
}

/// There is nothing to say.
#[derive(Serialize, JsonSchema)]
pub struct Ended {}
