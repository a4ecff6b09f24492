//! CORS, as the template's `CorsConfiguration` makes an HTTP API do it.

use lambda_http::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use serde_json::Value;

use super::response::Response;

/// The headers that tell a page of another origin what it may do.
const OF_CORS: [HeaderName; 6] = [
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE,
    lambda_http::http::header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
];

/// Every origin.
const ANY: &str = "*";

/// The origins whose pages may call the API, and what the template says of such calls.
#[derive(Debug, Clone)]
pub struct Cors {
    origins: Vec<String>,
    exposed: HeaderValue,
    preflight: HeaderMap,
}

impl Cors {
    /// What the template has for these origins, which commas separate; `None` without an origin.
    #[must_use]
    pub fn of_template(template: &Value, origins: &str) -> Option<Self> {
        let origins = origins.split(',').map(|origin| origin.trim().to_owned());
        let origins: Vec<_> = origins.filter(|origin| !origin.is_empty()).collect();
        // `!If [HasCors, {...}, !Ref AWS::NoValue]`
        let said = &template["Resources"]["Api"]["Properties"]["CorsConfiguration"][1];
        let mut preflight = HeaderMap::new();
        for (name, member) in [
            (ACCESS_CONTROL_ALLOW_METHODS, "AllowMethods"),
            (ACCESS_CONTROL_ALLOW_HEADERS, "AllowHeaders"),
            (ACCESS_CONTROL_MAX_AGE, "MaxAge"),
        ] {
            preflight.insert(name, list(&said[member])?);
        }
        (!origins.is_empty()).then_some(Self {
            origins,
            exposed: list(&said["ExposeHeaders"])?,
            preflight,
        })
    }

    /// The answer to a preflight request, which no function is asked about; `None` for another request.
    pub(super) fn preflight(&self, method: &str, request: &HeaderMap) -> Option<Response> {
        let asks = [ORIGIN, ACCESS_CONTROL_REQUEST_METHOD];
        let is_one = method == "OPTIONS" && asks.iter().all(|name| request.contains_key(name));
        is_one.then(|| {
            let mut response = Response::new(Vec::new());
            *response.status_mut() = StatusCode::NO_CONTENT;
            if self.allow(request, response.headers_mut()) {
                response.headers_mut().extend(self.preflight.clone());
            }
            response
        })
    }

    /// Lets the page that sent a request read the response, if its origin is one of these. The function's
    /// own CORS headers go, as in an HTTP API.
    pub(super) fn allow(&self, request: &HeaderMap, response: &mut HeaderMap) -> bool {
        for name in &OF_CORS {
            response.remove(name);
        }
        let Some(origin) = request.get(ORIGIN) else {
            return false;
        };
        let allowed = self
            .origins
            .iter()
            .find(|one| *one == ANY || *one == origin);
        let Some(allowed) = allowed.and_then(|one| HeaderValue::from_str(one).ok()) else {
            return false;
        };
        response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed.clone());
        true
    }
}

/// What of a list of origins is none: an origin is a scheme and a host, with a port if it needs one.
pub fn no_origins(list: &str) -> impl Iterator<Item = &str> {
    let items = list
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    items.filter(|item| {
        let uri = item.parse::<Uri>().ok();
        let is_origin = uri.is_some_and(|uri| uri.scheme().is_some() && uri.path() == "/");
        *item != ANY && (!is_origin || item.ends_with('/'))
    })
}

/// A list, or one value, as a header has it.
fn list(value: &Value) -> Option<HeaderValue> {
    let items = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    let items = items
        .iter()
        .map(|item| item.as_str().map_or(item.to_string(), str::to_owned));
    HeaderValue::from_str(&items.collect::<Vec<_>>().join(",")).ok()
}
