//! The Lambda authorizer of another HTTP API: opens its routes to tokens that have all of a route's scopes.

use shared::domain::access::Guard;
use shared::domain::route_scopes::RouteScopes;
use shared::http::{Allowed, Asked, Refusal, Route};
use shared::lambda::Function;

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: Route::AUTHORIZER,
    description: &[],
    start: |cold_start| cold_start.authorizer(handle),
};

/// Lets a request pass if its token opens the route, by the same checks as those before the routes of this
/// service. A route that nobody declared stays closed.
pub async fn handle(
    (guard, routes): &(Guard, RouteScopes),
    asked: Asked,
) -> Result<Allowed, Refusal> {
    let required = routes.of(&asked.route_key).ok_or(Refusal::NotDeclared)?;
    asked.holder(guard, required).await
}
