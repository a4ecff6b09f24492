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
        Self::Bar(bar(bytes))
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

/// A bar that cuts its text rather than fill a second line, which would stay on the terminal.
fn bar(bytes: Option<u64>) -> ProgressBar {
    let (bar, template) = match bytes {
        Some(bytes) => (
            ProgressBar::new(bytes),
            "{bar:10} {percent:>3}%  {wide_msg}  {eta:>3} left",
        ),
        None => (ProgressBar::no_length(), "{spinner} {wide_msg}"),
    };
    // The template is a constant that is valid; without it the bar would have its default style.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Result;
    use std::sync::{Arc, Mutex};

    use indicatif::{ProgressDrawTarget, TermLike};

    use super::*;

    /// What is left for the text beside the bar, in 80 columns.
    pub(crate) const BESIDE_THE_BAR: usize = 53;

    /// A terminal of 80 columns, which keeps what is written to it.
    #[derive(Debug, Clone, Default)]
    struct Terminal(Arc<Mutex<Vec<String>>>);

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, _: usize) -> Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> Result<()> {
            self.write_str(text)
        }

        fn write_str(&self, text: &str) -> Result<()> {
            self.0.lock().unwrap().push(text.to_owned());
            Ok(())
        }

        fn clear_line(&self) -> Result<()> {
            Ok(())
        }

        fn flush(&self) -> Result<()> {
            Ok(())
        }
    }

    /// The longest line that a terminal shows at each of these points of the way.
    fn shown(bytes: Option<u64>, text: &str) -> String {
        let terminal = Terminal::default();
        let bar = bar(bytes);
        bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(terminal.clone())));
        let mut progress = Progress::Bar(bar);
        for position in [0, 1, 500, 1000] {
            progress.at(position, || text.to_owned());
        }
        let lines = terminal.0.lock().unwrap();
        // What fills the lines up to the right edge is blank.
        let lines = lines.iter().map(|line| line.trim_end());
        let longest = lines.max_by_key(|line| line.chars().count());
        longest.unwrap_or_default().to_owned()
    }

    #[test]
    fn the_bar_and_its_text_fill_one_line_of_80_columns() {
        let text = "x".repeat(BESIDE_THE_BAR);
        for bytes in [Some(1000), None] {
            let line = shown(bytes, &text);
            assert!(line.contains(&text), "{line:?}");
            assert!(line.chars().count() <= 80, "{line:?}");
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_cut() {
        for bytes in [Some(1000), None] {
            let line = shown(bytes, &"x".repeat(200));
            assert!(line.contains("xxx"), "{line:?}");
            assert_eq!(line.chars().count(), 80, "{line:?}");
        }
    }
}
