//! Which scopes the routes of another API need: what an authorizer is told of them.

use std::collections::BTreeMap;

use super::scope::Scopes;

/// The methods that a route of an HTTP API can have, and `ANY` for all of them.
const METHODS: [&str; 8] = [
    "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT",
];

/// What is declared of each route, by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteScopes(BTreeMap<String, DeclaredRoute>);

/// Who may use a route, and what they need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredRoute {
    /// All of these, in the token and in its holder's record.
    pub scopes: Scopes,
    /// May users, by the tokens that they give to a client?
    pub users: bool,
    /// May clients, by tokens of their own?
    pub clients: bool,
}

impl RouteScopes {
    /// Reads declarations such as `GET /reports: reports me`, a line or an element between commas for each
    /// route. A route is for users, unless `for clients` or `for users and clients` follows it:
    /// `POST /orders for clients: orders`. The route is written as the API's own template writes it, `GET /reports/{id}`: the gateway
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
                Ok((route, declared)) => {
                    if routes.insert(route, declared).is_some() {
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

    /// What is declared of the gateway's route of this name.
    #[must_use]
    pub fn of(&self, route: &str) -> Option<&DeclaredRoute> {
        self.0.get(route)
    }
}

fn declaration(line: &str) -> Result<(String, DeclaredRoute), String> {
    // A scope may have a colon in it, but hardly a path: the first one ends the route.
    let (route, scopes) = line.split_once(':').ok_or(
        "has no colon between the route and its scopes; it reads: GET /reports: reports me",
    )?;
    let scopes = Scopes::parse(scopes).map_err(|error| format!("is not valid: {error}"))?;
    let words: Vec<&str> = route.split_whitespace().collect();
    let (route, users, clients) = match words.as_slice() {
        [route @ .., "for", "clients"] => (route, false, true),
        [route @ .., "for", "users", "and", "clients"] => (route, true, true),
        [route @ .., "for", "users"] | route => (route, true, false),
    };
    let declared = DeclaredRoute {
        scopes,
        users,
        clients,
    };
    Ok((route_key(route)?, declared))
}

/// The name that an HTTP API has for a route.
fn route_key(words: &[&str]) -> Result<String, String> {
    match *words {
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
        routes.of(route).map(|declared| declared.scopes.to_string())
    }

    #[test]
    fn a_route_is_for_users_unless_it_says_otherwise() {
        for (text, expected) in [
            ("GET /a: a", (true, false)),
            ("GET /a for users: a", (true, false)),
            ("GET /a for clients: a", (false, true)),
            ("GET  /a  for users  and clients : a", (true, true)),
            ("GET /a for clients:", (false, true)),
        ] {
            let routes = RouteScopes::parse(text).unwrap();
            let declared = routes.of("GET /a").unwrap();
            assert_eq!((declared.users, declared.clients), expected, "{text}");
        }
        for text in [
            "GET /a clients: a",
            "GET /a for client: a",
            "GET /a for clients and users: a",
            "GET /a for: a",
            "for clients: a",
            "GET for clients: a",
            "GET /a for clients: a\nGET /a: a",
        ] {
            assert!(RouteScopes::parse(text).is_err(), "{text}");
        }
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
                for (route, DeclaredRoute { scopes, users, clients }) in routes {
                    prop_assert!(users && !clients);
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
