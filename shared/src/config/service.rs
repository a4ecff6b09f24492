//! `API_DIALECT`, `DOCS_ENABLED`.

use super::reader::Reader;
use crate::http::Dialect;

/// `API_DIALECT`: in which form a client sees errors. `fastapi` is the default, and the only one.
pub fn dialect(reader: &mut Reader<'_>) -> Dialect {
    if let Some(other) = reader
        .get("API_DIALECT")
        .filter(|dialect| dialect != "fastapi")
    {
        reader.problem(
            "API_DIALECT",
            format_args!("unknown dialect {other:?}; it can be: fastapi"),
        );
    }
    Dialect::FastApi
}

/// `DOCS_ENABLED`: `false` hides `/docs` and `/openapi.json`; default `true`.
pub fn docs_enabled(reader: &mut Reader<'_>) -> bool {
    reader.flag("DOCS_ENABLED", true)
}
