//! Everything that can go wrong. How the client sees it is in [`super::presentation`].

use std::error::Error;

use lambda_http::http::StatusCode;

use crate::domain::access::Denied;
use crate::domain::grants::GrantError;
use crate::domain::login::LoginError;
use crate::domain::sessions::SessionError;
use crate::domain::store::StoreError;
use crate::domain::tokens::SigningError;
use crate::http::request::error::RequestError;

/// The cause of an answer that is no success. `required` are the scopes that the route asks for.
#[derive(Debug)]
pub enum ApiError {
    /// The request itself is wrong.
    Request(RequestError),
    /// The request has no token. Then the challenge says nothing more (RFC 6750 3.1).
    NotAuthenticated,
    /// `Authorization` is not one bearer token, as RFC 6750 2.1 spells it.
    MalformedCredentials {
        /// All scopes that the route asks for.
        required: &'static [&'static str],
    },
    /// The guard refuses the token.
    Denied {
        /// All scopes that the route asks for.
        required: &'static [&'static str],
        /// The reason.
        denied: Denied,
    },
    /// POST /token refuses the login.
    Login(LoginError),
    /// The refresh token is not valid, or a scope was not granted (RFC 6749 5.2).
    Session(SessionError),
    /// The client is unknown, disabled, or did not prove who it is (RFC 6749 5.2).
    InvalidClient {
        /// True if the client sent the header `Authorization`. Then the answer is 401 with a challenge.
        basic: bool,
        /// For the log.
        reason: &'static str,
    },
    /// The client identifies itself in two ways, or its credentials cannot be read (RFC 6749 2.3).
    MalformedClient,
    /// The client may not use this grant (RFC 6749 5.2).
    UnauthorizedClient,
    /// A scope that a login asks for is malformed, or not one of the user's (RFC 6749 5.2).
    ScopeNotAllowed,
    /// A scope is malformed, unknown, or more than the client has (RFC 6749 5.2).
    InvalidScope,
    /// The token has no session, so there is nothing to revoke (RFC 7009 2.2.1).
    UnsupportedTokenType,
    /// An error of a handler's own, like FastAPI's `HTTPException`.
    Status {
        /// A 4xx status.
        status: StatusCode,
        /// A text for the client. It never repeats what the client sent.
        detail: &'static str,
    },
    /// A store did not answer in time, or with something that cannot be read.
    Store(StoreError),
    /// A fault of this service.
    Internal(Box<dyn Error + Send + Sync>),
}

impl ApiError {
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

    /// True if this service or its store failed, so that the same request may succeed later.
    pub(in crate::http) fn is_fault(&self) -> bool {
        matches!(self.outcome(), UNAVAILABLE | INTERNAL)
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
            Self::NotAuthenticated => "not_authenticated",
            Self::MalformedCredentials { .. } => "malformed_credentials",
            Self::Denied { denied, .. } => match denied {
                Denied::InvalidToken(_) => "invalid_token",
                Denied::InsufficientScope => "insufficient_scope",
                Denied::InactiveUser => "inactive_user",
                Denied::Store(error) => outcome_of(error),
            },
            Self::Login(LoginError::IncorrectPassword { .. }) => "incorrect_password",
            Self::Login(LoginError::TooManyAttempts { .. }) => "too_many_attempts",
            Self::ScopeNotAllowed => "scope_not_allowed",
            Self::Session(SessionError::Invalid(_)) => "invalid_grant",
            Self::Session(SessionError::Scope) | Self::InvalidScope => "invalid_scope",
            Self::InvalidClient { .. } => "invalid_client",
            Self::MalformedClient => "malformed_client",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::Status { .. } => "refused",
            Self::Store(error)
            | Self::Login(LoginError::Store(error))
            | Self::Session(SessionError::Store(error)) => outcome_of(error),
            Self::Internal(_) | Self::Session(SessionError::Random) => INTERNAL,
        }
    }

    /// Details for the log only, such as the cause of a 5xx, or why a token is invalid.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        Some(match self {
            Self::Denied { denied, .. } => match denied {
                Denied::InvalidToken(reason) => reason.to_string(),
                Denied::Store(error) => error.to_string(),
                Denied::InsufficientScope | Denied::InactiveUser => return None,
            },
            Self::Login(
                LoginError::IncorrectPassword { reason }
                | LoginError::TooManyAttempts { reason, .. },
            )
            | Self::InvalidClient { reason, .. } => (*reason).to_owned(),
            Self::Session(SessionError::Scope) => return None,
            Self::Session(error) => error.to_string(),
            Self::Status { detail, .. } => (*detail).to_owned(),
            Self::Store(error) | Self::Login(LoginError::Store(error)) => error.to_string(),
            Self::Internal(error) => error.to_string(),
            _ => return None,
        })
    }
}

/// The outcome of an error of 503.
const UNAVAILABLE: &str = "unavailable";
/// The outcome of an error of 500.
const INTERNAL: &str = "internal_error";

/// True if the same request may succeed later: the store did not answer, or not in time.
pub(super) fn is_temporary(error: &StoreError) -> bool {
    match error {
        StoreError::Unavailable(_) | StoreError::Outdated(_) => true,
        StoreError::Corrupt { .. } => false,
    }
}

fn outcome_of(error: &StoreError) -> &'static str {
    if is_temporary(error) {
        UNAVAILABLE
    } else {
        INTERNAL
    }
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        Self::Login(error)
    }
}

impl From<GrantError> for ApiError {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::UnauthorizedClient => Self::UnauthorizedClient,
            GrantError::ScopeNotAllowed => Self::ScopeNotAllowed,
            GrantError::InvalidScope => Self::InvalidScope,
            GrantError::Session(error) => error.into(),
            GrantError::Signing(error) => error.into(),
        }
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
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
