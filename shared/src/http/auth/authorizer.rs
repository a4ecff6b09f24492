//! Between the event of an HTTP API's Lambda authorizer (payload format 2.0, simple responses) and its verdict.

use lambda_http::http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::guard::bearer_token;
use crate::domain::access::RouteGuard;
use crate::domain::route_scopes::DeclaredRoute;
use crate::domain::tokens::Claims;
use crate::http::request::event::headers;
use crate::http::response::error::ApiError;

/// A request to another API's route, of which its gateway asks whether it may pass.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizerRequest {
    /// The route that the gateway chose, as its template names it: `GET /reports/{id}`.
    pub route_key: String,
    #[serde(default, deserialize_with = "headers")]
    headers: HeaderMap,
}

/// What the function of a route that was opened is told, by `requestContext.authorizer.lambda`: strings,
/// since no other type can be mapped to a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthorizerContext {
    /// The user's id, or without an issuer the name; or `client:` and the id of a client that came with a
    /// token of its own.
    pub sub: String,
    /// The user's name, where there is an issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The scopes of the token that its holder still has, with spaces between them.
    pub scope: String,
    /// The client that has the token, if the token says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The session that it belongs to, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The token's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// When the token ends, in seconds since the epoch.
    pub exp: String,
}

/// Why a request may not pass.
#[derive(Debug)]
pub enum NotAuthorized {
    /// `ROUTE_SCOPES` does not have the route. The request came with a valid token.
    NotDeclared,
    /// The token does not open it, or nobody could say whether it does.
    Denied(ApiError),
}

impl AuthorizerRequest {
    /// What the function behind the route is told, if the request's token opens it. A route that is not
    /// declared is closed, and an operator is told of it only for a valid token: strangers could fill the log.
    pub async fn check(
        &self,
        guard: &RouteGuard,
        route: Option<&DeclaredRoute>,
    ) -> Result<AuthorizerContext, NotAuthorized> {
        let token = bearer_token(&self.headers, &[])?;
        let refused = |denied| ApiError::Denied {
            required: &[],
            denied,
        };
        let Some(route) = route else {
            let verified = guard.guard.verifier.verify(&token).await;
            verified.map_err(|error| refused(error.into()))?;
            return Err(NotAuthorized::NotDeclared);
        };
        let checked = guard.check(&token, route).await;
        Ok(checked.map_err(refused)?.into())
    }
}

impl From<ApiError> for NotAuthorized {
    fn from(error: ApiError) -> Self {
        Self::Denied(error)
    }
}

impl From<Claims> for AuthorizerContext {
    fn from(claims: Claims) -> Self {
        let of_client = claims.is_of_client();
        Self {
            scope: claims.scopes.to_string(),
            username: claims.username.filter(|_| !of_client),
            sub: claims.sub,
            client_id: claims.client,
            sid: claims.sid,
            jti: claims.jti,
            exp: claims.exp.to_string(),
        }
    }
}

impl NotAuthorized {
    /// A short name, for the log.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::NotDeclared => "route_not_declared",
            Self::Denied(error) => error.outcome(),
        }
    }

    /// For the log.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::NotDeclared => None,
            Self::Denied(error) => error.reason(),
        }
    }

    /// True if the check itself failed. Then no decision is returned or cached.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        match self {
            Self::NotDeclared => false,
            Self::Denied(error) => error.is_fault(),
        }
    }
}

/// The verdict as the gateway reads it. What a refusal says to the client is the gateway's: 403.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verdict {
    pub is_authorized: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<AuthorizerContext>,
}
