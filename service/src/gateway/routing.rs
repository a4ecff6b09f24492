//! The routes of an HTTP API, and which of them takes a request, by the rules that AWS documents
//! ("Routing API requests" of the API Gateway guide). No emulator has them all.

use serde_json::Value;
use shared::http::without_slash;
use shared::lambda::Function;

use crate::template::resources;

/// Whether `/x/{proxy+}` takes `/x/`, whose rest is empty. AWS does not document it, so both answers
/// must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyRest {
    /// It takes it.
    Taken,
    /// `$default` takes it.
    Refused,
}

/// The routes of an API.
#[derive(Debug, Clone)]
pub struct Routes(Vec<Route>);

/// A route, and the folder of the function that its integration names.
#[derive(Debug, Clone)]
pub struct Route {
    /// `ANY /token`, `GET /x/{id}/{proxy+}` or `$default`.
    pub key: String,
    /// The function's name.
    pub function: String,
}

/// How well a route fits a request; the largest wins. A full match comes before a greedy one, then
/// the most literal segments, then a method of its own before ANY. Between two that are alike in that,
/// such as `/orders/{proxy+}` and `/orders/{id}/{proxy+}`, the longer one counts as the more specific:
/// AWS documents no more than that the most specific one wins.
type Fit = (bool, usize, usize, bool);

impl Routes {
    /// SAM makes exactly one route of each `HttpApi` event, which `make rehearse` checks, and
    /// `$default` of one without a path.
    #[must_use]
    pub fn of_template(template: &Value) -> Self {
        let mut routes = Vec::new();
        for resource in resources(template) {
            let properties = &resource["Properties"];
            let events = properties["Events"].as_object().into_iter().flatten();
            let folder = properties["CodeUri"].as_str().unwrap_or_default();
            for (_, event) in events.filter(|(_, event)| event["Type"] == "HttpApi") {
                routes.push(Route {
                    key: key(&event["Properties"]),
                    function: folder.trim_start_matches("functions/").to_owned(),
                });
            }
        }
        Self(routes)
    }

    /// The routes that `make routes` would write for these functions.
    #[must_use]
    pub fn of_functions(functions: &[Function]) -> Self {
        let routes = functions.iter().flat_map(|function| {
            let paths = gateway_paths(function.route).into_iter();
            let keys = paths.map(|path| format!("ANY {path}"));
            let fallback = function.route.is_fallback();
            let keys = keys.chain(fallback.then(|| "$default".to_owned()));
            keys.map(|key| Route {
                key,
                function: function.name.to_owned(),
            })
        });
        Self(routes.collect())
    }

    /// The route that takes a request; without one the gateway answers 404 itself.
    #[must_use]
    pub fn choose(&self, method: &str, path: &str, empty_rest: EmptyRest) -> Option<&Route> {
        let fitting = self.0.iter().filter_map(|route| {
            let fit = fit(&route.key, method, path, empty_rest)?;
            Some((fit, route))
        });
        let best = fitting.max_by_key(|(fit, _)| *fit);
        let default = || self.0.iter().find(|route| route.key == "$default");
        best.map(|(_, route)| route).or_else(default)
    }
}

/// The gateway's paths that lead to a function; the fallback has none, since it is `$default`.
#[must_use]
pub fn gateway_paths(route: shared::http::Route) -> Vec<String> {
    let path = route.path().map(without_slash);
    path.map_or_else(Vec::new, |path| {
        vec![path.to_owned(), format!("{path}/{{proxy+}}")]
    })
}

fn key(event: &Value) -> String {
    let text = |name: &str| event[name].as_str();
    text("Path").map_or_else(
        || "$default".to_owned(),
        |path| format!("{} {path}", text("Method").unwrap_or("ANY")),
    )
}

fn fit(key: &str, method: &str, path: &str, empty_rest: EmptyRest) -> Option<Fit> {
    let (own, pattern) = key.split_once(' ')?;
    if own != "ANY" && own != method {
        return None;
    }
    let mut sent = path.split('/');
    let (mut literals, segments) = (0, pattern.split('/').count());
    for segment in pattern.split('/') {
        let value = sent.next()?;
        if segment == "{proxy+}" {
            let empty = value.is_empty() && sent.next().is_none();
            let taken = !empty || empty_rest == EmptyRest::Taken;
            return taken.then_some((false, literals, segments, own != "ANY"));
        }
        let literal = !segment.starts_with('{');
        let fits = if literal {
            segment == value
        } else {
            !value.is_empty()
        };
        if !fits {
            return None;
        }
        literals += usize::from(literal);
    }
    let full = sent.next().is_none();
    full.then_some((true, literals, segments, own != "ANY"))
}
