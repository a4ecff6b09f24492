//! The event that a function is sent for a request (HTTP API, payload format 2.0).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::header::{CONTENT_TYPE, COOKIE};
use lambda_http::http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::{Gateway, Received};

impl Gateway {
    /// The event of a request.
    #[must_use]
    pub fn event(&self, request: &Received) -> Value {
        let path = decoded(&request.path);
        let route = self.route(&request.method, &path);
        let cookies = cookies(&request.headers);
        let mut event = json!({
            "version": "2.0",
            "routeKey": route.map_or("$default", |route| &route.key),
            "rawPath": path,
            "rawQueryString": request.query,
            "headers": headers(&request.headers),
            "requestContext": {
                "http": {"method": request.method, "path": path, "sourceIp": request.source_ip},
                "requestId": request.id,
                "stage": "$default",
            },
            "isBase64Encoded": false,
        });
        if !cookies.is_empty() {
            event["cookies"] = cookies.into();
        }
        if !request.body.is_empty() {
            let text = String::from_utf8(request.body.clone()).ok();
            let text = text.filter(|_| self.bodies_as_text || is_text(&request.headers));
            event["isBase64Encoded"] = text.is_none().into();
            let body = text.unwrap_or_else(|| STANDARD.encode(&request.body));
            event["body"] = body.into();
        }
        event
    }
}

/// The path as an HTTP API sends it. Bytes that are not UTF-8 become U+FFFD.
fn decoded(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

/// True if the gateway sends a body of this media type as text. AWS documents no list; this one was
/// observed.
fn is_text(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).map(text).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let text = ["json", "xml", "javascript"].map(|kind| format!("application/{kind}"));
    media_type.starts_with("text/") || text.iter().any(|text| text == media_type)
}

/// The headers: names in lower case, a repeated header joined with commas (RFC 9110 5.3).
fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let names = headers.keys().filter(|name| *name != COOKIE);
    let joined = names.map(|name| {
        let values: Vec<String> = headers.get_all(name).iter().map(text).collect();
        (name.to_string(), values.join(",").into())
    });
    joined.collect()
}

/// Each cookie by itself (RFC 6265 4.2.1).
fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(COOKIE).iter().map(text);
    let cookies = lines.flat_map(|line| line.split("; ").map(str::to_owned).collect::<Vec<_>>());
    cookies.collect()
}

/// A value's bytes as Latin-1 (RFC 9110 5.5); what AWS makes of a value that is not ASCII was not seen.
fn text(value: &HeaderValue) -> String {
    value.as_bytes().iter().copied().map(char::from).collect()
}
