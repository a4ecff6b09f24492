//! A logout everywhere.

use std::sync::Arc;

use super::store::SessionStore;
use crate::domain::accounts::{Stamp, User};
use crate::domain::clock::Clock;
use crate::domain::store::StoreError;

/// Ends all that a user has: each session, and each access token. Those carry the user's stamp, so one
/// write of another one is enough, however many there are.
pub struct Logout {
    /// Keeps the stamps.
    pub store: Arc<dyn SessionStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Logout {
    /// Logs a user out of every device.
    pub async fn everywhere(&self, user: &User) -> Result<(), StoreError> {
        let (stamp, now) = (Stamp::random(), self.clock.now());
        self.store.end_all(&user.username, &stamp, now).await
    }
}
