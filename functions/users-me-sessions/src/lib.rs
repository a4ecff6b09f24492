//! GET /users/me/sessions/: the devices on which the user is logged in. Scopes: `me`.

use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::access::Caller;
use shared::domain::sessions::Sessions;
use shared::domain::sessions::session::SessionSummary;
use shared::http::{self, Answer, Description, Feature, Operation, Protected, Request};
use shared::lambda::Function;

/// GET /users/me/sessions/
pub const ROUTE: Protected = Protected::at("/users/me/sessions/", &[Operation::get(&["me"])]);

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[Description::new("List your sessions")
        .answers::<Vec<MySession>>()
        .only_with(Feature::Sessions)],
    start: |cold_start| cold_start.protected_if_on(ROUTE, handle),
};

/// Answers with the user's sessions, the last used first. One that began a moment ago may be missing.
pub async fn handle(sessions: &Sessions, caller: Caller, _: Request) -> Answer {
    let all = sessions.of(&caller.user).await?;
    let asking = caller.claims.sid.as_deref();
    let all: Vec<_> = all.iter().map(|one| MySession::new(one, asking)).collect();
    http::json(&all)
}

/// A login that lasts. Times are in seconds since the epoch.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub struct MySession<'a> {
    /// Its name, with which it can be ended.
    #[schemars(example = &"tE6RhmPV0SkkRlcSxzzRTA")]
    sid: &'a str,
    /// The client to which it was granted.
    #[schemars(example = &"default")]
    client_id: &'a str,
    /// What it may be used for, with spaces between the scopes.
    #[schemars(example = &"items me")]
    scope: String,
    /// When the password was typed.
    auth_time: u64,
    /// When it was last refreshed.
    last_used: u64,
    /// When it ends, if it is not used before.
    expires: u64,
    /// Whether this request's token belongs to it.
    current: bool,
}

impl<'a> MySession<'a> {
    fn new(session: &'a SessionSummary, asking: Option<&str>) -> Self {
        let SessionSummary { sid, state, .. } = session;
        Self {
            sid: &sid.0,
            client_id: &session.client,
            scope: session.scopes.to_string(),
            auth_time: session.auth_time.as_secs(),
            last_used: session.rotated.as_secs(),
            expires: state.expires.min(state.ends).as_secs(),
            current: asking == Some(&sid.0),
        }
    }
}
