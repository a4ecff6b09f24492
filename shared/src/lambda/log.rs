//! JSON logs: one line for each request (see `service`), and a few others.
//!
//! They never contain events, headers, bodies, passwords, tokens, keys, hashes, or the name of a
//! user who does not exist.

mod json;

use std::io;

use tracing::level_filters::LevelFilter;
use tracing::subscriber::{self, Subscriber};
use tracing_subscriber::fmt::{MakeWriter, fmt};

use self::json::Json;
use crate::config;

/// Sends this process's logs to the standard output, which Lambda keeps.
pub fn init() {
    let level = config::environment("AWS_LAMBDA_LOG_LEVEL");
    let _is_first = subscriber::set_global_default(json(level.as_deref(), io::stdout));
}

/// The format of a log line. `level` is Lambda's log level.
pub fn json<W>(level: Option<&str>, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    fmt()
        .fmt_fields(Json)
        .event_format(Json)
        .with_max_level(self::level(level))
        .with_writer(writer)
        .finish()
}

/// What is logged at Lambda's log level: FATAL, ERROR, WARN, INFO, DEBUG. TRACE counts as DEBUG: at TRACE the
/// runtime crate logs whole events.
#[must_use]
pub fn level(level: Option<&str>) -> LevelFilter {
    match level {
        Some("FATAL" | "ERROR") => LevelFilter::ERROR,
        Some("WARN") => LevelFilter::WARN,
        Some("DEBUG" | "TRACE") => LevelFilter::DEBUG,
        _ => LevelFilter::INFO,
    }
}
