//! Attempts in memory: each Lambda environment counts only its own.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Admission, Attempts, WINDOW, wait};
use crate::domain::store::Asking;

/// With more keys than this, the counts that have expired are thrown away.
const MANY: usize = 10_000;

/// Attempts in memory, by key.
#[derive(Debug, Default)]
pub struct MemoryAttempts(Mutex<HashMap<String, Count>>);

#[derive(Debug, Clone, Copy)]
struct Count {
    failures: u32,
    /// Once the limit is reached, no attempt is allowed before this time.
    not_before: Duration,
    /// The time at which the count is forgotten.
    expires: Duration,
}

impl MemoryAttempts {
    fn counts(&self) -> MutexGuard<'_, HashMap<String, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, key: &str, limit: u32, now: Duration) -> Admission {
        let mut counts = self.counts();
        if counts.len() > MANY {
            counts.retain(|_, count| count.expires > now);
        }
        let known = counts.get(key).filter(|count| count.expires > now);
        let mut count = known.copied().unwrap_or(Count {
            failures: 0,
            not_before: now,
            expires: now + WINDOW,
        });
        if count.failures >= limit && count.not_before > now {
            return Admission::Wait(count.not_before.saturating_sub(now));
        }
        count.failures += 1;
        count.not_before = now + wait(count.failures, limit);
        if count.failures >= limit {
            count.expires = count.not_before + WINDOW;
        }
        counts.insert(key.to_owned(), count);
        Admission::Admitted
    }
}

impl Attempts for MemoryAttempts {
    fn begin<'a>(&'a self, key: &'a str, limit: u32, now: Duration) -> Asking<'a, Admission> {
        Box::pin(async move { Ok(self.count(key, limit, now)) })
    }

    fn take_back<'a>(&'a self, key: &'a str) -> Asking<'a, ()> {
        if let Some(count) = self.counts().get_mut(key) {
            count.failures = count.failures.saturating_sub(1);
        }
        Box::pin(async { Ok(()) })
    }

    fn forget<'a>(&'a self, key: &'a str, _now: Duration) -> Asking<'a, ()> {
        self.counts().remove(key);
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An attacker who invents many names cannot get other accounts' counts thrown away.
    #[test]
    fn only_what_has_expired_makes_room() {
        let (attempts, now) = (MemoryAttempts::default(), Duration::from_secs(1_000_000));
        for _ in 0..2 {
            assert_eq!(attempts.count("victim", 2, now), Admission::Admitted);
        }
        for number in 0..=MANY {
            attempts.count(&number.to_string(), 2, now);
        }
        assert!(matches!(
            attempts.count("victim", 2, now),
            Admission::Wait(_)
        ));
        attempts.count("victim", 2, now + WINDOW + WINDOW);
        assert_eq!(attempts.counts().len(), 1, "the rest has expired");
    }
}
