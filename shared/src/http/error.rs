//! Everything that can go wrong. What the client sees of it is in [`super::dialect`].

use std::error::Error;
use std::time::Duration;

use lambda_http::http::StatusCode;

use super::problem::Problem;
use crate::domain::access::Denied;
use crate::domain::login::LoginError;
use crate::domain::store::StoreError;
use crate::domain::token::{InvalidToken, SigningError};

/// What happened, by where it can happen.
#[derive(Debug)]
pub enum ApiError {
    /// The request itself is wrong.
    Request(RequestError),
    /// The request does not prove what the route asks for.
    Access(AccessError),
    /// POST /token lets nobody in.
    Login(Refused),
    /// What a handler has to say: FastAPI's `HTTPException`.
    Status {
        /// A 4xx.
        status: StatusCode,
        /// For the client; never what was sent.
        detail: &'static str,
    },
    /// A store cannot be asked.
    Unavailable(StoreError),
    /// A fault of this service.
    Internal(Box<dyn Error + Send + Sync>),
}

/// What is wrong with a request, whoever sends it.
#[derive(Debug, PartialEq)]
pub enum RequestError {
    /// No route has this path.
    NotFound,
    /// The route has other methods.
    MethodNotAllowed {
        /// Those that it has.
        allowed: Vec<&'static str>,
    },
    /// The body is not the base64 that the event says it is.
    MalformedBody,
    /// The body is larger than this API reads.
    ContentTooLarge,
    /// The form has more fields than this API reads.
    TooManyFields {
        /// As many as it reads.
        most: usize,
    },
    /// Parameters, fields or members are missing or wrong.
    Invalid(Vec<Problem>),
}

/// Why a request may not use a route. `required` are the scopes that the route asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum AccessError {
    /// No token came (RFC 6750 3: then the challenge says nothing more).
    NotAuthenticated,
    /// The token is not valid, or its user does not exist.
    InvalidToken {
        /// All of them.
        required: &'static [&'static str],
        /// For the log.
        reason: InvalidToken,
    },
    /// The token, or its user, does not have all the scopes.
    InsufficientScope {
        /// All of them.
        required: &'static [&'static str],
    },
    /// The user is disabled.
    InactiveUser,
}

/// Why a login is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// No such user, or another password: not said which.
    IncorrectPassword {
        /// For the log.
        reason: &'static str,
    },
    /// The account, or the address, has failed too often of late.
    TooManyAttempts {
        /// Until the next attempt is allowed.
        wait: Duration,
    },
    /// A scope was asked for that the user may not have, or that is no scope (RFC 6749 5.2).
    ScopeNotAllowed,
}

impl ApiError {
    /// A fault of this service.
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// There is no such thing: 404, with a text for the client.
    #[must_use]
    pub const fn not_found(detail: &'static str) -> Self {
        let status = StatusCode::NOT_FOUND;
        Self::Status { status, detail }
    }

    /// What the guard says of a token on a route that asks for these scopes.
    pub(super) fn denied(denied: Denied, required: &'static [&'static str]) -> Self {
        Self::Access(match denied {
            Denied::InvalidToken(reason) => AccessError::InvalidToken { required, reason },
            Denied::InsufficientScope => AccessError::InsufficientScope { required },
            Denied::InactiveUser => AccessError::InactiveUser,
            Denied::Store(error) => return error.into(),
        })
    }

    /// What happened, in the log's words.
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
            Self::Access(AccessError::InvalidToken { .. }) => "invalid_token",
            Self::Access(AccessError::InsufficientScope { .. }) => "insufficient_scope",
            Self::Access(AccessError::InactiveUser) => "inactive_user",
            Self::Login(Refused::IncorrectPassword { .. }) => "incorrect_password",
            Self::Login(Refused::TooManyAttempts { .. }) => "too_many_attempts",
            Self::Login(Refused::ScopeNotAllowed) => "scope_not_allowed",
            Self::Status { .. } => "refused",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal_error",
        }
    }

    /// Why, for the log: the cause of a 5xx, the reason why a token is bad.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Access(AccessError::InvalidToken { reason, .. }) => Some(reason.to_string()),
            Self::Login(Refused::IncorrectPassword { reason }) => Some((*reason).to_owned()),
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

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        Self::Login(match error {
            LoginError::IncorrectPassword { reason } => Refused::IncorrectPassword { reason },
            LoginError::TooManyAttempts { wait } => Refused::TooManyAttempts { wait },
            LoginError::ScopeNotAllowed => Refused::ScopeNotAllowed,
            LoginError::Store(error) => return error.into(),
        })
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error),
            StoreError::Corrupt { .. } => Self::internal(error),
        }
    }
}

impl From<SigningError> for ApiError {
    fn from(error: SigningError) -> Self {
        Self::internal(error)
    }
}
