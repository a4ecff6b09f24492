//! The check between a request and a protected handler.

use lambda_http::http::HeaderMap;

use super::authorization::Authorization;
use crate::domain::access::{Access, Caller, ClientGuard, Guard};
use crate::domain::clients::Client;
use crate::http::response::error::ApiError;

/// Returns the user whose token came with the request and the token's claims, if both meet what `access`
/// asks for.
pub(crate) async fn caller(
    guard: &Guard,
    access: Access,
    headers: &HeaderMap,
) -> Result<Caller, ApiError> {
    let required = access.scopes();
    let token = bearer_token(headers, required)?;
    let checked = guard.check(&token, access).await;
    checked.map_err(|denied| ApiError::Denied { required, denied })
}

/// Returns the client whose own token came with the request, if both meet what `access` asks for.
pub(crate) async fn token_client(
    guard: &ClientGuard,
    access: Access,
    headers: &HeaderMap,
) -> Result<Client, ApiError> {
    let required = access.scopes();
    let token = bearer_token(headers, required)?;
    let checked = guard.check(&token, access).await;
    checked.map_err(|denied| ApiError::Denied { required, denied })
}

/// The bearer token of a request to a route that asks for these scopes.
pub(super) fn bearer_token(
    headers: &HeaderMap,
    required: &'static [&'static str],
) -> Result<String, ApiError> {
    match Authorization::read(headers) {
        Authorization::Bearer(token) => Ok(token),
        Authorization::MalformedBearer | Authorization::Several { bearer: true } => {
            Err(ApiError::MalformedCredentials { required })
        }
        Authorization::Basic(_)
        | Authorization::MalformedBasic
        | Authorization::Several { bearer: false }
        | Authorization::Other => Err(ApiError::NotAuthenticated),
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::http::HeaderValue;
    use lambda_http::http::header::AUTHORIZATION;

    use super::*;

    fn token_of(values: &[&str]) -> Result<String, &'static str> {
        let values = values
            .iter()
            .map(|value| HeaderValue::from_str(value).unwrap());
        let headers = values.map(|value| (AUTHORIZATION, value)).collect();
        bearer_token(&headers, &["me"]).map_err(|error| {
            if let ApiError::MalformedCredentials { required } = error {
                assert_eq!(required, ["me"]);
            }
            error.outcome()
        })
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
            assert_eq!(token_of(&[header]), Err("not_authenticated"), "{header:?}");
        }
        assert_eq!(token_of(&[]), Err("not_authenticated"));
    }

    #[test]
    fn what_is_not_one_token_is_malformed() {
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
            assert_eq!(
                token_of(headers),
                Err("malformed_credentials"),
                "{headers:?}"
            );
        }
    }
}
