//! A count of failed logins, and what it allows: no store, no clock.

use std::time::Duration;

/// The wait once the limit is reached; each further failure doubles it.
pub const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
pub const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// Failures that are remembered. Times are since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many there were.
    pub failures: u32,
    /// The time of the first.
    pub since: Duration,
    /// Once the limit is reached, no login is allowed before this time.
    pub not_before: Duration,
    /// The time at which they are forgotten.
    pub ends: Duration,
}

/// How a count stands when a login looks at it. The login may then be tried, and is decided only if
/// the count still stands like that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There are fewer failures than the limit.
    Open,
    /// They are forgotten; the next failure begins a new count.
    Ended,
    /// The limit is reached, and the wait is over. Then one login may be tried: when it is decided,
    /// there must be this many failures still.
    WaitOver {
        /// How many there are.
        failures: u32,
    },
}

impl Standing {
    /// How a count stands now. `Err` is the wait until another login is allowed.
    pub fn of(count: Option<Count>, limit: u32, now: Duration) -> Result<Self, Duration> {
        match count {
            None => Ok(Self::Open),
            Some(count) if count.ends <= now => Ok(Self::Ended),
            Some(count) if count.failures < limit => Ok(Self::Open),
            Some(Count {
                failures,
                not_before,
                ..
            }) if not_before <= now => Ok(Self::WaitOver { failures }),
            Some(count) => Err(count.not_before.min(count.ends).saturating_sub(now)),
        }
    }

    /// What one more failure makes of a count that stands like this. `None` is no count.
    #[must_use]
    pub fn after_failure(self, count: Option<Count>, new: Failure) -> Count {
        let begun = Count {
            failures: 1,
            since: new.now,
            not_before: new.not_before(1),
            ends: new.now + new.window,
        };
        let old = count.unwrap_or(Count {
            failures: 0,
            ..begun
        });
        match self {
            Self::Ended => begun,
            Self::Open => Count {
                failures: old.failures.saturating_add(1),
                not_before: begun.not_before,
                ..old
            },
            Self::WaitOver { failures } => {
                let failures = failures.saturating_add(1);
                let not_before = new.not_before(failures);
                Count {
                    failures,
                    not_before,
                    ends: not_before + new.window,
                    ..old
                }
            }
        }
    }
}

/// A failure to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// When it happened.
    pub now: Duration,
    /// How many are allowed without a wait.
    pub limit: u32,
    /// How long they are remembered.
    pub window: Duration,
}

impl Failure {
    /// When the next login is allowed, if this is one of so many failures and the limit is reached.
    #[must_use]
    pub fn not_before(self, failures: u32) -> Duration {
        self.now + wait(failures, self.limit)
    }
}

/// How long to wait after this many failures, if they have reached the limit.
fn wait(failures: u32, limit: u32) -> Duration {
    let doublings = failures.saturating_sub(limit).min(16);
    (FIRST_WAIT * (1 << doublings)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000_000);

    #[test]
    fn the_wait_grows_to_15_minutes() {
        let waits = [10, 11, 12, 13, 14, 15, 16, 1000, u32::MAX]
            .map(|failures| wait(failures, 10).as_secs());
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900, 900, 900]);
        assert_eq!(wait(1, 10), FIRST_WAIT);
    }

    fn count(failures: u32, not_before: u64, ends: u64) -> Count {
        Count {
            failures,
            since: NOW,
            not_before: NOW + Duration::from_secs(not_before),
            ends: NOW + Duration::from_secs(ends),
        }
    }

    #[test]
    fn a_count_stands_open_waiting_or_ended() {
        let over = |failures| Ok(Standing::WaitOver { failures });
        let wait = |seconds| Err(Duration::from_secs(seconds));
        for (count, expected) in [
            (None, Ok(Standing::Open)),
            (Some(count(0, 30, 1)), Ok(Standing::Open)),
            (Some(count(2, 30, 1)), Ok(Standing::Open)),
            (Some(count(2, 30, 0)), Ok(Standing::Ended)),
            (Some(count(9, 30, 0)), Ok(Standing::Ended)),
            (Some(count(3, 30, 1)), wait(1)),
            (Some(count(3, 30, 31)), wait(30)),
            (Some(count(3, 1, 1)), wait(1)),
            (Some(count(3, 0, 1)), over(3)),
            (Some(count(9, 0, 1)), over(9)),
        ] {
            assert_eq!(Standing::of(count, 3, NOW), expected, "{count:?}");
        }
    }

    #[test]
    fn a_failure_counts_on_begins_anew_or_waits_longer() {
        let new = Failure {
            now: NOW + Duration::from_secs(100),
            limit: 3,
            window: Duration::from_mins(15),
        };

        let begun = Count {
            since: new.now,
            ..count(1, 130, 1000)
        };
        for (before, after) in [
            (None, begun),
            (Some(count(1, 30, 900)), count(2, 130, 900)),
            (Some(count(2, 30, 900)), count(3, 130, 900)),
            (Some(count(2, 30, 100)), begun),
            (Some(count(3, 60, 900)), count(4, 160, 1060)),
            (Some(count(8, 60, 900)), count(9, 1000, 1900)),
        ] {
            let standing = Standing::of(before, 3, new.now).unwrap();
            let counted = standing.after_failure(before, new);
            assert_eq!(counted, after, "{before:?}");
        }
    }
}
