//! A readable line for each request: method, path, status, milliseconds, and why it was refused.

use std::fmt::{self, Debug, Write as _};

use shared::config::environment;
use shared::lambda::log;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber, subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer, debug_fn};
use tracing_subscriber::fmt::{FmtContext, FormattedFields, fmt};
use tracing_subscriber::registry::LookupSpan;

/// The span of a request at the gateway; its one field is the method and the path.
pub const REQUEST: &str = "http";

/// Writes this process's log to the terminal: readable, or with `AWS_LAMBDA_LOG_FORMAT=JSON` as on Lambda.
pub fn init() {
    let level = environment("AWS_LAMBDA_LOG_LEVEL");
    if environment("AWS_LAMBDA_LOG_FORMAT").as_deref() == Some("JSON") {
        return log::init();
    }
    let lines = fmt()
        .fmt_fields(debug_fn(|writer, _, value| write!(writer, "{value:?}")))
        .event_format(Readable)
        .with_max_level(log::level(level.as_deref()))
        .finish();
    let _is_first = subscriber::set_global_default(lines);
}

/// Formats lines for a terminal.
struct Readable;

/// The fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    status: String,
    ms: String,
    outcome: String,
    reason: String,
    others: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        // What a client sent must not write to the terminal.
        let value = value.escape_debug().to_string();
        match field.name() {
            "message" => self.message = value,
            "status" => self.status = value,
            "ms" => self.ms = value,
            "outcome" => self.outcome = value,
            "reason" => self.reason = value,
            name => {
                let _always_fits = write!(self.others, " {name}={value}");
            }
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.record_str(field, &format!("{value:.1}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

impl<S, N> FormatEvent<S, N> for Readable
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let spans = context.event_scope().into_iter().flatten();
        let request = spans
            .filter(|span| span.name() == REQUEST)
            .find_map(|span| {
                let fields = span.extensions();
                fields
                    .get::<FormattedFields<N>>()
                    .map(|fields| fields.fields.clone())
            });
        let request = request.unwrap_or_default();
        if fields.message == "answered" {
            return writeln!(line, "{}", answered(&request, &fields));
        }
        let level = event.metadata().level();
        write!(line, "{level} {}", fields.message)?;
        if !fields.reason.is_empty() {
            write!(line, ": {}", fields.reason)?;
        }
        line.write_str(&fields.others)?;
        if !request.is_empty() {
            write!(line, " ({request})")?;
        }
        writeln!(line)
    }
}

fn answered(request: &str, fields: &Fields) -> String {
    let Fields {
        status,
        ms,
        outcome,
        reason,
        ..
    } = fields;
    let time = format!("{ms} ms");
    let parts = [request, status, &time, outcome, reason];
    let parts = parts
        .into_iter()
        .filter(|part| !part.is_empty() && *part != "ok");
    parts.collect::<Vec<_>>().join(" ")
}
