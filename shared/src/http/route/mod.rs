//! Which requests a function answers, and what they must prove.

pub mod audience;
pub mod description;
pub mod operation;
#[cfg(test)]
mod tests;

use std::fmt;
use std::marker::PhantomData;

use lambda_http::Request;

use self::audience::{Any, Anyone, Audience, Clients, Users};
use self::operation::Operation;
use crate::domain::access::Access;
use crate::http::request::error::RequestError;
use crate::http::request::event::{Parameters, PathParameters};
use crate::http::request::fields::FromText;
use crate::http::request::problem::Problem;
use crate::http::response::error::ApiError;
use crate::http::response::presentation::{Dialect, Presentation};

/// The path of a function and what it answers there. `K` is its audience; a `Route` without one is a plain
/// value, for code that treats all routes alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route<K = Any> {
    place: Place,
    /// True if it also answers every path below its own.
    pub below: bool,
    in_fastapi: Presentation,
    in_rfc: Presentation,
    /// One for each method.
    pub operations: &'static [Operation],
    audience: PhantomData<K>,
}

/// A route that anybody may use: its handler is given no user. An operation that asks for a token is an error
/// of the compiler:
///
/// ```compile_fail
/// use shared::http::{Operation, Public};
/// const ROUTE: Public = Public::at("/users/me/", &[Operation::get(&["me"])]);
/// # let _ = ROUTE;
/// ```
pub type Public = Route<Anyone>;

/// A route that needs a token: its handler is given the token's user, and is not called without one. An
/// operation that asks for no user is an error of the compiler:
///
/// ```compile_fail
/// use shared::http::{Operation, Protected};
/// const ROUTE: Protected = Protected::at("/users/me/", &[Operation::public("GET")]);
/// # let _ = ROUTE;
/// ```
pub type Protected = Route<Users>;

/// A route that needs a client's own token: its handler is given the client. An operation that asks for
/// anything else is an error of the compiler:
///
/// ```compile_fail
/// use shared::http::{ForClients, Operation};
/// const ROUTE: ForClients = ForClients::at("/reports", &[Operation::get(&["me"])]);
/// # let _ = ROUTE;
/// ```
pub type ForClients = Route<Clients>;

/// Where a function stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At a path.
    Path(&'static str),
    /// Where no other route is: every path and method (the gateway's `$default`).
    Fallback,
    /// Before the routes of another API, whose gateway asks it.
    Authorizer,
}

impl<K> Route<K> {
    const fn nowhere(place: Place) -> Self {
        Self {
            place,
            below: false,
            in_fastapi: Presentation::FastApi,
            in_rfc: Presentation::Bearer,
            operations: &[],
            audience: PhantomData,
        }
    }

    /// The route as a plain value, for code that treats all routes alike.
    #[must_use]
    pub const fn route(&self) -> Route {
        Route {
            place: self.place,
            below: self.below,
            in_fastapi: self.in_fastapi,
            in_rfc: self.in_rfc,
            operations: self.operations,
            audience: PhantomData,
        }
    }
}

impl<K: Audience> Route<K> {
    /// A route at a path.
    ///
    /// # Panics
    /// If an operation is for others than the route, because the handler could not be given its user or
    /// client. A route is a `const`, so this is an error of the compiler.
    #[must_use]
    pub const fn at(path: &'static str, operations: &'static [Operation]) -> Self {
        assert!(
            K::REQUIRED.is_required_by(operations),
            "an operation is for others: write Public::at, Protected::at or ForClients::at"
        );
        Self {
            operations,
            ..Self::nowhere(Place::Path(path))
        }
    }
}

impl Public {
    /// The same route, which also answers every path below its own, such as those of files.
    #[must_use]
    pub const fn and_below(self) -> Self {
        Self {
            below: true,
            ..self
        }
    }

    /// The same route, whose errors have the form of RFC 6749 5.2 in the `rfc` dialect.
    #[must_use]
    pub const fn token_endpoint(self) -> Self {
        Self {
            in_rfc: Presentation::OAuth,
            ..self
        }
    }

    /// The same route, whose errors have the form of RFC 6749 5.2 in either dialect.
    #[must_use]
    pub const fn oauth_endpoint(self) -> Self {
        Self {
            in_fastapi: Presentation::OAuth,
            ..self.token_endpoint()
        }
    }

    /// The route of everything that no other route answers.
    #[must_use]
    pub const fn fallback() -> Self {
        Self::nowhere(Place::Fallback)
    }
}

impl Route {
    /// Of a Lambda authorizer, which has no path: other APIs' gateways ask it about theirs.
    pub const AUTHORIZER: Self = Self::nowhere(Place::Authorizer);

    /// The same route where it is off: each request to it is 404, as if there were no such path.
    #[must_use]
    pub(crate) const fn off(self) -> Self {
        Self {
            operations: &[],
            ..self
        }
    }

