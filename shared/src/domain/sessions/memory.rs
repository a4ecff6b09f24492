//! Sessions in memory: each Lambda environment has only its own.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::session::{Rotated, Rotation, Session, SessionSummary};
use super::store::{Owner, Seen, SessionStore};
use super::token::Sid;
use crate::domain::accounts::{MemoryUsers, Stamp, User, UserStore};
use crate::domain::store::Asking;

/// The most sessions that are kept: some 40 MB.
const MOST: usize = 100_000;

/// Users and their sessions in memory.
#[derive(Debug, Default)]
pub struct MemorySessions {
    users: Arc<MemoryUsers>,
    sessions: Mutex<HashMap<Sid, Session>>,
}

impl MemorySessions {
    /// Sessions of these users; none yet.
    #[must_use]
    pub fn new(users: Arc<MemoryUsers>) -> Self {
        Self {
            users,
            sessions: Mutex::default(),
        }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<Sid, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, session: &Session, ending: &[Sid]) {
        let mut sessions = self.sessions();
        for sid in ending {
            sessions.remove(sid);
        }
        if sessions.len() >= MOST {
            make_room(&mut sessions);
        }
        sessions.insert(session.sid.clone(), session.clone());
    }

    fn write(&self, rotation: &Rotation) -> Rotated {
        let mut sessions = self.sessions();
        let Some(session) = sessions.get_mut(&rotation.sid) else {
            return Rotated::No(None);
        };
        if !session.allows(rotation) {
            return Rotated::No(Some(session.clone()));
        }
        *session = session.clone().rotated(rotation);
        Rotated::Yes(session.clone())
    }

    fn remove(&self, sid: &Sid, owner: Owner<'_>) -> bool {
        let mut sessions = self.sessions();
        let is_owners = |session: &Session| match owner {
            Owner::Any => true,
            Owner::Client(client) => session.client == client,
            Owner::User(user) => session.user == user,
        };
        let found = sessions.get(sid).is_some_and(is_owners);
        if found {
            sessions.remove(sid);
        }
        found
    }

    /// A user's sessions, those first that end first.
    fn of_user(&self, username: &str) -> Vec<Session> {
        let sessions = self.sessions();
        let of_user = sessions.values().filter(|session| session.user == username);
        let mut all: Vec<_> = of_user.cloned().collect();
        all.sort_by_key(|session| session.ends);
        all
    }
}

/// Throws the half away that ends first, so that this is not done again at the next login.
fn make_room(sessions: &mut HashMap<Sid, Session>) {
    let mut all: Vec<_> = sessions.drain().collect();
    all.sort_unstable_by_key(|(_, session)| Reverse(session.expires));
    all.truncate(MOST / 2);
    sessions.extend(all);
}

impl SessionStore for MemorySessions {
    fn begin<'a>(&'a self, session: &'a Session, ending: &'a [Sid]) -> Asking<'a, ()> {
        self.add(session, ending);
        Box::pin(async { Ok(()) })
    }

    fn rotate<'a>(&'a self, rotation: &'a Rotation) -> Asking<'a, Rotated> {
        let rotated = self.write(rotation);
        Box::pin(async { Ok(rotated) })
    }

    fn end<'a>(&'a self, sid: &'a Sid, owner: Owner<'a>) -> Asking<'a, bool> {
        let found = self.remove(sid, owner);
        Box::pin(async move { Ok(found) })
    }

    fn end_all<'a>(
        &'a self,
        username: &'a str,
        stamp: &'a Stamp,
        _now: Duration,
    ) -> Asking<'a, ()> {
        self.users.replace_stamp(username, stamp);
        Box::pin(async { Ok(()) })
    }

    fn session<'a>(&'a self, sid: &'a Sid) -> Asking<'a, Option<Session>> {
        let session = self.sessions().get(sid).cloned();
        Box::pin(async { Ok(session) })
    }

    fn oldest<'a>(&'a self, username: &'a str, most: usize) -> Asking<'a, Vec<Sid>> {
        let sessions = self.of_user(username).into_iter().take(most);
        let sids = sessions.map(|session| session.sid).collect();
        Box::pin(async { Ok(sids) })
    }

    fn newest<'a>(&'a self, username: &'a str, most: usize) -> Asking<'a, Vec<SessionSummary>> {
        let sessions = self.of_user(username);
        let newest = sessions.iter().rev().take(most);
        let newest = newest.map(Session::summary).collect();
        Box::pin(async { Ok(newest) })
    }

    fn user<'a>(&'a self, username: &'a str) -> Asking<'a, Option<User>> {
        self.users.find(username)
    }

    fn look<'a>(&'a self, username: &'a str, sid: &'a Sid) -> Asking<'a, Seen> {
        let session = self.sessions().get(sid).map(Session::state);
        Box::pin(async {
            let user = self.users.find(username).await?;
            Ok(Seen { user, session })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scope::Scopes;

    fn session(number: u64) -> Session {
        let at = Duration::from_secs(number);
        Session {
            sid: Sid(number.to_string()),
            user: "johndoe".to_owned(),
            client: "default".to_owned(),
            scopes: Scopes::default(),
            stamp: None,
            auth_time: at,
            current: [0; 32],
            previous: None,
            salt: [0; 16],
            rotated: at,
            expires: at,
            ends: at,
        }
    }

    #[test]
    fn sessions_that_end_first_make_room_for_new_ones() {
        let store = MemorySessions::default();
        for number in 0..=MOST as u64 {
            store.add(&session(number), &[]);
        }
        let kept = store.sessions();
        assert_eq!(kept.len(), MOST / 2 + 1);
        let first = kept.values().map(|session| session.expires).min();
        assert_eq!(first, Some(Duration::from_secs(MOST as u64 / 2)));
    }
}
