//! Stores that misbehave.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shared::domain::accounts::password::{PasswordHash, Passwords, Policy};
use shared::domain::accounts::{Account, Stamp, User, UserId, UserStore, tutorial};
use shared::domain::login::attempt::{Attempt, Key};
use shared::domain::login::store::{LoginStore, Seen, Verdict, Written};
use shared::domain::sessions::session::{Rotated, Rotation, Session, SessionSummary};
use shared::domain::sessions::store::{Owner, Seen as SeenSession, SessionStore};
use shared::domain::sessions::token::Sid;
use shared::domain::store::{Asking, StoreError};

/// The tutorial's user.
pub fn johndoe() -> User {
    johndoes_account().user
}

/// The tutorial's user, with the password's hash.
pub fn johndoes_account() -> Account {
    tutorial().unwrap().remove("johndoe").unwrap()
}

/// This user with the password of the tutorial's, "secret".
pub fn with_password(user: User) -> Account {
    Account {
        user,
        ..johndoes_account()
    }
}

/// A cost at which thousands of hashes take a second.
pub fn cheap_policy() -> Policy {
    Policy::new(8, 1, 1, None).unwrap()
}

/// Users with these names and the password "secret", whose hashes cost next to nothing.
pub fn cheap(names: &[&str]) -> HashMap<String, Account> {
    let hash = Passwords::new(cheap_policy()).hash("secret").unwrap();
    let account = |name: &&str| {
        let user = User {
            id: UserId::from(*name),
            username: (*name).to_owned(),
            ..johndoe()
        };
        let password_hash = Some(hash.clone());
        (
            (*name).to_owned(),
            Account {
                user,
                password_hash,
            },
        )
    };
    names.iter().map(account).collect()
}

/// Finds the same user under every name, or never any; it counts nothing, and no hash can be
/// replaced.
pub struct One(pub Option<Account>);

impl One {
    /// Finds this user, whose password is the tutorial's.
    pub fn knowing(user: User) -> Self {
        Self(Some(with_password(user)))
    }
}

impl UserStore for One {
    fn find<'a>(&'a self, _: &'a str) -> Asking<'a, Option<User>> {
        let user = self.0.as_ref().map(|account| account.user.clone());
        Box::pin(async { Ok(user) })
    }
}

impl LoginStore for One {
    fn look<'a>(&'a self, _: &'a Attempt) -> Asking<'a, Seen> {
        let found = self.0.clone();
        Box::pin(async {
            Ok(Seen {
                found,
                ..Seen::default()
            })
        })
    }

    fn write<'a>(&'a self, _: Verdict<'a>) -> Asking<'a, Written> {
        Box::pin(async { Ok(Written::Yes) })
    }

    fn make_known<'a>(&'a self, _: &'a Key, _: Duration) -> Asking<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn replace_hash<'a>(
        &'a self,
        _: &'a str,
        _: &'a PasswordHash,
        _: &'a PasswordHash,
        _: Duration,
    ) -> Asking<'a, bool> {
        Box::pin(async { Err(unavailable()) })
    }
}

/// Knows one user, under every name; what becomes of a verdict is up to the test.
pub struct Judged<F> {
    pub one: One,
    pub write: F,
}

impl<F: Fn(Verdict<'_>) -> Written + Send + Sync> Judged<F> {
    /// With a closure that need not be named.
    pub fn new(account: Account, write: F) -> Self {
        let one = One(Some(account));
        Self { one, write }
    }
}

impl<F: Fn(Verdict<'_>) -> Written + Send + Sync> LoginStore for Judged<F> {
    fn look<'a>(&'a self, attempt: &'a Attempt) -> Asking<'a, Seen> {
        self.one.look(attempt)
    }

    fn write<'a>(&'a self, verdict: Verdict<'a>) -> Asking<'a, Written> {
        Box::pin(async move { Ok((self.write)(verdict)) })
    }

    fn make_known<'a>(&'a self, pair: &'a Key, now: Duration) -> Asking<'a, ()> {
        self.one.make_known(pair, now)
    }

    fn replace_hash<'a>(
        &'a self,
        username: &'a str,
        old: &'a PasswordHash,
        new: &'a PasswordHash,
        now: Duration,
    ) -> Asking<'a, bool> {
        self.one.replace_hash(username, old, new, now)
    }
}

/// Finds nobody: it fails instead.
pub struct Dead;

impl UserStore for Dead {
    fn find<'a>(&'a self, _: &'a str) -> Asking<'a, Option<User>> {
        Box::pin(async { Err(unavailable()) })
    }
}

/// What a store says that does not answer.
pub fn unavailable() -> StoreError {
    StoreError::Unavailable("connection refused: 192.0.2.1".into())
}

/// What a login asks of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Look,
    Write,
    MakeKnown,
    ReplaceHash,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// It does not arrive.
    Lost,
    /// It arrives, but its answer does not.
    Unanswered,
    /// It waits for ever.
    Hangs,
}

/// A store some of whose calls fail: `fault` is asked before each.
pub struct Flaky<F> {
    pub store: Arc<dyn LoginStore>,
    pub fault: F,
}

impl<F: Fn(Call) -> Fault + Send + Sync> Flaky<F> {
    /// With a fault that need not be named.
    pub fn new(store: Arc<dyn LoginStore>, fault: F) -> Self {
        Self { store, fault }
    }

