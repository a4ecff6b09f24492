//! GET /openapi.json: the description of this API, for programs. For everybody.

mod document;
mod errors;
mod schemas;

use std::io;

use shared::config::{self, ConfigError, Offered, Parts, Reader, State};
use shared::http::{Answer, Dialect, File, Files, Operation, Public, Request};
use shared::lambda::Function;

pub use document::document;

/// GET /openapi.json
pub const ROUTE: Public = Public::at("/openapi.json", &[Operation::public("GET")]);

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[],
    start: |cold_start| cold_start.public(ROUTE, handle),
};

/// Answers with the document.
pub async fn handle(Document(files): &Document, request: Request) -> Answer {
    files.response(&request)
}

/// The document, or nothing with `DOCS_ENABLED=false`.
pub struct Document(Files);

impl State for Document {
    type Config = (bool, Dialect, Offered);

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        let enabled = config::docs_enabled(reader);
        (enabled, config::dialect(reader), Offered::read(reader))
    }

    async fn open(config: Self::Config, _: &Parts) -> Result<Self, ConfigError> {
        let (enabled, dialect, offered) = config;
        let files = if enabled {
            files(dialect, offered)
        } else {
            Ok(Files::default())
        };
        let files = files.map_err(|error| ConfigError(vec![error.to_string()]))?;
        Ok(Self(files))
    }
}

/// The document, at its path with and without a slash at the end.
fn files(dialect: Dialect, offered: Offered) -> io::Result<Files> {
    let mut document = document(&service::ABOUT, dialect, offered, "./");
    let file = File::json(&document)?;
    document["servers"][0]["url"] = "../".into();
    let slash = File::json(&document)?;
    Ok(Files(vec![
        ("/openapi.json", file),
        ("/openapi.json/", slash),
    ]))
}
