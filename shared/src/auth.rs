//! The one place where token, user and scopes are checked.
//!
//! The order is FastAPI's: token, user, scopes, active.

use lambda_http::http::HeaderMap;
use lambda_http::http::header::AUTHORIZATION;
use tracing::Span;

use crate::app::App;
use crate::http::ApiError;
use crate::route::Route;
use crate::token::InvalidToken;
use crate::users::{Reading, User};

/// The user whose token came with the request, if it allows what the route requires.
pub async fn current_user(app: &App, headers: &HeaderMap, route: Route) -> Result<User, ApiError> {
    let required = route.scopes();
    let token = bearer_token(headers).ok_or(ApiError::NotAuthenticated)?;
    let claims = app
        .tokens
        .verify(&token, app.clock.now())
        .map_err(|reason| ApiError::InvalidToken { required, reason })?;
    let user = find(app, &claims.sub, Reading::Eventual)
        .await?
        .ok_or(ApiError::InvalidToken {
            required,
            reason: InvalidToken::UnknownUser,
        })?;
    // The user's own scopes too: one that was taken away is gone at once, not when the token expires.
    if claims.scopes.contains_all(required) && user.scopes.contains_all(required) {
        Ok(user)
    } else {
        Err(ApiError::InsufficientScope { required })
    }
}

/// The same, and the user must not be disabled.
pub async fn current_active_user(
    app: &App,
    headers: &HeaderMap,
    route: Route,
) -> Result<User, ApiError> {
    let user = current_user(app, headers, route).await?;
    if user.disabled {
        Err(ApiError::InactiveUser)
    } else {
        Ok(user)
    }
}

/// Finds a user, and notes the name in the log: only names that exist are written there.
pub(crate) async fn find(
    app: &App,
    username: &str,
    reading: Reading,
) -> Result<Option<User>, ApiError> {
    let user = app.users.find(username, reading).await?;
    if let Some(user) = &user {
        Span::current().record("sub", &user.username);
    }
    Ok(user)
}

/// RFC 6750 2.1, as FastAPI reads it: the scheme in any case, blanks around the token forgiven.
/// A header that is not UTF-8 holds no token that could be valid.
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
