//! What is asked of a store of sessions.

use std::time::Duration;

use super::session::{Rotated, Rotation, Session, SessionState, SessionSummary};
use super::token::Sid;
use crate::domain::accounts::{Stamp, User};
use crate::domain::store::Asking;

/// A user and a session, as they are now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The user, if there is one of that name.
    pub user: Option<User>,
    /// The session, if it was not ended.
    pub session: Option<SessionState>,
}

/// Whose session it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner<'a> {
    /// Anybody's.
    Any,
    /// One that was granted to this client.
    Client(&'a str),
    /// One of this user.
    User(&'a str),
}

/// Keeps sessions, and knows their users.
pub trait SessionStore: Send + Sync {
    /// Adds a session, and ends these.
    fn begin<'a>(&'a self, session: &'a Session, ending: &'a [Sid]) -> Asking<'a, ()>;

    /// Writes a rotation if [`Session::allows`] it, in one step; else says how the session stands.
    fn rotate<'a>(&'a self, rotation: &'a Rotation) -> Asking<'a, Rotated>;

    /// Ends a session, if it is this owner's; `false` if there is no such session.
    fn end<'a>(&'a self, sid: &'a Sid, owner: Owner<'a>) -> Asking<'a, bool>;

    /// Gives the user of this name, if there is one, another stamp: it ends all of the user's sessions
    /// and access tokens.
    fn end_all<'a>(&'a self, username: &'a str, stamp: &'a Stamp, now: Duration) -> Asking<'a, ()>;

    /// The session of this name, if it was not ended.
    fn session<'a>(&'a self, sid: &'a Sid) -> Asking<'a, Option<Session>>;

    /// At most so many sessions of a user, those that end first. What was written in the last seconds
    /// may be missing.
    fn oldest<'a>(&'a self, username: &'a str, most: usize) -> Asking<'a, Vec<Sid>>;

    /// At most so many sessions of a user, those that end last; the same may be missing.
    fn newest<'a>(&'a self, username: &'a str, most: usize) -> Asking<'a, Vec<SessionSummary>>;

    /// The user of this name, as the record is now.
    fn user<'a>(&'a self, username: &'a str) -> Asking<'a, Option<User>>;

    /// The user and the session, both at once and as they are now.
    fn look<'a>(&'a self, username: &'a str, sid: &'a Sid) -> Asking<'a, Seen>;
}
