//! Stores that misbehave.

use std::time::Duration;

use shared::domain::attempts::{Admission, Attempts};
use shared::domain::password::PasswordHash;
use shared::domain::store::{Asking, StoreError};
use shared::domain::users::{HashStore, Reading, User, UserStore, tutorial};

/// The tutorial's user.
pub fn johndoe() -> User {
    tutorial().unwrap().remove("johndoe").unwrap()
}

/// Finds the same user under every name, or never any; no hash can be replaced.
pub struct One(pub Option<User>);

impl UserStore for One {
    fn find<'a>(&'a self, _: &'a str, _: Reading) -> Asking<'a, Option<User>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

impl HashStore for One {
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

/// Fails whatever it is asked.
pub struct Dead;

impl UserStore for Dead {
    fn find<'a>(&'a self, _: &'a str, _: Reading) -> Asking<'a, Option<User>> {
        Box::pin(async { Err(unavailable()) })
    }
}

impl HashStore for Dead {
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

fn unavailable() -> StoreError {
    StoreError::Unavailable("connection refused: 192.0.2.1".into())
}

/// Admits every attempt, but fails when it is told how one ended.
pub struct OnlyBegins;

impl Attempts for OnlyBegins {
    fn begin<'a>(&'a self, _: &'a str, _: u32, _: Duration) -> Asking<'a, Admission> {
        Box::pin(async { Ok(Admission::Admitted) })
    }

    fn take_back<'a>(&'a self, _: &'a str) -> Asking<'a, ()> {
        Box::pin(async { Err(unavailable()) })
    }

    fn forget<'a>(&'a self, _: &'a str, _: Duration) -> Asking<'a, ()> {
        Box::pin(async { Err(unavailable()) })
    }
}
