//! Logins in memory: each Lambda environment counts only its own.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::attempt::{Attempt, Counted, KNOWN, Key};
use super::count::{Count, Standing};
use super::store::{LoginStore, Outcome, Seen, Verdict, Written};
use crate::domain::accounts::MemoryUsers;
use crate::domain::accounts::password::PasswordHash;
use crate::domain::store::Asking;

/// The most keys that are kept: some 20 MB.
const MOST: usize = 100_000;

/// The users in memory, and the counts of their failed logins.
#[derive(Debug, Default)]
pub struct MemoryLogins {
    users: Arc<MemoryUsers>,
    entries: Mutex<HashMap<String, Entry>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    known_until: Option<Duration>,
    count: Option<Count>,
}

impl Entry {
    /// How much would be lost with it: most with an address that is known, and otherwise more with
    /// more failures. So nobody who invents many names gets another account's count thrown away with
    /// a few guesses at each.
    fn worth(self, now: Duration) -> (bool, u32) {
        let failures = self.count.filter(|count| count.ends > now);
        (
            self.known_until.is_some_and(|until| until > now),
            failures.map_or(0, |count| count.failures),
        )
    }

    fn write(&mut self, verdict: Verdict<'_>) -> Written {
        let Verdict {
            key, limit, now, ..
        } = verdict;
        if Standing::of(self.count, limit, now) != Ok(verdict.standing) {
            return Written::No(self.count);
        }
        match (verdict.outcome, key.counted) {
            (Outcome::Wrong, _) => self.count = Some(verdict.after_failure(self.count)),
            (Outcome::Right, Counted::Pair) => self.know(now),
            (Outcome::Right, Counted::Account | Counted::Address) => {}
        }
        Written::Yes
    }

    fn know(&mut self, now: Duration) {
        *self = Self {
            known_until: Some(now + KNOWN),
            count: None,
        };
    }
}

impl MemoryLogins {
    /// Of these users; nothing is counted yet.
    #[must_use]
    pub fn new(users: Arc<MemoryUsers>) -> Self {
        Self {
            users,
            entries: Mutex::default(),
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self, attempt: &Attempt) -> Seen {
        let entries = self.entries();
        let entry = |key: &Key| entries.get(&key.text).copied().unwrap_or_default();
        let pair = entry(&attempt.pair);
        Seen {
            found: self.users.account(&attempt.username),
            known_until: pair.known_until,
            pair: pair.count,
            account: entry(&attempt.account).count,
            address: entry(&attempt.address).count,
        }
    }

    /// Calls `change` with the entry of a key.
    fn with<T>(&self, key: &Key, now: Duration, change: impl FnOnce(&mut Entry) -> T) -> T {
        let mut entries = self.entries();
        if entries.len() >= MOST && !entries.contains_key(&key.text) {
            make_room(&mut entries, now);
        }
        change(entries.entry(key.text.clone()).or_default())
    }
}

/// Throws the less worthy half away, so that this is not done again at the next login.
fn make_room(entries: &mut HashMap<String, Entry>, now: Duration) {
    let mut all: Vec<_> = entries.drain().collect();
    all.sort_unstable_by_key(|(_, entry)| Reverse(entry.worth(now)));
    all.truncate(MOST / 2);
    entries.extend(all);
}

impl LoginStore for MemoryLogins {
    fn look<'a>(&'a self, attempt: &'a Attempt) -> Asking<'a, Seen> {
        Box::pin(async { Ok(self.seen(attempt)) })
    }

    fn write<'a>(&'a self, verdict: Verdict<'a>) -> Asking<'a, Written> {
        let write = |entry: &mut Entry| entry.write(verdict);
        let written = self.with(verdict.key, verdict.now, write);
        Box::pin(async move { Ok(written) })
    }

    fn make_known<'a>(&'a self, pair: &'a Key, now: Duration) -> Asking<'a, ()> {
        self.with(pair, now, |entry| entry.know(now));
        Box::pin(async { Ok(()) })
    }

    fn replace_hash<'a>(
        &'a self,
        username: &'a str,
        old: &'a PasswordHash,
        new: &'a PasswordHash,
        _now: Duration,
    ) -> Asking<'a, bool> {
        Box::pin(async { Ok(self.users.replace_hash(username, old, new)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u32 = 3;

    fn fail(logins: &MemoryLogins, name: &str, now: Duration) {
        let key = &Attempt::new("203.0.113.7", name).account;
        logins.with(key, now, |entry| {
            let standing = Standing::of(entry.count, LIMIT, now).unwrap();
            let outcome = Outcome::Wrong;
            entry.write(Verdict {
                key,
                standing,
                outcome,
                limit: LIMIT,
                now,
            })
        });
    }

    /// What is over is worth nothing: neither an address that is no longer known, nor a count that has
    /// ended.
    #[test]
    fn an_address_that_is_known_is_worth_most() {
        let now = Duration::from_secs(1_000_000);
        let second = Duration::from_secs(1);
        let entry = |known_until: Option<Duration>, failures, ends| {
            let (since, not_before) = (now, now);
            let count = Count {
                failures,
                since,
                not_before,
                ends,
            };
            let count = Some(count).filter(|count| count.failures > 0);
            Entry { known_until, count }.worth(now)
        };
        let over = entry(Some(now), 9, now);
        let ascending = [
            entry(None, 1, now + second),
            entry(Some(now), 3, now + second),
            entry(Some(now + second), 0, now),
            entry(Some(now + second), 1, now + second),
        ];
        assert_eq!(over, entry(None, 0, now));
        assert!(over < ascending[0] && ascending.is_sorted());
    }

    /// An attacker who invents names makes neither the memory grow nor a victim's count go away.
    #[test]
    fn the_fewest_failures_make_room() {
        let (logins, now) = (MemoryLogins::default(), Duration::from_secs(1_000_000));
        for _ in 0..LIMIT {
            fail(&logins, "victim", now);
        }
        let mut most = 0;
        for number in 0..MOST + MOST / 2 {
            fail(&logins, &number.to_string(), now);
            most = most.max(logins.entries().len());
        }
        assert_eq!(most, MOST);
        let seen = logins.seen(&Attempt::new("203.0.113.7", "victim"));
        assert_eq!(seen.account.map(|count| count.failures), Some(LIMIT));
    }
}
