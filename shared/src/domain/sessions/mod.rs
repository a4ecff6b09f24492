//! Logins that last: a refresh token for a new access token, again and again (RFC 6749 6).
//!
//! A session is one record. To refresh it is one conditional write, which replaces the refresh token
//! by its successor. The successor follows from the token that was presented and from a salt in the
//! record, so a client whose answer was lost, or whose tabs ask at the same moment, gets the same
//! successor each time. A token that was replaced long ago proves that somebody has a copy, and ends
//! the session (RFC 9700 4.14.2).
//!
//! | module | holds |
//! |---|---|
//! | [`token`] | [`RefreshToken`], and how its successor is made |
//! | [`session`] | [`Session`]: what a refresh makes of it, and why one is refused |
//! | [`store`] | [`store::SessionStore`]: what is asked of a store |
//! | [`logout`] | [`logout::Logout`]: ends all that a user has |
//! | [`memory`] | such a store in memory |

pub mod logout;
pub mod memory;
pub mod session;
pub mod store;
pub mod token;

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use self::session::{Refusal, Rotated, Rotation, Session, SessionSummary};
use self::store::{Owner, SessionStore};
use self::token::{RefreshToken, Sid};
use super::accounts::User;
use super::clients::Client;
use super::clock::Clock;
use super::scope::Scopes;
use super::store::StoreError;

/// The most sessions of a user. The oldest beyond them end at the next login.
pub const MOST_SESSIONS: usize = 100;
/// The most sessions that a login ends. Many logins at a time may leave more than [`MOST_SESSIONS`], since a
/// store may see a new session late; the logins after them then end one more each than they add, and more.
const MOST_ENDED: usize = 5;
/// The most scopes that a refresh may ask for by name. Without any it gets all.
const MOST_ASKED: usize = 50;

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Without being used.
    pub idle: Duration,
    /// In all.
    pub longest: Duration,
    /// How long a refresh token that was replaced still gets its successor.
    pub grace: Duration,
}

/// Begins, refreshes and ends sessions.
pub struct Sessions {
    /// Keeps them.
    pub store: Arc<dyn SessionStore>,
    /// How long they last.
    pub policy: Policy,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// What a refresh gives, of which an access token is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refreshed {
    /// The session's user.
    pub user: User,
    /// What the access token may carry.
    pub scopes: Scopes,
    /// The next refresh token.
    pub token: RefreshToken,
    /// When the user logged in, since the epoch.
    pub auth_time: Duration,
}

/// Why there is no new token.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The refresh token is not valid, for a reason that is for the log.
    #[error("{0}")]
    Invalid(&'static str),
    /// A scope is malformed, or was not granted.
    #[error("scope")]
    Scope,
    /// The store did not answer, so the client may ask again with the same token.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gave no random bytes.
    #[error("no random bytes")]
    Random,
}

impl Sessions {
    /// Begins a session for the scopes that a login has granted; `auth_time` is the login's, since the
    /// epoch. Returns its first refresh token.
    pub async fn begin(
        &self,
        user: &User,
        scopes: &Scopes,
        client: &Client,
        auth_time: Duration,
    ) -> Result<RefreshToken, SessionError> {
        let now = self.clock.now();
        let token = RefreshToken::random().map_err(|_| SessionError::Random)?;
        let session = Session {
            sid: token.sid(),
            user: user.username.clone(),
            client: client.id.clone(),
            scopes: scopes.clone(),
            stamp: user.stamp.clone(),
            auth_time,
            current: token.hash(),
            previous: None,
            salt: token::random().map_err(|_| SessionError::Random)?,
            rotated: now,
            expires: now + self.policy.idle,
            ends: now + self.policy.longest,
        };
        let ending = self.beyond(&session.user).await;
        self.store.begin(&session, &ending).await?;
        Ok(token)
    }

    /// The sessions of a user that make room for a new one. If the store does not tell, none: a login
    /// does not fail for that.
    async fn beyond(&self, username: &str) -> Vec<Sid> {
        let oldest = self.store.oldest(username, MOST_SESSIONS - 1 + MOST_ENDED);
        let mut oldest = oldest.await.unwrap_or_else(|error| {
            warn!(reason = %error, "it is not known how many sessions the user has");
            Vec::new()
        });
        oldest.truncate(oldest.len().saturating_sub(MOST_SESSIONS - 1));
        oldest
    }

    /// A user's sessions that go on, the last used first.
    pub async fn of(&self, user: &User) -> Result<Vec<SessionSummary>, StoreError> {
        let now = self.clock.now();
        let mut sessions = self.store.newest(&user.username, MOST_SESSIONS).await?;
        sessions.retain(|session| session.state.is_live(user, now));
        sessions.sort_by_key(|session| Reverse(session.rotated));
        Ok(sessions)
    }