    fn pass<'a, T: Send + 'a>(&'a self, call: Call, asked: Asking<'a, T>) -> Asking<'a, T> {
        Box::pin(async move {
            // Another login may come in between.
            tokio::task::yield_now().await;
            match (self.fault)(call) {
                Fault::None => asked.await,
                Fault::Lost => Err(unavailable()),
                Fault::Unanswered => asked.await.and(Err(unavailable())),
                Fault::Hangs => std::future::pending().await,
            }
        })
    }
}

impl<F: Fn(Call) -> Fault + Send + Sync> LoginStore for Flaky<F> {
    fn look<'a>(&'a self, attempt: &'a Attempt) -> Asking<'a, Seen> {
        self.pass(
            Call::Look,
            Box::pin(async { self.store.look(attempt).await }),
        )
    }

    fn write<'a>(&'a self, verdict: Verdict<'a>) -> Asking<'a, Written> {
        let asked = async move { self.store.write(verdict).await };
        self.pass(Call::Write, Box::pin(asked))
    }

    fn make_known<'a>(&'a self, pair: &'a Key, now: Duration) -> Asking<'a, ()> {
        let asked = async move { self.store.make_known(pair, now).await };
        self.pass(Call::MakeKnown, Box::pin(asked))
    }

    fn replace_hash<'a>(
        &'a self,
        username: &'a str,
        old: &'a PasswordHash,
        new: &'a PasswordHash,
        now: Duration,
    ) -> Asking<'a, bool> {
        let asked = async move { self.store.replace_hash(username, old, new, now).await };
        self.pass(Call::ReplaceHash, Box::pin(asked))
    }
}

/// What a login, a refresh or a guard asks of a store of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionCall {
    Begin,
    Rotate,
    End,
    User,
    Look,
    Index,
}

/// Sessions some of whose calls fail, and whose user may be another one.
pub struct Strange {
    pub store: Arc<dyn SessionStore>,
    /// The call that fails, and how.
    pub fault: Mutex<Option<(SessionCall, Fault)>>,
    /// The user in the place of the store's, or `Some(None)` if there is none any more.
    pub user: Mutex<Option<Option<User>>>,
}

impl Strange {
    pub fn new(store: Arc<dyn SessionStore>) -> Self {
        let (fault, user) = Default::default();
        Self { store, fault, user }
    }

    async fn pass<T>(
        &self,
        call: SessionCall,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let fault = *self.fault.lock().unwrap();
        match fault.filter(|(failing, _)| *failing == call) {
            None | Some((_, Fault::None)) => asked.await,
            Some((_, Fault::Lost)) => Err(unavailable()),
            Some((_, Fault::Unanswered)) => asked.await.and(Err(unavailable())),
            Some((_, Fault::Hangs)) => std::future::pending().await,
        }
    }

    fn user(&self, user: Option<User>) -> Option<User> {
        self.user.lock().unwrap().clone().unwrap_or(user)
    }
}

impl SessionStore for Strange {
    fn begin<'a>(&'a self, session: &'a Session, ending: &'a [Sid]) -> Asking<'a, ()> {
        let asked = async { self.store.begin(session, ending).await };
        Box::pin(self.pass(SessionCall::Begin, asked))
    }

    fn rotate<'a>(&'a self, rotation: &'a Rotation) -> Asking<'a, Rotated> {
        let asked = async { self.store.rotate(rotation).await };
        Box::pin(self.pass(SessionCall::Rotate, asked))
    }

    fn end<'a>(&'a self, sid: &'a Sid, owner: Owner<'a>) -> Asking<'a, bool> {
        let asked = async move { self.store.end(sid, owner).await };
        Box::pin(self.pass(SessionCall::End, asked))
    }

    fn end_all<'a>(&'a self, username: &'a str, stamp: &'a Stamp, now: Duration) -> Asking<'a, ()> {
        self.store.end_all(username, stamp, now)
    }

    fn session<'a>(&'a self, sid: &'a Sid) -> Asking<'a, Option<Session>> {
        self.store.session(sid)
    }

    fn oldest<'a>(&'a self, username: &'a str, most: usize) -> Asking<'a, Vec<Sid>> {
        let asked = async move { self.store.oldest(username, most).await };
        Box::pin(self.pass(SessionCall::Index, asked))
    }

    fn newest<'a>(&'a self, username: &'a str, most: usize) -> Asking<'a, Vec<SessionSummary>> {
        let asked = async move { self.store.newest(username, most).await };
        Box::pin(self.pass(SessionCall::Index, asked))
    }

    fn user<'a>(&'a self, username: &'a str) -> Asking<'a, Option<User>> {
        let asked = async { Ok(self.user(self.store.user(username).await?)) };
        Box::pin(self.pass(SessionCall::User, asked))
    }

    fn look<'a>(&'a self, username: &'a str, sid: &'a Sid) -> Asking<'a, SeenSession> {
        let asked = async {
            let seen = self.store.look(username, sid).await?;
            let user = self.user(seen.user);
            Ok(SeenSession { user, ..seen })
        };
        Box::pin(self.pass(SessionCall::Look, asked))
    }
}
