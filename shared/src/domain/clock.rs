//! The only place that reads the time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the time. Tests use a clock of their own.
pub trait Clock: Send + Sync {
    /// Time since 1970-01-01T00:00:00Z, the epoch of a JWT's dates (RFC 7519 2, `NumericDate`).
    fn now(&self) -> Duration;
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one reading of the time")]
    fn now(&self) -> Duration {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }
}

/// Measures how long a request took. Only the log shows it, so tests need not replace it.
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one start of a measurement")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since the start, rounded to microseconds: more would be noise in a log.
    #[must_use]
    pub fn elapsed_ms(&self) -> f64 {
        (self.0.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }
}
