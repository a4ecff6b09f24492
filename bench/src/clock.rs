//! The time: a benchmark has no other purpose than to read it.

#![expect(clippy::disallowed_methods, reason = "this reads the clock")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Now, to measure from.
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// Milliseconds between two readings; none if they are the other way round.
#[must_use]
pub fn ms_between(start: Instant, end: Instant) -> f64 {
    end.saturating_duration_since(start).as_secs_f64() * 1e3
}

/// Since 1970.
#[must_use]
pub fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
