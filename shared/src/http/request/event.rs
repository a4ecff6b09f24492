//! The gateway's event (HTTP API, payload format 2.0), and the request that it becomes.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use lambda_http::{Body, Request};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::error::RequestError;
use super::form::RawQuery;

/// The largest body that is read. A login form has a few hundred bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What this service reads of an event. With the type of `aws_lambda_events`, a single header that
/// cannot be read makes the whole event an error, which is logged with the header's value.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    raw_path: String,
    #[serde(default, deserialize_with = "or_default")]
    raw_query_string: String,
    #[serde(default, deserialize_with = "headers")]
    headers: HeaderMap,
    body: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    is_base64_encoded: bool,
    request_context: Context,
}

#[derive(Debug, Clone, Deserialize)]
struct Context {
    http: Http,
    #[serde(default, deserialize_with = "or_default")]
    stage: String,
}

impl Event {
    /// The method, as the client sent it.
    pub(crate) fn method(&self) -> &str {
        &self.request_context.http.method
    }

    /// Did it come over TLS? The gateway says so; a client that lies only deceives itself.
    pub(crate) fn came_by_https(&self) -> bool {
        let proto = self.headers.get(X_FORWARDED_PROTO);
        proto.is_some_and(|proto| proto == "https")
    }

    /// The path without the gateway's stage, which precedes it unless the stage is `$default`.
    pub(crate) fn path(&self) -> &str {
        let path = self.raw_path.as_str();
        let stage = match self.request_context.stage.as_str() {
            "" | "$default" => return path,
            stage => format!("/{stage}"),
        };
        let rest = path.strip_prefix(&stage);
        rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    #[serde(default, deserialize_with = "or_default")]
    source_ip: String,
}

/// The address that a request came from.
#[derive(Debug, Clone)]
struct SourceIp(String);

/// Values of a path's parameters, by their names.
pub type Parameters = Vec<(&'static str, String)>;

/// The values of the route's parameters in the path.
#[derive(Debug, Clone)]
pub(in crate::http) struct PathParameters(pub Parameters);

/// Turns the event into a request. The body is bytes, decoded if the gateway sent base64.
pub(crate) fn request(event: Event, parameters: Parameters) -> Result<Request, RequestError> {
    let uri = uri(event.path(), &event.raw_query_string);
    let body = body(event.body.unwrap_or_default(), event.is_base64_encoded)?;
    let mut request = Request::new(Body::Binary(body));
    let http = event.request_context.http;
    // A method that is not valid HTTP may become `GET`: the route has been matched before.
    *request.method_mut() = http.method.parse().unwrap_or_default();
    *request.uri_mut() = uri;
    *request.headers_mut() = event.headers;
    let extensions = request.extensions_mut();
    extensions.insert(SourceIp(http.source_ip));
    extensions.insert(RawQuery(event.raw_query_string));
    extensions.insert(PathParameters(parameters));
    Ok(request)
}

/// A member that is null counts as missing: cargo-lambda writes a request without a query so.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// What stands encoded in the path of a URI (the URL standard's path percent-encode set).
const ENCODED_IN_A_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// The gateway has decoded the path, and a URI has it encoded. What cannot be a URI becomes `/`: the
/// route has been matched before.
fn uri(path: &str, query: &str) -> Uri {
    let path = utf8_percent_encode(path, ENCODED_IN_A_PATH);
    let whole = if query.is_empty() {
        path.to_string()
    } else {
        format!("{path}?{query}")
    };
    let uri = whole.parse().or_else(|_| path.to_string().parse());
    uri.unwrap_or_default()
}

/// Reads the headers, without those that HTTP does not allow.
pub(in crate::http) fn headers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<HeaderMap, D::Error> {
    deserializer.deserialize_any(Headers)
}

struct Headers;

/// A string that is borrowed from the event, unless it contains an escape sequence.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for Headers {
    type Value = HeaderMap;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<HeaderMap, E> {
        Ok(HeaderMap::new())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut event: M) -> Result<HeaderMap, M::Error> {
        let mut headers = HeaderMap::new();
        while let Some((Text(name), Text(value))) = event.next_entry()? {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_bytes(value.as_bytes());
            if let (Ok(name), Ok(value)) = (name, value) {
                // A map that is full takes no more.
                let _is_kept = headers.try_append(name, value);
            }
        }
        Ok(headers)
    }
}

fn body(text: String, is_base64: bool) -> Result<Vec<u8>, RequestError> {
    // Four characters of base64 are three bytes, so a body that is too large can be refused before
    // it is decoded.
    let most = if is_base64 {
        MAX_BODY_BYTES.div_ceil(3) * 4
    } else {
        MAX_BODY_BYTES
    };
    if text.len() > most {
        return Err(RequestError::ContentTooLarge);
    }
    if !is_base64 {
        return Ok(text.into_bytes());
    }
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| RequestError::MalformedBody)?;
    if bytes.len() > MAX_BODY_BYTES {
        Err(RequestError::ContentTooLarge)
    } else {
        Ok(bytes)
    }
}

