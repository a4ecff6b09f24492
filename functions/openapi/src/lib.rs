//! GET /openapi.json: the description of this API, for programs. For everybody.

mod document;

use std::sync::OnceLock;

use shared::config::{self, ConfigError, Offered, Parts, Reader, State};
use shared::http::{
    Answer, ApiError, Dialect, Feature, File, Operation, Public, Request, RequestError,
};
use shared::lambda::Function;

pub use document::{ApiDocument, ONLY_WITH};

/// GET /openapi.json
pub const ROUTE: Public = Public::at("/openapi.json", &[Operation::public("GET")]);

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[],
    start: |cold_start| cold_start.public(ROUTE, handle),
};

/// Answers with the document. The first request makes it, so that a cold start need not.
pub async fn handle(document: &Document, request: Request) -> Answer {
    if !document.enabled {
        return Err(RequestError::NotFound.into());
    }
    document.file()?.response(request.headers())
}

/// Which document it is, and the document once it was asked for.
pub struct Document {
    enabled: bool,
    dialect: Dialect,
    offered: Offered,
    file: OnceLock<File>,
}

impl Document {
    fn file(&self) -> Result<&File, ApiError> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let text = match self.dialect {
            Dialect::FastApi => include_str!("../documents/fastapi.json"),
            Dialect::Rfc => include_str!("../documents/rfc.json"),
        };
        let document: ApiDocument = serde_json::from_str(text).map_err(ApiError::internal)?;
        let is_on = |feature: &str| {
            self.offered.sessions && feature == Feature::Sessions.name()
                || self.offered.clients && feature == Feature::Clients.name()
        };
        let file = File::json(&document.with(&is_on)).map_err(ApiError::internal)?;
        Ok(self.file.get_or_init(|| file))
    }
}

impl State for Document {
    type Config = (bool, Dialect, Offered);

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        let enabled = config::docs_enabled(reader);
        (enabled, config::dialect(reader), Offered::read(reader))
    }

    async fn open(config: Self::Config, _: &Parts) -> Result<Self, ConfigError> {
        let (enabled, dialect, offered) = config;
        Ok(Self {
            enabled,
            dialect,
            offered,
            file: OnceLock::new(),
        })
    }
}
