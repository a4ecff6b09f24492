//! What the client sees of an error: one table per dialect.

pub mod fastapi;

use lambda_http::{Body, Response};

use super::error::ApiError;

/// How errors are spelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// As FastAPI's page does.
    #[default]
    FastApi,
}

impl Dialect {
    /// What the client sees: the one place where an error becomes a response.
    #[must_use]
    pub fn response(self, error: &ApiError) -> Response<Body> {
        match self {
            Self::FastApi => fastapi::response(error),
        }
    }
}
