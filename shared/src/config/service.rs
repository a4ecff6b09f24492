//! `API_DIALECT`, `DOCS_ENABLED`.

use super::reader::{ConfigError, Reader};
use super::state::{Parts, State};
use crate::http::Dialect;

/// For a handler that reads a request differently.
impl State for Dialect {
    type Config = Self;

    fn read(reader: &mut Reader<'_>) -> Self {
        dialect(reader)
    }

    async fn open(dialect: Self, _: &Parts) -> Result<Self, ConfigError> {
        Ok(dialect)
    }
}

/// `API_DIALECT`: in which form a client sees errors, `fastapi` (default) or `rfc`.
pub fn dialect(reader: &mut Reader<'_>) -> Dialect {
    match reader.get("API_DIALECT").as_deref() {
        None | Some("fastapi") => return Dialect::FastApi,
        Some("rfc") => return Dialect::Rfc,
        Some(other) => reader.problem(
            "API_DIALECT",
            format_args!("unknown dialect {other:?}; it can be: fastapi, rfc"),
        ),
    }
    Dialect::default()
}

/// `DOCS_ENABLED`: `false` hides `/docs` and `/openapi.json`; default `true`.
pub fn docs_enabled(reader: &mut Reader<'_>) -> bool {
    reader.flag("DOCS_ENABLED", true)
}
