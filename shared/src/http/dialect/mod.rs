//! How the client sees an error: one table for each dialect.

pub mod fastapi;

use lambda_http::{Body, Response};

use super::error::ApiError;

/// In which form a client sees errors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// As FastAPI's page does.
    #[default]
    FastApi,
}

impl Dialect {
    /// Turns an error into a response. This is the only place that does.
    #[must_use]
    pub fn response(self, error: &ApiError) -> Response<Body> {
        match self {
            Self::FastApi => fastapi::response(error),
        }
    }
}
