//! `ROUTE_SCOPES`: which routes of another API an authorizer knows, and the scopes that they need.

use super::reader::{ConfigError, Reader};
use super::state::{Parts, State};
use crate::domain::route_scopes::RouteScopes;

const NAME: &str = "ROUTE_SCOPES";

impl State for RouteScopes {
    type Config = Self;

    /// None at all would be an authorizer that denies everything, which nobody deploys on purpose.
    fn read(reader: &mut Reader<'_>) -> Self {
        let text = reader.get(NAME).unwrap_or_default();
        match RouteScopes::parse(&text) {
            Ok(routes) if !routes.is_empty() => return routes,
            Ok(_) => reader.problem(
                NAME,
                "has no route; a line for each, such as GET /reports: reports me",
            ),
            Err(problems) => {
                for problem in problems {
                    reader.problem(NAME, problem);
                }
            }
        }
        Self::default()
    }

    async fn open(routes: Self, _: &Parts) -> Result<Self, ConfigError> {
        Ok(routes)
    }
}