/// The client's address as the gateway saw it. `X-Forwarded-For` would not do: a client can write
/// anything into it.
#[must_use]
pub fn source_ip(request: &Request) -> &str {
    request
        .extensions()
        .get::<SourceIp>()
        .map_or("", |SourceIp(address)| address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_has_its_path_encoded_once() {
        for (path, query, expected) in [
            ("/users/me/", "", "/users/me/"),
            ("/a b/é%41", "x=%20", "/a%20b/%C3%A9%2541?x=%20"),
            ("/token?x/", "", "/token%3Fx/"),
            ("/{document}/\u{0}", "", "/%7Bdocument%7D/%00"),
            ("/a", "\u{0}", "/a"),
            ("no path", "", "/"),
        ] {
            assert_eq!(uri(path, query).to_string(), expected, "{path}");
        }
    }

    #[test]
    fn decodes_bodies() {
        assert_eq!(body("a=b".into(), false).unwrap(), b"a=b");
        assert_eq!(body("YT1i".into(), true).unwrap(), b"a=b");
        assert_eq!(body(String::new(), true).unwrap(), b"");
        for broken in ["YT1", "YT1i=", "a=b", "YT1i\n", "é", "YT-_"] {
            assert!(
                matches!(body(broken.into(), true), Err(RequestError::MalformedBody)),
                "{broken}"
            );
        }
    }

    #[test]
    fn the_stage_is_no_part_of_the_path() {
        for (stage, raw_path, path) in [
            ("$default", "/users/me/", "/users/me/"),
            ("prod", "/prod/users/me", "/users/me"),
            ("prod", "/prod/prod/x", "/prod/x"),
            ("prod", "/users/me", "/users/me"),
            ("prod", "/production/x", "/production/x"),
            ("prod", "/prod", "/prod"),
            ("", "//users/me", "//users/me"),
            ("", "/users/me", "/users/me"),
            ("$default", "/$default/x", "/$default/x"),
            ("$default", "", ""),
        ] {
            let event = Event {
                raw_path: raw_path.into(),
                raw_query_string: String::new(),
                headers: HeaderMap::new(),
                body: None,
                is_base64_encoded: false,
                request_context: Context {
                    http: Http {
                        method: "GET".into(),
                        source_ip: String::new(),
                    },
                    stage: stage.into(),
                },
            };
            assert_eq!(event.path(), path, "{raw_path} at {stage:?}");
        }
    }

    #[test]
    fn refuses_more_than_64_kib() {
        for (length, fits) in [
            (MAX_BODY_BYTES, true),
            (MAX_BODY_BYTES + 1, false),
            (10 * MAX_BODY_BYTES, false),
        ] {
            let plain = "a".repeat(length);
            let encoded = STANDARD.encode(&plain);
            assert_eq!(body(plain, false).is_ok(), fits, "{length}");
            assert_eq!(body(encoded, true).is_ok(), fits, "{length} in base64");
        }
    }

    #[test]
    fn what_is_no_header_is_left_out() {
        let event = r#"{"host": "a", "a b": "c", "x": "bad\nvalue", "y": "\u007f", "z": "\u00e9",
            "Host": "b", "tab": "a\tb"}"#;
        let headers = headers(&mut serde_json::Deserializer::from_str(event)).unwrap();
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["host", "tab", "z"]);
        let hosts: Vec<_> = headers.get_all("host").iter().collect();
        assert_eq!(hosts, ["a", "b"]);
        assert_eq!(headers["z"].as_bytes(), "é".as_bytes());
    }
}
