//! Which requests a function answers, and what they must prove.

pub mod description;
#[cfg(test)]
mod tests;

use std::fmt;

use lambda_http::Request;

use crate::domain::access::Access;
use crate::http::request::error::RequestError;
use crate::http::request::event::{Parameters, PathParameters};
use crate::http::request::fields::FromText;
use crate::http::request::problem::Problem;
use crate::http::response::error::ApiError;
use crate::http::response::presentation::Surface;

/// The path of a function and what it answers there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    place: Place,
    /// Does it also answer every path below its own?
    pub below: bool,
    /// Who reads its errors: they are spelled for that reader.
    pub surface: Surface,
    /// One for each method.
    pub operations: &'static [Operation],
}

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

/// A route that anybody may use: its handler is given no user.
#[derive(Debug, Clone, Copy)]
pub struct Public(Route);

/// A route that needs a token: its handler is given the token's user, and is not called without
/// one.
#[derive(Debug, Clone, Copy)]
pub struct Protected(Route);

/// A route that needs a client's own token: its handler is given the client.
#[derive(Debug, Clone, Copy)]
pub struct ForClients(Route);

/// A method of a route, and what it requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// In capital letters (RFC 9110 9.1: methods are case-sensitive).
    pub method: &'static str,
    /// What a request must prove.
    pub access: Access,
}

impl Operation {
    /// A GET by an active user whose token has all of these scopes.
    #[must_use]
    pub const fn get(scopes: &'static [&'static str]) -> Self {
        Self::new("GET", Access::ActiveUser(scopes))
    }

    /// The same for POST.
    #[must_use]
    pub const fn post(scopes: &'static [&'static str]) -> Self {
        Self::new("POST", Access::ActiveUser(scopes))
    }

    /// The same for PUT.
    #[must_use]
    pub const fn put(scopes: &'static [&'static str]) -> Self {
        Self::new("PUT", Access::ActiveUser(scopes))
    }

    /// The same for PATCH.
    #[must_use]
    pub const fn patch(scopes: &'static [&'static str]) -> Self {
        Self::new("PATCH", Access::ActiveUser(scopes))
    }

    /// The same for DELETE.
    #[must_use]
    pub const fn delete(scopes: &'static [&'static str]) -> Self {
        Self::new("DELETE", Access::ActiveUser(scopes))
    }

    /// A method that everybody may use.
    #[must_use]
    pub const fn public(method: &'static str) -> Self {
        Self::new(method, Access::Public)
    }

    /// A method for clients whose own token has all of these scopes.
    #[must_use]
    pub const fn client(method: &'static str, scopes: &'static [&'static str]) -> Self {
        Self::new(method, Access::Client(scopes))
    }

    /// A method with any kind of access.
    #[must_use]
    pub const fn new(method: &'static str, access: Access) -> Self {
        Self { method, access }
    }
}

impl Public {
    /// A route for everybody.
    ///
    /// # Panics
    /// If an operation asks for a token. A route is a `const`, so this is an error of the compiler:
    ///
    /// ```compile_fail
    /// use shared::http::{Operation, Public};
    /// const ROUTE: Public = Public::at("/users/me/", &[Operation::get(&["me"])]);
    /// # let _ = ROUTE;
    /// ```
    #[must_use]
    pub const fn at(path: &'static str, operations: &'static [Operation]) -> Self {
        let mut at = 0;
        while at < operations.len() {
            let public = matches!(operations[at].access, Access::Public);
            assert!(public, "an operation asks for a token: write Protected::at");
            at += 1;
        }
        Self(Route::at(path, operations))
    }

    /// The same route, which also answers every path below its own, such as those of files.
    #[must_use]
    pub const fn and_below(self) -> Self {
        Self(Route {
            below: true,
            ..self.0
        })
    }

    /// The same route, whose errors have the form of RFC 6749 5.2 in the `rfc` dialect.
    #[must_use]
    pub const fn token_endpoint(self) -> Self {
        Self(Route {
            surface: Surface::TokenEndpoint,
            ..self.0
        })
    }

    /// The same route, whose errors have the form of RFC 6749 5.2 in either dialect.
    #[must_use]
    pub const fn oauth_endpoint(self) -> Self {
        Self(Route {
            surface: Surface::OAuthEndpoint,
            ..self.0
        })
    }

    /// The route of everything that no other route answers.
    #[must_use]
    pub const fn fallback() -> Self {
        Self(Route::nowhere(Place::Fallback))
    }

    /// The route as a plain value, for code that treats all routes alike.
    #[must_use]
    pub const fn route(self) -> Route {
        self.0
    }
}

impl Protected {
    /// A route that needs a token.
    ///
    /// # Panics
    /// If an operation asks for no token, because the handler could not be given a user. A route is
    /// a `const`, so this is an error of the compiler:
    ///
    /// ```compile_fail
    /// use shared::http::{Operation, Protected};
    /// const ROUTE: Protected = Protected::at("/users/me/", &[Operation::public("GET")]);
    /// # let _ = ROUTE;
    /// ```
    #[must_use]
    pub const fn at(path: &'static str, operations: &'static [Operation]) -> Self {
        let mut at = 0;
        while at < operations.len() {
            let user = matches!(
                operations[at].access,
                Access::ActiveUser(_) | Access::AnyUser(_)
            );
            assert!(
                user,
                "an operation asks for no user: write Public::at or ForClients::at"
            );
            at += 1;
        }
        Self(Route::at(path, operations))
    }

    /// The route as a plain value, for code that treats all routes alike.
    #[must_use]
    pub const fn route(self) -> Route {
        self.0
    }
}

impl ForClients {
    /// A route that needs a client's own token.
    ///
    /// # Panics
    /// If an operation asks for anything else. A route is a `const`, so this is an error of the
    /// compiler:
    ///
    /// ```compile_fail
    /// use shared::http::{ForClients, Operation};
    /// const ROUTE: ForClients = ForClients::at("/reports", &[Operation::get(&["me"])]);
    /// # let _ = ROUTE;
    /// ```
    #[must_use]
    pub const fn at(path: &'static str, operations: &'static [Operation]) -> Self {
        let mut at = 0;
        while at < operations.len() {
            let client = matches!(operations[at].access, Access::Client(_));
            assert!(
                client,
                "an operation is not for clients: write Operation::client"
            );
            at += 1;
        }
        Self(Route::at(path, operations))
    }

    /// The route as a plain value, for code that treats all routes alike.
    #[must_use]
    pub const fn route(self) -> Route {
        self.0
    }
}

impl Route {
    /// Of a Lambda authorizer, which has no path: other APIs' gateways ask it about theirs.
    pub const AUTHORIZER: Self = Self::nowhere(Place::Authorizer);

    const fn at(path: &'static str, operations: &'static [Operation]) -> Self {
        Self {
            operations,
            ..Self::nowhere(Place::Path(path))
        }
    }

    const fn nowhere(place: Place) -> Self {
        Self {
            place,
            below: false,
            surface: Surface::Resource,
            operations: &[],
        }
    }

    /// The same route where it is off: each request to it is 404, as if there were no such path.
    #[must_use]
    pub(crate) const fn off(self) -> Self {
        Self {
            operations: &[],
            ..self
        }
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
