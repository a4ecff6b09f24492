//! A session, and what a refresh makes of it.

use std::time::Duration;

use super::token::{Hash, Salt, Sid};
use crate::domain::accounts::{Stamp, User};
use crate::domain::scope::Scopes;

/// A login that lasts, until it is not used for a while, is as old as it may be, or is ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub sid: Sid,
    /// The user's name.
    pub user: String,
    /// To which client it was granted.
    pub client: String,
    /// What the login granted. A refresh can ask for less, and the next one for all of it again
    /// (RFC 6749 6).
    pub scopes: Scopes,
    /// The user's stamp at the login.
    pub stamp: Option<Stamp>,
    /// When the user typed the password, since the epoch.
    pub auth_time: Duration,
    /// The hash of the refresh token that is valid.
    pub current: Hash,
    /// The hash of the one before.
    pub previous: Option<Hash>,
    /// What `current` was made with.
    pub salt: Salt,
    /// When that was.
    pub rotated: Duration,
    /// When it ends, if it is not used before.
    pub expires: Duration,
    /// When it ends in any case.
    pub ends: Duration,
}

/// What a user is told of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// Its name.
    pub sid: Sid,
    /// The client to which it was granted.
    pub client: String,
    /// What the login granted.
    pub scopes: Scopes,
    /// When the user typed the password, since the epoch.
    pub auth_time: Duration,
    /// When it was last refreshed.
    pub rotated: Duration,
    /// Whether it goes on.
    pub state: SessionState,
}

/// What says whether a session goes on, and nothing that is made from its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionState {
    /// The user's name.
    pub user: String,
    /// The user's stamp at the login.
    pub stamp: Option<Stamp>,
    /// When it ends, if it is not used before.
    pub expires: Duration,
    /// When it ends in any case.
    pub ends: Duration,
}

impl SessionState {
    /// True if the session has not expired and the user has not logged out since.
    #[must_use]
    pub fn is_live(&self, user: &User, now: Duration) -> bool {
        let same = self.user == user.username && self.stamp == user.stamp;
        same && now < self.expires && now < self.ends
    }
}

/// A refresh, as it is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The session.
    pub sid: Sid,
    /// Who asks.
    pub client: String,
    /// The scopes that are asked for; all, if none is named.
    pub asked: Option<Scopes>,
    /// The hash of the refresh token that was presented.
    pub presented: Hash,
    /// The hash of its successor.
    pub next: Hash,
    /// What the successor was made with.
    pub salt: Salt,
    /// The time, since the epoch.
    pub now: Duration,
    /// When the session then ends, if it is not used again.
    pub expires: Duration,
}

/// What became of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotated {
    /// It was written; this is the session now.
    Yes(Session),
    /// It was not; this is the session as it stands, if there is one.
    No(Option<Session>),
}

/// Why a session cannot be refreshed as it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such session, or not any more.
    Unknown,
    /// It is another client's.
    Client,
    /// It was not used for too long, or is too old.
    Expired,
    /// A scope that the login did not grant.
    Scope,
    /// A refresh token that was replaced long ago: somebody has a copy.
    Reused,
}

impl Rotation {
    /// When the presented token counts as replaced. Stores keep whole seconds; rounded down, this would
    /// cut the grace short, and a client that is in time would be taken for a thief.
    #[must_use]
    pub fn replaced(&self) -> Duration {
        let begun = u64::from(self.now.subsec_nanos() > 0);
        Duration::from_secs(self.now.as_secs() + begun)
    }
}

impl Session {
    /// May the rotation be written? Every store asks exactly this, in one step with the writing.
    #[must_use]
    pub fn allows(&self, rotation: &Rotation) -> bool {
        self.current == rotation.presented && self.refuses(rotation).is_none()
    }

    /// Writes it.
    #[must_use]
    pub fn rotated(self, rotation: &Rotation) -> Self {
        Self {
            previous: Some(self.current),
            current: rotation.next,
            salt: rotation.salt,
            rotated: rotation.replaced(),
            expires: rotation.expires,
            ..self
        }
    }

    /// What its user is told of it.
    #[must_use]
    pub fn summary(&self) -> SessionSummary {
        SessionSummary {
            sid: self.sid.clone(),
            client: self.client.clone(),
            scopes: self.scopes.clone(),
            auth_time: self.auth_time,
            rotated: self.rotated,
            state: self.state(),
        }
    }

    /// What says whether it goes on.
    #[must_use]
    pub fn state(&self) -> SessionState {
        SessionState {
            user: self.user.clone(),
            stamp: self.stamp.clone(),
            expires: self.expires,
            ends: self.ends,
        }
    }

    /// True if it was not used for too long, or is too old.
    fn is_over(&self, now: Duration) -> bool {
        now >= self.expires || now >= self.ends
    }

    /// Why nobody may refresh it so, whichever token is presented.
    fn refuses(&self, rotation: &Rotation) -> Option<Refusal> {
        let wider = |asked: &Scopes| !self.scopes.contains_all(asked.iter());
        if self.client != rotation.client {
            Some(Refusal::Client)
        } else if self.is_over(rotation.now) {
            Some(Refusal::Expired)
        } else if rotation.asked.as_ref().is_some_and(wider) {
            Some(Refusal::Scope)
        } else {
            None
        }
    }

    /// What a rotation means that was not written. `Ok` is a replay: the token that is presented was
    /// replaced a moment ago by this successor, and gets it once more.
    pub fn judge(
        &self,
        rotation: &Rotation,
        successor: &Hash,
        grace: Duration,
    ) -> Result<(), Refusal> {
        // An old token of a session that has ended by itself is no sign of a thief.
        if self.is_over(rotation.now) {
            return Err(Refusal::Expired);
        }
        let was_valid = self.previous == Some(rotation.presented);
        if self.current != rotation.presented {
            let lately = rotation.now < self.rotated + grace;
            if !was_valid || !lately || *successor != self.current {
                return Err(Refusal::Reused);
            }
        }
        match self.refuses(rotation) {
            Some(refusal) => Err(refusal),
            // It would have been written: somebody has changed the session meanwhile.
            None if !was_valid => Err(Refusal::Unknown),
            None => Ok(()),
        }
    }
}
