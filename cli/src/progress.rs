//! How far an import or an export has come: a bar on a terminal, else a line every few seconds.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};
use shared::domain::clock::Stopwatch;

use crate::output::note;

const BETWEEN_LINES_MS: f64 = 5000.0;

/// How the progress is shown.
pub enum Progress {
    /// A bar, on a terminal.
    Bar(ProgressBar),
    /// A line every few seconds, in a log.
    Lines {
        /// Measures the time since the last line.
        since: Stopwatch,
    },
    /// Nothing, for programs that read JSON.
    Silent,
}

impl Progress {
    /// Begins to show it, over so many bytes if their number is known.
    #[must_use]
    pub fn new(bytes: Option<u64>, json: bool) -> Self {
        if json {
            return Self::Silent;
        }
        if !stderr().is_terminal() {
            let since = Stopwatch::start();
            return Self::Lines { since };
        }
        let (bar, template) = match bytes {
            Some(bytes) => (
                ProgressBar::new(bytes),
                "{bar:30} {percent}%  {msg}  {eta} left",
            ),
            None => (ProgressBar::no_length(), "{spinner} {msg}"),
        };
        // The template is a constant that is valid; without it the bar would have its default
        // style.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self::Bar(bar)
    }

    /// Shows that so many bytes have been read, with `state` as the text.
    pub fn at(&mut self, bytes: u64, state: impl FnOnce() -> String) {
        match self {
            Self::Bar(bar) => {
                bar.set_position(bytes);
                bar.set_message(state());
            }
            Self::Lines { since } if since.elapsed_ms() >= BETWEEN_LINES_MS => {
                note(state());
                *since = Stopwatch::start();
            }
            Self::Lines { .. } | Self::Silent => {}
        }
    }

    /// Prints a line that the bar does not overwrite.
    pub fn note(&self, text: &str) {
        match self {
            Self::Bar(bar) => bar.suspend(|| note(text)),
            Self::Lines { .. } | Self::Silent => note(text),
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