    /// Ends a session, if it is this user's; `false` if the user has no such session.
    pub async fn end(&self, sid: &Sid, user: &User) -> Result<bool, StoreError> {
        self.store.end(sid, Owner::User(&user.username)).await
    }

    /// Gives a new refresh token for one that is valid, and says what a new access token may carry:
    /// the scopes that are asked for, or all of the login's that user and client still have.
    pub async fn refresh(
        &self,
        presented: &str,
        client: &Client,
        scope: Option<&str>,
    ) -> Result<Refreshed, SessionError> {
        let asked = scope.map(asked_for).transpose()?;
        let token = RefreshToken::parse(presented);
        let token = token.ok_or(SessionError::Invalid("not a refresh token"))?;
        let (session, next) = self.rotate(&token, &client.id, asked.clone()).await?;
        let user = self.store.user(&session.user).await?;
        let Some(user) = user.filter(|user| !user.disabled && user.stamp == session.stamp) else {
            self.store.end(&session.sid, Owner::Any).await?;
            return Err(SessionError::Invalid(
                "its user is gone, disabled, or has another stamp",
            ));
        };
        user.note_in_log();
        let scopes = granted(&session, &user, client, asked.as_ref());
        Ok(Refreshed {
            user,
            scopes,
            token: next,
            auth_time: session.auth_time,
        })
    }

    /// The session that this token refreshes, and its user.
    pub async fn find(&self, token: &RefreshToken) -> Result<Option<(Session, User)>, StoreError> {
        let Some(session) = self.store.session(&token.sid()).await? else {
            return Ok(None);
        };
        let user = self.store.user(&session.user).await?;
        let live = |user: &User| !user.disabled && session.state().is_live(user, self.clock.now());
        let user = user.filter(|user| session.current == token.hash() && live(user));
        Ok(user.map(|user| (session, user)))
    }

    /// Ends a session, if it is this client's (RFC 7009 2.1). One that has ended is as good as revoked.
    pub async fn revoke(&self, sid: &Sid, client: &Client) -> Result<(), StoreError> {
        let owner = Owner::Client(&client.id);
        self.store.end(sid, owner).await.map(drop)
    }

    /// Replaces the token, or finds that it was replaced a moment ago.
    async fn rotate(
        &self,
        token: &RefreshToken,
        client: &str,
        asked: Option<Scopes>,
    ) -> Result<(Session, RefreshToken), SessionError> {
        let now = self.clock.now();
        let salt = token::random().map_err(|_| SessionError::Random)?;
        let next = token.successor(&salt);
        let rotation = Rotation {
            sid: token.sid(),
            client: client.to_owned(),
            asked,
            presented: token.hash(),
            next: next.hash(),
            salt,
            now,
            expires: now + self.policy.idle,
        };
        let session = match self.store.rotate(&rotation).await? {
            Rotated::Yes(session) => return Ok((session, next)),
            Rotated::No(None) => return Err(refused(Refusal::Unknown)),
            Rotated::No(Some(session)) => session,
        };
        let successor = token.successor(&session.salt);
        match session.judge(&rotation, &successor.hash(), self.policy.grace) {
            Ok(()) => Ok((session, successor)),
            Err(Refusal::Reused) => {
                self.store.end(&session.sid, Owner::Any).await?;
                warn!(
                    user = session.user,
                    "refresh_token_reused: its session is ended"
                );
                Err(refused(Refusal::Reused))
            }
            Err(refusal) => Err(refused(refusal)),
        }
    }
}

/// Reads the scopes that are asked for. Nobody has proved anything yet, so their number is bounded: each
/// is a part of the store's condition, which DynamoDB wants under 4 KB.
fn asked_for(scope: &str) -> Result<Scopes, SessionError> {
    if scope.split(' ').count() > MOST_ASKED {
        return Err(SessionError::Scope);
    }
    Scopes::parse(scope).map_err(|_| SessionError::Scope)
}

/// Of what is asked for, or else of all that the login granted, what user and client still have. The answer
/// says so (RFC 6749 3.3). It is no refusal, since the token is replaced by now: a client that takes
/// refusals for final would keep the old one, and later be taken for a thief.
pub(super) fn granted(
    session: &Session,
    user: &User,
    client: &Client,
    asked: Option<&Scopes>,
) -> Scopes {
    let wanted = asked.unwrap_or(&session.scopes).iter();
    let kept = |scope: &&str| user.scopes.contains_all([*scope]) && client.may_have([*scope]);
    wanted.filter(kept).collect()
}

fn refused(refusal: Refusal) -> SessionError {
    match refusal {
        Refusal::Unknown => SessionError::Invalid("unknown or ended session"),
        Refusal::Client => SessionError::Invalid("another client's session"),
        Refusal::Expired => SessionError::Invalid("expired session"),
        Refusal::Reused => SessionError::Invalid("refresh_token_reused"),
        Refusal::Scope => SessionError::Scope,
    }
}
