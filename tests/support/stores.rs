//! Stores that misbehave.

use std::time::Duration;

use lambda_runtime::BoxFuture;
use shared::attempts::{Attempts, Begun};
use shared::password::PasswordHash;
use shared::users::{MemoryStore, Reading, StoreError, User, UserStore};

type Found<'a> = BoxFuture<'a, Result<Option<User>, StoreError>>;
type Replaced<'a> = BoxFuture<'a, Result<bool, StoreError>>;

/// The tutorial's user.
pub fn johndoe() -> User {
    MemoryStore::tutorial()
        .unwrap()
        .into_users()
        .remove("johndoe")
        .unwrap()
}

/// Holds one user, under every name; or none.
pub struct One(pub Option<User>);

impl UserStore for One {
    fn find<'a>(&'a self, _: &'a str, _: Reading) -> Found<'a> {
        Box::pin(async { Ok(self.0.clone()) })
    }

    fn replace_hash<'a>(
        &'a self,
        _: &'a str,
        _: &'a PasswordHash,
        _: &'a PasswordHash,
        _: Duration,
    ) -> Replaced<'a> {
        Box::pin(async { Err(unavailable()) })
    }
}

/// Cannot be asked.
pub struct Dead;

impl UserStore for Dead {
    fn find<'a>(&'a self, _: &'a str, _: Reading) -> Found<'a> {
        Box::pin(async { Err(unavailable()) })
    }

    fn replace_hash<'a>(
        &'a self,
        _: &'a str,
        _: &'a PasswordHash,
        _: &'a PasswordHash,
        _: Duration,
    ) -> Replaced<'a> {
        Box::pin(async { Err(unavailable()) })
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("connection refused: 192.0.2.1".into())
}

/// Counts nothing, and cannot be told how an attempt ended.
pub struct OnlyBegins;

impl Attempts for OnlyBegins {
    fn begin<'a>(
        &'a self,
        _: &'a str,
        _: u32,
        _: Duration,
    ) -> BoxFuture<'a, Result<Begun, StoreError>> {
        Box::pin(async { Ok(Begun::Allowed) })
    }

    fn take_back<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Err(unavailable()) })
    }

    fn forget<'a>(&'a self, _: &'a str, _: Duration) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Err(unavailable()) })
    }
}
