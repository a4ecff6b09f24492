//! The form in which the gateway expects a response.

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::HeaderValue;
use lambda_http::http::header::{STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use lambda_http::{Body, Response};

/// Turns a response into the form that the gateway expects. Every answer forbids a browser to guess
/// another content type; one over TLS asks it to stay with TLS (RFC 6797 7.2: only there).
pub(crate) fn gateway_response(response: Response<Body>, https: bool) -> ApiGatewayV2httpResponse {
    let (mut parts, body) = response.into_parts();
    let nosniff = HeaderValue::from_static("nosniff");
    parts.headers.insert(X_CONTENT_TYPE_OPTIONS, nosniff);
    if https {
        let a_year = HeaderValue::from_static("max-age=31536000");
        parts.headers.insert(STRICT_TRANSPORT_SECURITY, a_year);
    }
    let mut event = ApiGatewayV2httpResponse::default();
    event.status_code = parts.status.as_u16().into();
    event.headers = parts.headers;
    event.is_base64_encoded = matches!(body, Body::Binary(_));
    // Some gateways take a body that is null for an error.
    event.body = Some(match body {
        Body::Empty => Body::Text(String::new()),
        body => body,
    });
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_without_a_body_has_an_empty_one() {
        let sent = gateway_response(Response::new(Body::Empty), false);
        let sent = serde_json::to_value(sent).unwrap();
        assert_eq!(
            (&sent["body"], &sent["isBase64Encoded"]),
            (&"".into(), &false.into())
        );
    }
}