    /// The presentation of its errors in this dialect.
    #[must_use]
    pub const fn presentation(self, dialect: Dialect) -> Presentation {
        match dialect {
            Dialect::FastApi => self.in_fastapi,
            Dialect::Rfc => self.in_rfc,
        }
    }

    /// True if it is an endpoint of the authorization server, at which clients prove who they are.
    #[must_use]
    pub const fn is_oauth(self) -> bool {
        matches!(self.in_rfc, Presentation::OAuth)
    }

    /// The path as FastAPI spells it; `None` for the fallback and an authorizer.
    #[must_use]
    pub const fn path(self) -> Option<&'static str> {
        match self.place {
            Place::Path(path) => Some(path),
            Place::Fallback | Place::Authorizer => None,
        }
    }

    /// Does it answer what no other route answers?
    #[must_use]
    pub const fn is_fallback(self) -> bool {
        matches!(self.place, Place::Fallback)
    }

    /// Does the route answer this path? A slash at its end makes no difference.
    #[must_use]
    pub fn has_path(self, path: &str) -> bool {
        self.parameters(path).is_some()
    }

    /// Is this the route's own path, without a slash at its end and not one below it?
    #[must_use]
    pub fn is_at(self, path: &str) -> bool {
        let depth = |path: &str| path.matches('/').count();
        let own = self.path().map(without_slash);
        own.is_some_and(|own| depth(own) == depth(path)) && self.has_path(path)
    }

    /// The values of the path's parameters; `None` if the route does not answer this path. The
    /// gateway has decoded the path, so a percent sign in it is a percent sign.
    #[must_use]
    pub fn parameters(self, path: &str) -> Option<Parameters> {
        let own = without_slash(self.path()?);
        let mut parameters = Parameters::new();
        let mut rest = path;
        for segment in own.split('/').skip(1) {
            rest = rest.strip_prefix('/')?;
            let end = rest.find('/').unwrap_or(rest.len());
            let (sent, after) = rest.split_at(end);
            match parameter(segment) {
                Some(name) if !sent.is_empty() => parameters.push((name, sent.to_owned())),
                None if sent == segment => {}
                _ => return None,
            }
            rest = after;
        }
        let whole = rest.is_empty() || rest == "/" || (self.below && rest.starts_with('/'));
        whole.then_some(parameters)
    }

    /// Its methods, in the order in which they are written.
    pub fn methods(self) -> impl Iterator<Item = &'static str> {
        self.operations.iter().map(|operation| operation.method)
    }

    /// The names of the path's parameters.
    pub fn parameter_names(self) -> impl Iterator<Item = &'static str> {
        let segments = self.path().unwrap_or_default().split('/');
        segments.filter_map(parameter)
    }

    /// Refuses another path with 404, then another method with 405. Both come before any
    /// authentication.
    pub(crate) fn check(
        self,
        method: &str,
        path: &str,
    ) -> Result<(Access, Parameters), RequestError> {
        if self.is_fallback() {
            return Ok((Access::Public, Parameters::new()));
        }
        let parameters = self.parameters(path).ok_or(RequestError::NotFound)?;
        let mut operations = self.operations.iter();
        match operations.find(|operation| operation.method == method) {
            Some(operation) => Ok((operation.access, parameters)),
            None if self.operations.is_empty() => Err(RequestError::NotFound),
            None => Err(RequestError::MethodNotAllowed {
                allowed: self.methods().collect(),
            }),
        }
    }
}

/// For the log: `GET /users/me/`, `GET,POST /users/me/orders/`, `$default` or `authorizer`.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = match self.place {
            Place::Path(path) => path,
            Place::Fallback => return f.write_str("$default"),
            Place::Authorizer => return f.write_str("authorizer"),
        };
        for (at, method) in self.methods().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{method}")?;
        }
        write!(f, " {path}")
    }
}

/// The name in `{name}`, which is how OpenAPI and the gateway write a parameter.
fn parameter(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// A path without its last slash: an HTTP API has no route that ends in one.
#[must_use]
pub fn without_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// The value of a parameter of the route's path, such as `{order_id}`.
pub fn path_parameter<T: FromText>(request: &Request, name: &'static str) -> Result<T, ApiError> {
    let parameters = request.extensions().get::<PathParameters>();
    let mut parameters = parameters.into_iter().flat_map(|PathParameters(all)| all);
    let Some((_, text)) = parameters.find(|(known, _)| *known == name) else {
        return Err(ApiError::internal(format!("the route has no {{{name}}}")));
    };
    T::from_text(text).map_err(|kind| {
        let problem = Problem {
            input: text.as_str().into(),
            ..Problem::of_field("path", name, kind)
        };
        RequestError::Invalid(vec![problem]).into()
    })
}
