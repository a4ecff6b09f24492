//! Responses: JSON, files, and errors as the client sees them.

pub mod error;
pub mod file;
pub mod gateway;
pub mod json;
pub mod presentation;
