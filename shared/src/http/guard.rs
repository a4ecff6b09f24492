//! The check between a request and a protected handler.

use lambda_http::http::HeaderMap;
use lambda_http::http::header::AUTHORIZATION;

use super::error::{AccessError, ApiError};
use crate::domain::access::{Access, Guard};
use crate::domain::users::User;

/// Returns the user whose token came with the request, if both meet what `access` asks for.
pub(crate) async fn user(
    guard: &Guard,
    access: Access,
    headers: &HeaderMap,
) -> Result<User, ApiError> {
    let token = bearer_token(headers).ok_or(ApiError::Access(AccessError::NotAuthenticated))?;
    let checked = guard.check(&token, access).await;
    checked.map_err(|denied| ApiError::denied(denied, access.scopes()))
}

/// Reads the bearer token (RFC 6750 2.1) as FastAPI does: the scheme may be in upper or lower case,
/// and blanks around the token are ignored. Bytes that are not UTF-8 make the token invalid.
fn bearer_token(headers: &HeaderMap) -> Option<String> {
    let header = String::from_utf8_lossy(headers.get(AUTHORIZATION)?.as_bytes());
    let (scheme, token) = header.split_once(' ').unwrap_or((&header, ""));
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use lambda_http::http::HeaderValue;

    use super::*;

    #[test]
    fn finds_the_bearer_token() {
        for (header, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer abc", Some("abc")),
            ("BEARER  abc  ", Some("abc")),
            ("Bearer a b", Some("a b")),
            ("Bearer", Some("")),
            ("Bearer ", Some("")),
            ("", None),
            ("abc", None),
            ("Bearer:abc", None),
            ("Bearer: abc", None),
            ("Basic abc", None),
            (" Bearer abc", None),
            ("Bearer\tabc", None),
            ("Bearerabc", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(header));
            assert_eq!(bearer_token(&headers).as_deref(), token, "{header:?}");
        }
        assert_eq!(bearer_token(&HeaderMap::new()), None);
    }
}
