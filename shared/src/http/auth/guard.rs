//! The check between a request and a protected handler.

use lambda_http::http::HeaderMap;
use lambda_http::http::header::AUTHORIZATION;

use crate::domain::access::{Access, Caller, ClientGuard, Guard};
use crate::domain::clients::Client;
use crate::http::response::error::{AccessError, ApiError};

/// Returns the user whose token came with the request and the token's claims, if both meet what `access`
/// asks for.
pub(crate) async fn caller(
    guard: &Guard,
    access: Access,
    headers: &HeaderMap,
) -> Result<Caller, ApiError> {
    let required = access.scopes();
    let token = bearer_token(headers, required).map_err(ApiError::Access)?;
    let checked = guard.check(&token, access).await;
    checked.map_err(|denied| ApiError::denied(denied, required))
}

/// Returns the client whose own token came with the request, if both meet what `access` asks for.
pub(crate) async fn token_client(
    guard: &ClientGuard,
    access: Access,
    headers: &HeaderMap,
) -> Result<Client, ApiError> {
    let required = access.scopes();
    let token = bearer_token(headers, required).map_err(ApiError::Access)?;
    let checked = guard.check(&token, access).await;
    checked.map_err(|denied| ApiError::denied(denied, required))
}

/// Reads the bearer token (RFC 6750 2.1) as FastAPI does: the scheme may be in upper or lower case,
/// and blanks around the token are ignored. Two headers are two credentials, and none counts: the
/// gateway joins them with a comma, a local server may not.
pub(super) fn bearer_token(
    headers: &HeaderMap,
    required: &'static [&'static str],
) -> Result<String, AccessError> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let header = sent.next().ok_or(AccessError::NotAuthenticated)?;
    let header = String::from_utf8_lossy(header.as_bytes());
    let (scheme, token) = header.split_once(' ').unwrap_or((&header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AccessError::NotAuthenticated);
    }
    let token = token.trim();
    if sent.next().is_some() || !is_b64token(token) {
        return Err(AccessError::MalformedCredentials { required });
    }
    Ok(token.to_owned())
}

/// `b64token` of RFC 6750 2.1.
fn is_b64token(text: &str) -> bool {
    let text = text.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use lambda_http::http::HeaderValue;

    use super::*;

    fn token_of(values: &[&str]) -> Result<String, AccessError> {
        let values = values
            .iter()
            .map(|value| HeaderValue::from_str(value).unwrap());
        bearer_token(
            &values.map(|value| (AUTHORIZATION, value)).collect(),
            &["me"],
        )
    }

    #[test]
    fn finds_the_bearer_token() {
        for header in ["Bearer abc", "bearer abc", "BEARER  abc  "] {
            assert_eq!(token_of(&[header]), Ok("abc".to_owned()), "{header:?}");
        }
        let every_character = "Bearer aZ09-._~+/==";
        assert!(token_of(&[every_character]).is_ok());
    }

    #[test]
    fn another_scheme_is_no_credential() {
        for header in [
            "",
            "abc",
            "Bearer:abc",
            "Bearer: abc",
            "Basic abc",
            " Bearer abc",
            "Bearer\tabc",
            "Bearerabc",
        ] {
            assert_eq!(
                token_of(&[header]),
                Err(AccessError::NotAuthenticated),
                "{header:?}"
            );
        }
        assert_eq!(token_of(&[]), Err(AccessError::NotAuthenticated));
    }

    #[test]
    fn what_is_not_one_token_is_malformed() {
        let malformed = AccessError::MalformedCredentials { required: &["me"] };
        for headers in [
            &["Bearer"][..],
            &["Bearer "],
            &["Bearer a b"],
            &["Bearer a, Bearer b"],
            &["Bearer a,b"],
            &["Bearer ="],
            &["Bearer a=b"],
            &["Bearer \"a\""],
            &["Bearer a", "Bearer a"],
            &["Bearer a", "Basic b"],
        ] {
            assert_eq!(token_of(headers).as_ref(), Err(&malformed), "{headers:?}");
        }
    }
}
