//! Everything that can go wrong. How the client sees it is in [`super::presentation`].

use std::error::Error;
use std::time::Duration;

use lambda_http::http::StatusCode;

use crate::domain::access::Denied;
use crate::domain::login::LoginError;
use crate::domain::sessions::SessionError;
use crate::domain::store::StoreError;
use crate::domain::tokens::{InvalidToken, SigningError};
use crate::http::request::error::RequestError;

/// An error, sorted by where it can happen.
#[derive(Debug)]
pub enum ApiError {
    /// The request itself is wrong.
    Request(RequestError),
    /// The request does not prove what the route requires.
    Access(AccessError),
    /// POST /token refuses the login.
    Login(Refused),
    /// An endpoint for clients refuses what FastAPI's page does not know (RFC 6749 5.2).
    OAuth(OAuthRefused),
    /// An error that is spelled as in RFC 6749 whatever the dialect is: FastAPI's page has no such
    /// request.
    InRfc(Box<ApiError>),
    /// An error of a handler's own, like FastAPI's `HTTPException`.
    Status {
        /// A 4xx status.
        status: StatusCode,
        /// A text for the client. It never repeats what the client sent.
        detail: &'static str,
    },
    /// A store did not answer, or not in time.
    Unavailable(StoreError),
    /// A fault of this service.
    Internal(Box<dyn Error + Send + Sync>),
}

/// Why a request may not use a route. `required` are the scopes that the route asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum AccessError {
    /// The request has no token. Then the challenge says nothing more (RFC 6750 3.1).
    NotAuthenticated,
    /// What came is not one bearer token, as RFC 6750 2.1 spells it.
    MalformedCredentials {
        /// All scopes that the route asks for.
        required: &'static [&'static str],
    },
    /// The token is not valid, or its user does not exist.
    InvalidToken {
        /// All scopes that the route asks for.
        required: &'static [&'static str],
        /// For the log.
        reason: InvalidToken,
    },
    /// The token, or its user, does not have all the scopes.
    InsufficientScope {
        /// All scopes that the route asks for.
        required: &'static [&'static str],
    },
    /// The user is disabled.
    InactiveUser {
        /// All scopes that the route asks for.
        required: &'static [&'static str],
    },
}

/// Why a login is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// The user does not exist, or the password is wrong; the client is not told which.
    IncorrectPassword {
        /// For the log.
        reason: &'static str,
    },
    /// Too many logins failed lately, to this account or from this address.
    TooManyAttempts {
        /// How long it is until the next attempt is allowed.
        wait: Duration,
        /// For the log.
        reason: &'static str,
    },
    /// A scope that was asked for is not one of the user's, or is malformed (RFC 6749 5.2).
    ScopeNotAllowed,
}

/// Why a client gets no token, or nothing to know (RFC 6749 5.2, RFC 7009 2.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuthRefused {
    /// The client is unknown, disabled, or did not prove who it is.
    InvalidClient {
        /// Did it try to, in the header `Authorization`? Then the answer is 401 with a challenge.
        basic: bool,
        /// For the log.
        reason: &'static str,
    },
    /// The client says in two ways who it is, or in none that can be read (RFC 6749 2.3).
    MalformedClient,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// The refresh token is not valid.
    InvalidGrant {
        /// For the log.
        reason: &'static str,
    },
    /// A scope is malformed, unknown, or more than was granted.
    InvalidScope,
    /// There is nothing to revoke: the token has no session (RFC 7009 2.2.1).
    UnsupportedTokenType,
}

impl ApiError {
    /// The same error, spelled as in RFC 6749.
    #[must_use]
    pub fn in_rfc(self) -> Self {
        Self::InRfc(Box::new(self))
    }

    /// A fault of this service.
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// A 404 with a text for the client.
    #[must_use]
    pub const fn not_found(detail: &'static str) -> Self {
        let status = StatusCode::NOT_FOUND;
        Self::Status { status, detail }
    }

