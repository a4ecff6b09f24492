//! A ring that is read again from time to time.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tracing::warn;

use super::ring::Ring;
use crate::domain::store::{Asking, StoreError};

/// A ring that is older is read again.
pub const FRESH: Duration = Duration::from_mins(5);
/// A ring that was asked for is not asked for again before this time is over: not for a key that it
/// does not have, since anybody can name one, and not while the store does not answer.
pub const PAUSE: Duration = Duration::from_secs(30);

/// What to do when there is no ring.
const NO_KEYS: &str =
    "there are no keys yet; make the first with: users --stack STACK keys generate --issuer URL";
/// Why a key that is not known cannot be refused.
const UNANSWERED: &str = "the keys could not be read a moment ago, and this one may be new";

/// Where a ring is kept.
pub trait RingStore: Send + Sync {
    /// The ring; `None` if there is none yet.
    fn read(&self) -> Asking<'_, Option<Ring>>;
}

/// A ring that never changes.
impl RingStore for Ring {
    fn read(&self) -> Asking<'_, Option<Ring>> {
        Box::pin(async { Ok(Some(self.clone())) })
    }
}

/// The ring as it was read last.
pub struct Keyring {
    store: Arc<dyn RingStore>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    ring: Option<Arc<Ring>>,
    /// When `ring` was read.
    read: Duration,
    /// When it was asked for last, whether there was an answer or not.
    asked: Option<Duration>,
}

impl Keyring {
    /// A ring that was not read yet.
    #[must_use]
    pub fn new(store: Arc<dyn RingStore>) -> Self {
        Self {
            store,
            kept: Mutex::default(),
        }
    }

    /// Reads the ring for the first time. The cold start does it, so that no request has to wait. If
    /// that fails or takes longer than `limit`, the first request asks again.
    pub async fn open(&self, now: Duration, limit: Duration) {
        let read = timeout(limit, self.find(now)).await;
        let read = read.unwrap_or_else(|elapsed| Err(StoreError::Unavailable(elapsed.into())));
        if let Err(error) = read {
            warn!(reason = %error, "the keys are not known yet");
        }
    }

    /// The ring, which there must be.
    pub async fn ring(&self, now: Duration) -> Result<Arc<Ring>, StoreError> {
        let ring = self.find(now).await?;
        ring.ok_or_else(|| StoreError::Unavailable(NO_KEYS.into()))
    }

    /// The ring, if there is one. If it was read more than [`FRESH`] ago it is read again; if that
    /// fails, the old one still counts. Without any ring every request asks for it.
    pub async fn find(&self, now: Duration) -> Result<Option<Arc<Ring>>, StoreError> {
        let (ring, due) = self.look(now, FRESH);
        match ring {
            Some(ring) if !due => Ok(Some(ring)),
            Some(ring) => {
                let read = self.read(now).await;
                let read = read.inspect_err(|error| {
                    warn!(reason = %error, "the keys could not be read again");
                });
                Ok(read.ok().flatten().or(Some(ring)))
            }
            None => self.read(now).await,
        }
    }

    /// The same, but a ring without this key is read again at once, since the key may be a new one.
    /// If the store did not answer when it was asked last, nobody can say, and that is the error.
    pub async fn ring_with(&self, kid: &str, now: Duration) -> Result<Arc<Ring>, StoreError> {
        let ring = self.ring(now).await?;
        if ring.key(kid).is_some() {
            return Ok(ring);
        }
        match self.look(now, Duration::ZERO) {
            (_, true) => Ok(self.read(now).await?.unwrap_or(ring)),
            _ if self.failed() => Err(StoreError::Unavailable(UNANSWERED.into())),
            _ => Ok(ring),
        }
    }

    fn failed(&self) -> bool {
        let kept = self.kept();
        kept.asked.is_some_and(|asked| asked > kept.read)
    }

    /// What is kept, and whether it is to be read again because it is so old.
    fn look(&self, now: Duration, age: Duration) -> (Option<Arc<Ring>>, bool) {
        let kept = self.kept();
        // A clock that was set back must not keep a revoked key alive until it has caught up.
        let is_within = |since: Duration, span| (since..since + span).contains(&now);
        let paused = kept.asked.is_some_and(|asked| is_within(asked, PAUSE));
        (kept.ring.clone(), !paused && !is_within(kept.read, age))
    }

    async fn read(&self, now: Duration) -> Result<Option<Arc<Ring>>, StoreError> {
        self.kept().asked = Some(now);
        let Some(ring) = self.store.read().await? else {
            return Ok(None);
        };
        let mut kept = self.kept();
        // Another request may have asked later and been answered sooner: what it was told is newer. A ring
        // that is newer than the latest question was read before the clock was set back.
        let set_back = kept.asked.is_some_and(|asked| asked < kept.read);
        if kept.ring.is_none() || kept.read <= now || set_back {
            kept.ring = Some(Arc::new(ring));
            kept.read = now;
        }
        Ok(kept.ring.clone())
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(..)")
    }
}

#[cfg(test)]
mod tests;
