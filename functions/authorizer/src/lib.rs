//! The Lambda authorizer of another HTTP API: opens its routes to tokens that have all of a route's scopes.

use shared::domain::access::RouteGuard;
use shared::domain::route_scopes::RouteScopes;
use shared::http::{AuthorizerContext, AuthorizerRequest, NotAuthorized, Route};
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
    (guard, routes): &(RouteGuard, RouteScopes),
    request: AuthorizerRequest,
) -> Result<AuthorizerContext, NotAuthorized> {
    let route = routes.of(&request.route_key);
    request.check(guard, route).await
}
