//! GET /openapi.json: the description of this API, for programs. For everybody.

use shared::config::{self, ConfigError, Offered, Parts, Reader, State};
use shared::http::{Answer, Dialect, File, Files, JSON, Operation, Public, Request};
use shared::lambda::Function;

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
        Ok(Self(if enabled {
            files(dialect, offered)
        } else {
            Files::default()
        }))
    }
}

/// The document that `build.rs` prepared, at its path with and without a slash at the end.
fn files(dialect: Dialect, offered: Offered) -> Files {
    let [exact, slash]: [&[u8]; 2] = include!(concat!(env!("OUT_DIR"), "/choice.rs"));
    Files(vec![
        ("/openapi.json", File::from_gzip(JSON, exact)),
        ("/openapi.json/", File::from_gzip(JSON, slash)),
    ])
}