    /// The error for what the guard found, on a route that asks for these scopes.
    pub(in crate::http) fn denied(denied: Denied, required: &'static [&'static str]) -> Self {
        Self::Access(match denied {
            Denied::InvalidToken(reason) => AccessError::InvalidToken { required, reason },
            Denied::InsufficientScope => AccessError::InsufficientScope { required },
            Denied::InactiveUser => AccessError::InactiveUser { required },
            Denied::Store(error) => return error.into(),
        })
    }

    /// A short name of the error, for the log and for the examples in `/openapi.json`.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Request(RequestError::NotFound) => "not_found",
            Self::Request(RequestError::MethodNotAllowed { .. }) => "method_not_allowed",
            Self::Request(RequestError::MalformedBody) => "malformed_body",
            Self::Request(RequestError::ContentTooLarge) => "content_too_large",
            Self::Request(RequestError::TooManyFields { .. }) => "too_many_fields",
            Self::Request(RequestError::Invalid(_)) => "invalid_request",
            Self::Access(AccessError::NotAuthenticated) => "not_authenticated",
            Self::Access(AccessError::MalformedCredentials { .. }) => "malformed_credentials",
            Self::Access(AccessError::InvalidToken { .. }) => "invalid_token",
            Self::Access(AccessError::InsufficientScope { .. }) => "insufficient_scope",
            Self::Access(AccessError::InactiveUser { .. }) => "inactive_user",
            Self::Login(Refused::IncorrectPassword { .. }) => "incorrect_password",
            Self::Login(Refused::TooManyAttempts { .. }) => "too_many_attempts",
            Self::Login(Refused::ScopeNotAllowed) => "scope_not_allowed",
            Self::OAuth(OAuthRefused::InvalidClient { .. }) => "invalid_client",
            Self::OAuth(OAuthRefused::MalformedClient) => "malformed_client",
            Self::OAuth(OAuthRefused::UnauthorizedClient) => "unauthorized_client",
            Self::OAuth(OAuthRefused::InvalidGrant { .. }) => "invalid_grant",
            Self::OAuth(OAuthRefused::InvalidScope) => "invalid_scope",
            Self::OAuth(OAuthRefused::UnsupportedTokenType) => "unsupported_token_type",
            Self::InRfc(error) => error.outcome(),
            Self::Status { .. } => "refused",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal_error",
        }
    }

    /// Details for the log only, such as the cause of a 5xx, or why a token is invalid.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Access(AccessError::InvalidToken { reason, .. }) => Some(reason.to_string()),
            Self::Login(
                Refused::IncorrectPassword { reason } | Refused::TooManyAttempts { reason, .. },
            )
            | Self::OAuth(
                OAuthRefused::InvalidClient { reason, .. } | OAuthRefused::InvalidGrant { reason },
            ) => Some((*reason).to_owned()),
            Self::InRfc(error) => error.reason(),
            Self::Status { detail, .. } => Some((*detail).to_owned()),
            Self::Unavailable(error) => Some(error.to_string()),
            Self::Internal(error) => Some(error.to_string()),
            _ => None,
        }
    }
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<OAuthRefused> for ApiError {
    fn from(error: OAuthRefused) -> Self {
        Self::OAuth(error)
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        Self::Login(match error {
            LoginError::IncorrectPassword { reason } => Refused::IncorrectPassword { reason },
            LoginError::TooManyAttempts { wait, reason } => {
                Refused::TooManyAttempts { wait, reason }
            }
            LoginError::ScopeNotAllowed => Refused::ScopeNotAllowed,
            LoginError::Store(error) => return error.into(),
        })
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        Self::OAuth(match error {
            SessionError::Invalid(reason) => OAuthRefused::InvalidGrant { reason },
            SessionError::Scope => OAuthRefused::InvalidScope,
            SessionError::Store(error) => return error.into(),
            SessionError::Random => return Self::internal(error),
        })
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Outdated(_) => Self::Unavailable(error),
            StoreError::Corrupt { .. } => Self::internal(error),
        }
    }
}

impl From<SigningError> for ApiError {
    fn from(error: SigningError) -> Self {
        match error {
            SigningError::Keys(error) => error.into(),
            SigningError::Key(_) => Self::internal(error),
        }
    }
}
