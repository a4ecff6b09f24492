//! The time, read directly and not injected: measuring it is what a benchmark is for.

#![expect(clippy::disallowed_methods, reason = "this reads the clock")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Now, to measure from.
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// Milliseconds between two readings; 0 if `end` comes before `start`.
#[must_use]
pub fn ms_between(start: Instant, end: Instant) -> f64 {
    end.saturating_duration_since(start).as_secs_f64() * 1e3
}

/// The time since 1970.
#[must_use]
pub fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
