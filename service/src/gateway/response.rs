//! The response of a function, and the responses of the gateway itself.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::header::{CONTENT_TYPE, SET_COOKIE};
use lambda_http::http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::json;
use shared::http::JSON;

/// What goes back over HTTP.
pub type Response = lambda_http::http::Response<Vec<u8>>;

/// A function's answer (payload format 2.0).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The response that a function's answer is; `None` if the gateway cannot read it.
#[must_use]
pub fn of_payload(payload: &[u8]) -> Option<Response> {
    let payload: Payload = serde_json::from_slice(payload).ok()?;
    let body = payload.body.unwrap_or_default();
    let body = if payload.is_base64_encoded {
        STANDARD.decode(body).ok()?
    } else {
        body.into_bytes()
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(payload.status_code).ok()?;
    let headers = response.headers_mut();
    for (name, value) in payload.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    for cookie in payload.cookies {
        headers.append(SET_COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).ok()?);
    }
    Some(response)
}

/// A response of the gateway itself.
#[must_use]
pub fn message(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(json!({"message": text}).to_string().into_bytes());
    *response.status_mut() = status;
    let json = HeaderValue::from_static(JSON);
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
