//! GET /openapi.json: the description of this API, for programs. For everybody.

mod document;
mod errors;
mod schemas;

use std::io;

use lambda_http::{Body, Request, Response};
use shared::Route;
use shared::http::{ApiError, File, Files};

pub use document::document;

/// GET /openapi.json
pub const ROUTE: Route = Route::public_get("/openapi.json");

/// Answers with the document.
#[expect(clippy::unused_async, reason = "a handler is async")]
pub async fn handle(files: &Files, request: Request) -> Result<Response<Body>, ApiError> {
    files.response(&request)
}

/// The document at both spellings of its path.
pub fn files() -> io::Result<Files> {
    let file = |server| File::new("application/json", &document(server).to_string());
    Ok(Files(vec![
        ("/openapi.json", file("./")?),
        ("/openapi.json/", file("../")?),
    ]))
}
