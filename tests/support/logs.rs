//! Collects what is logged, for each thread by itself.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use serde_json::Value;
use shared::lambda::log;

thread_local! {
    /// The lines of this thread; `None` while nobody collects them.
    static LINES: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.as_mut().map(|lines| lines.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes over the process's logs, and asks for TRACE, the most that there is. One subscriber for
/// all threads is set before the first line, since a subscriber that comes and goes with its thread
/// makes others lose lines.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        tracing::subscriber::set_global_default(log::json(Some("TRACE"), || Lines)).unwrap();
    });
}

/// The log of what `requests` does in this thread, as far as a released function writes one.
pub fn logged(requests: impl FnOnce()) -> Vec<Value> {
    let mut lines = logged_to_the_last_line(requests);
    lines.retain(|line| line["level"] != "DEBUG");
    lines
}

/// The same, with what only a development build writes.
pub fn logged_to_the_last_line(requests: impl FnOnce()) -> Vec<Value> {
    install();
    LINES.set(Some(Vec::new()));
    requests();
    let text = String::from_utf8(LINES.take().unwrap_or_default()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}
