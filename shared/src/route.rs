//! Which requests a function answers, and what they must prove.

use std::fmt;

use crate::http::ApiError;

/// The only place that says a function's method, path and scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// `None`: every method and path (the gateway's `$default`).
    endpoint: Option<(&'static str, &'static str)>,
    /// Does it also answer every path below its own?
    pub below: bool,
    /// What a request must bring.
    pub access: Access,
}

/// What a request must bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// A valid token that holds all of these scopes.
    Token(&'static [&'static str]),
}

impl Route {
    /// A GET that needs a valid token with all of these scopes.
    #[must_use]
    pub const fn get(path: &'static str, scopes: &'static [&'static str]) -> Self {
        Self {
            access: Access::Token(scopes),
            ..Self::public_get(path)
        }
    }

    /// A GET that anybody may send.
    #[must_use]
    pub const fn public_get(path: &'static str) -> Self {
        Self {
            endpoint: Some(("GET", path)),
            ..Self::fallback()
        }
    }

    /// A POST that anybody may send.
    #[must_use]
    pub const fn public_post(path: &'static str) -> Self {
        Self {
            endpoint: Some(("POST", path)),
            ..Self::fallback()
        }
    }

    /// GETs of a path and of all paths below it, that anybody may send: files.
    #[must_use]
    pub const fn public_files(path: &'static str) -> Self {
        Self {
            below: true,
            ..Self::public_get(path)
        }
    }

    /// Whatever no other route answers.
    #[must_use]
    pub const fn fallback() -> Self {
        Self {
            endpoint: None,
            below: false,
            access: Access::Public,
        }
    }

    /// The path as FastAPI spells it; `None` for the fallback.
    #[must_use]
    pub fn path(self) -> Option<&'static str> {
        self.endpoint.map(|(_, path)| path)
    }

    /// The one method of the route; `None` for the fallback.
    #[must_use]
    pub fn method(self) -> Option<&'static str> {
        self.endpoint.map(|(method, _)| method)
    }

    /// The scopes that a token must hold.
    #[must_use]
    pub fn scopes(self) -> &'static [&'static str] {
        match self.access {
            Access::Public => &[],
            Access::Token(scopes) => scopes,
        }
    }

    /// Is this the route's path, with or without the slash at its end; or one below it, if those
    /// are the route's too?
    #[must_use]
    pub fn has_path(self, path: &str) -> bool {
        let rest = self
            .path()
            .and_then(|own| path.strip_prefix(without_slash(own)));
        rest.is_some_and(|rest| {
            rest.is_empty() || rest == "/" || (self.below && rest.starts_with('/'))
        })
    }

    /// 404 for another path, then 405 for another method: both before any authentication.
    pub fn check(self, method: &str, path: &str) -> Result<(), ApiError> {
        let Some((allow, _)) = self.endpoint else {
            return Ok(());
        };
        if !self.has_path(path) {
            Err(ApiError::NotFound)
        } else if method != allow {
            Err(ApiError::MethodNotAllowed { allow })
        } else {
            Ok(())
        }
    }
}

/// For the log: `GET /users/me/`, or `$default`.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.endpoint {
            Some((method, path)) => write!(f, "{method} {path}"),
            None => f.write_str("$default"),
        }
    }
}

/// A path without its last slash: an HTTP API has no route that ends in one.
#[must_use]
pub fn without_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTE: Route = Route::get("/users/me/", &["me"]);

    #[test]
    fn answers_both_spellings_of_its_path_and_no_other() {
        for path in ["/users/me", "/users/me/"] {
            assert!(ROUTE.check("GET", path).is_ok(), "{path}");
        }
        for path in [
            "",
            "/",
            "/users",
            "/users/me//",
            "//users/me",
            "/users/me/items",
            "/users/ME/",
            "/users/me/x",
            "users/me",
        ] {
            assert!(
                matches!(ROUTE.check("GET", path), Err(ApiError::NotFound)),
                "{path}"
            );
        }
    }

    #[test]
    fn names_the_one_method_that_is_allowed() {
        for method in [
            "POST", "HEAD", "OPTIONS", "DELETE", "get", "Get", "", "GET ",
        ] {
            match ROUTE.check(method, "/users/me") {
                Err(ApiError::MethodNotAllowed { allow }) => assert_eq!(allow, "GET"),
                other => panic!("{method}: {other:?}"),
            }
        }
    }

    #[test]
    fn files_are_below_their_path() {
        let route = Route::public_files("/docs");
        for (path, expected) in [
            ("/docs", true),
            ("/docs/", true),
            ("/docs/a.css", true),
            ("/docs/a/b/", true),
            ("/docsa", false),
            ("/doc", false),
            ("/", false),
        ] {
            assert_eq!(route.has_path(path), expected, "{path}");
        }
    }

    #[test]
    fn an_unknown_path_comes_before_a_wrong_method() {
        assert!(matches!(ROUTE.check("POST", "/x"), Err(ApiError::NotFound)));
    }

    #[test]
    fn the_fallback_takes_everything() {
        assert!(Route::fallback().check("PATCH", "/anything/").is_ok());
        assert!(!Route::fallback().has_path("/"));
    }
}
