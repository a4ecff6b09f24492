//! Which scopes the routes of another API need: what an authorizer is told of them.

use std::collections::BTreeMap;

use super::scope::Scopes;

/// The methods that a route of an HTTP API can have, and `ANY` for all of them.
const METHODS: [&str; 8] = [
    "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT",
];

/// The scopes of each route that is declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteScopes(BTreeMap<String, Scopes>);

impl RouteScopes {
    /// Reads declarations such as `GET /reports: reports me`, a line or an element between commas for each
    /// route. The route is written as the API's own template writes it, `GET /reports/{id}`: the gateway
    /// names it so, and has matched method and path already. All that is wrong is returned, each with the
    /// declaration that it is in.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut routes = BTreeMap::new();
        let mut problems = Vec::new();
        for line in text.split(['\n', ',']).map(str::trim) {
            if line.is_empty() {
                continue;
            }
            match declaration(line) {
                Ok((route, scopes)) => {
                    if routes.insert(route, scopes).is_some() {
                        problems.push(format!("{line:?} declares its route again"));
                    }
                }
                Err(problem) => problems.push(format!("{line:?} {problem}")),
            }
        }
        if problems.is_empty() {
            Ok(Self(routes))
        } else {
            Err(problems)
        }
    }

    /// Is no route declared?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes that the gateway's route of this name needs, all of them; `None` if it is not declared.
    #[must_use]
    pub fn of(&self, route: &str) -> Option<&Scopes> {
        self.0.get(route)
    }
}

fn declaration(line: &str) -> Result<(String, Scopes), String> {
    // A scope may have a colon in it, but hardly a path: the first one ends the route.
    let (route, scopes) = line.split_once(':').ok_or(
        "has no colon between the route and its scopes; it reads: GET /reports: reports me",
    )?;
    let scopes = Scopes::parse(scopes).map_err(|error| format!("is not valid: {error}"))?;
    Ok((route_key(route)?, scopes))
}

/// The name that an HTTP API has for a route.
fn route_key(text: &str) -> Result<String, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        ["$default"] => Ok("$default".to_owned()),
        [method, _] if !METHODS.contains(&method) => {
            let methods = METHODS.join(", ");
            Err(format!("has no method of HTTP; it can be: {methods}"))
        }
        [method, path] if path.starts_with('/') => Ok(format!("{method} {path}")),
        _ => Err("names no route; it reads: GET /reports: reports me".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scopes(text: &str, route: &str) -> Option<String> {
        let routes = RouteScopes::parse(text).unwrap();
        routes.of(route).map(ToString::to_string)
    }

    #[test]
    fn each_line_declares_a_route() {
        let text = "\n  GET /reports: reports me\nPOST   /reports/{id} :reports:write\r\n\nANY /x/{proxy+}:\n$default: me";
        for (route, expected) in [
            ("GET /reports", Some("reports me")),
            ("POST /reports/{id}", Some("reports:write")),
            ("ANY /x/{proxy+}", Some("")),
            ("$default", Some("me")),
            ("GET /Reports", None),
            ("get /reports", None),
            ("GET /reports/", None),
            ("ANY /reports", None),
            ("GET /x/y", None),
            ("", None),
        ] {
            assert_eq!(scopes(text, route).as_deref(), expected, "{route}");
        }
        let line = text.trim().replace("\r\n\n", ",").replace('\n', ", ");
        assert_eq!(RouteScopes::parse(&line), RouteScopes::parse(text));
        assert!(RouteScopes::parse(" \n,").unwrap().is_empty());
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let text = "GET /a me\nget /b: me\nGET c: me\nGET: me\nGET /d x: me\nGET /e: a\"b\nGET /f: me\nGET  /f:";
        let problems = RouteScopes::parse(text).unwrap_err();
        let expected = [
            "\"GET /a me\" has no colon",
            "\"get /b: me\" has no method of HTTP; it can be: ANY, ",
            "\"GET c: me\" names no route",
            "\"GET: me\" names no route",
            "\"GET /d x: me\" names no route",
            "\"GET /e: a\\\"b\" is not valid: a scope is made of",
            "\"GET  /f:\" declares its route again",
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    proptest! {
        /// A typing error must not open a route that nobody declared, or with fewer scopes.
        #[test]
        fn what_is_read_was_written(text in "(GET|POST|get|ANY|/|a|b|x:y|:| |,|\n|\\{id\\}){0,24}") {
            if let Ok(RouteScopes(routes)) = RouteScopes::parse(&text) {
                for (route, scopes) in routes {
                    let written = text.split(['\n', ',']).any(|line| {
                        let (left, right) = line.split_once(':').unwrap_or_default();
                        let same = left.split_whitespace().eq(route.split(' '));
                        same && Scopes::parse(right.trim()).is_ok_and(|read| read == scopes)
                    });
                    prop_assert!(written, "{route:?} {scopes:?}");
                }
            }
        }
    }
}
