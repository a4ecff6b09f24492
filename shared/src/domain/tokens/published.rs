//! What everybody may know of a service's tokens.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;

use crate::domain::clock::Clock;
use crate::domain::store::StoreError;
use crate::domain::tokens::keys::{Issuer, Keyring, Ring};

/// The public ring and the issuer.
pub struct Published {
    /// The public ring; none if the one key is a shared secret.
    pub keyring: Option<Keyring>,
    /// Whose tokens they are, if it is not what the ring says.
    pub issuer: Option<Issuer>,
    /// How long a token is valid.
    pub lifetime: Duration,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Published {
    /// Whose tokens they are; `None` if nobody has said so.
    pub async fn issuer(&self) -> Result<Option<Issuer>, StoreError> {
        if self.issuer.is_some() {
            return Ok(self.issuer.clone());
        }
        let ring = self.ring().await?;
        Ok(ring.and_then(|ring| ring.issuer.clone()))
    }

    /// The keys that verify tokens (RFC 7517 5); `None` without a ring.
    pub async fn keys(&self) -> Result<Option<JwkSet>, StoreError> {
        let now = self.clock.now();
        let published = |ring: Arc<Ring>| {
            let keys = ring.published(now, self.lifetime).cloned();
            JwkSet {
                keys: keys.collect(),
            }
        };
        Ok(self.ring().await?.map(published))
    }

    async fn ring(&self) -> Result<Option<Arc<Ring>>, StoreError> {
        match &self.keyring {
            Some(keyring) => keyring.find(self.clock.now()).await,
            None => Ok(None),
        }
    }

    /// Whose tokens the keys of this ring sign.
    pub(super) fn issuer_of<'a>(&'a self, ring: &'a Ring) -> Option<&'a Issuer> {
        self.issuer.as_ref().or(ring.issuer.as_ref())
    }
}
