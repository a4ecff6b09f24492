//! Between the gateway's event (HTTP API, payload format 2.0) and `http`'s types.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::http::Uri;
use lambda_http::{Body, Request, Response};

use super::ApiError;

/// A login form is a few hundred bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The event as a request. Its body is bytes, decoded where the gateway sent base64.
pub(super) fn request(event: ApiGatewayV2httpRequest) -> Result<Request, ApiError> {
    let body = body(event.body.unwrap_or_default(), event.is_base64_encoded)?;
    let mut request = Request::new(Body::Binary(body));
    *request.method_mut() = event.request_context.http.method;
    *request.headers_mut() = event.headers;
    *request.uri_mut() = uri(event.raw_path.as_deref().unwrap_or_default());
    Ok(request)
}

fn body(text: String, is_base64: bool) -> Result<Vec<u8>, ApiError> {
    // Four characters of base64 are three bytes: enough to refuse before decoding.
    let most = if is_base64 {
        MAX_BODY_BYTES.div_ceil(3) * 4
    } else {
        MAX_BODY_BYTES
    };
    if text.len() > most {
        return Err(ApiError::ContentTooLarge);
    }
    if !is_base64 {
        return Ok(text.into_bytes());
    }
    let bytes = STANDARD.decode(text).map_err(|_| ApiError::MalformedBody)?;
    if bytes.len() > MAX_BODY_BYTES {
        Err(ApiError::ContentTooLarge)
    } else {
        Ok(bytes)
    }
}

/// The path, for functions that look at it. One that is no URI is no path that a route could have.
fn uri(raw_path: &str) -> Uri {
    raw_path.parse().unwrap_or_default()
}

/// The response as the gateway wants it.
pub(super) fn gateway_response(response: Response<Body>) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut event = ApiGatewayV2httpResponse::default();
    event.status_code = parts.status.as_u16().into();
    event.headers = parts.headers;
    event.is_base64_encoded = matches!(body, Body::Binary(_));
    event.body = Some(body);
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_bodies() {
        assert_eq!(body("a=b".into(), false).unwrap(), b"a=b");
        assert_eq!(body("YT1i".into(), true).unwrap(), b"a=b");
        assert_eq!(body(String::new(), true).unwrap(), b"");
        for broken in ["YT1", "YT1i=", "a=b", "YT1i\n", "é", "YT-_"] {
            assert!(
                matches!(body(broken.into(), true), Err(ApiError::MalformedBody)),
                "{broken}"
            );
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
}
