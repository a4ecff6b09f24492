//! Answers in JSON.

use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;

use super::error::ApiError;

/// The media type of JSON.
pub const JSON: &str = "application/json";

/// An answer in JSON. No cache may keep it: it is one user's data, or a token (RFC 6749 5.1).
pub fn json(body: &impl Serialize) -> Result<Response<Body>, ApiError> {
    json_with(StatusCode::OK, body)
}

/// Like `json`, with another status.
pub fn json_with(status: StatusCode, body: &impl Serialize) -> Result<Response<Body>, ApiError> {
    let text = serde_json::to_string(body).map_err(ApiError::internal)?;
    Ok(response(status, text))
}

pub(super) fn response(status: StatusCode, json: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(json));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
