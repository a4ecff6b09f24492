//! A log line in JSON: the fields of the event, and those of the span in which it happened.
//!
//! `tracing-subscriber` also has a JSON format, but it parses each span's fields again for every
//! line, which costs a tenth of a warm request's CPU (docs/adr/0015-log-lines.md).

use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Formats lines, and the fields in them.
pub(super) struct Json;

impl<S> FormatEvent<S, Self> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, Self>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        line.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut line)?;
        write!(line, "\",\"level\":\"{}\"", event.metadata().level())?;
        self.format_fields(line.by_ref(), event)?;
        if let Some(span) = context.lookup_current() {
            write!(line, ",\"span\":{{\"name\":\"{}\"", span.name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<Self>>() {
                line.write_str(fields)?;
            }
            line.write_char('}')?;
        }
        line.write_str("}\n")
    }
}

impl<'w> FormatFields<'w> for Json {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut members = Members {
            writer,
            written: Ok(()),
        };
        fields.record(&mut members);
        members.written
    }

    /// Writes later fields like the first ones; the default would put a space between them.
    fn add_fields(
        &self,
        current: &'w mut FormattedFields<Self>,
        fields: &Record<'_>,
    ) -> fmt::Result {
        self.format_fields(current.as_writer(), fields)
    }
}

/// The members of an object, each with a comma before it.
struct Members<'w> {
    writer: Writer<'w>,
    written: fmt::Result,
}

impl Members<'_> {
    fn member(&mut self, field: &Field, json: impl fmt::Display) {
        if self.written.is_ok() {
            self.written = write!(self.writer, ",\"{field}\":{json}");
        }
    }
}

impl Visit for Members<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.member(field, value);
        } else {
            self.member(field, "null");
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match serde_json::to_string(value) {
            Ok(json) => self.member(field, json),
            Err(_) => self.written = Err(fmt::Error),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing::field::Empty;
    use tracing::{debug, info, info_span, subscriber, warn};

    use super::super::json;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(log: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        subscriber::with_default(json(None, move || writer.clone()), log);
        let bytes = lines.0.lock().unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(!text.contains("\" ,"), "{text}");
        let mut lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        for line in &mut lines {
            let timestamp = line.as_object_mut().unwrap().remove("timestamp").unwrap();
            let length = "2026-11-24T06:29:43.553760Z".len();
            assert_eq!(timestamp.as_str().unwrap().len(), length);
        }
        lines
    }

    #[test]
    fn a_line_has_its_own_fields_and_those_of_the_innermost_span() {
        let lines = logged(|| {
            let _outer = info_span!("outer", lost = true).entered();
            let span = info_span!("request", route = %"GET /", sub = Empty, id = 7).entered();
            info!(status = 200, ms = 0.25, reason = None::<&str>, "answered");
            span.record("sub", "john\"doe\n\u{1b}é");
            debug!("not at this level");
            warn!(nothing = f64::NAN, below = -1, reason = ?"a\tb", "late");
        });
        let expected = [
            json!({"level": "INFO", "message": "answered", "status": 200, "ms": 0.25,
                "span": {"name": "request", "route": "GET /", "id": 7}}),
            json!({"level": "WARN", "message": "late", "nothing": null, "below": -1, "reason": "\"a\\tb\"",
                "span": {"name": "request", "route": "GET /", "id": 7, "sub": "john\"doe\n\u{1b}é"}}),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_line_outside_of_a_request_has_no_span() {
        let lines = logged(|| info!("cold"));
        assert_eq!(lines, [json!({"level": "INFO", "message": "cold"})]);
    }
}
