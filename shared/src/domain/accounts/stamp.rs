//! What ends all tokens of a user at once.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A random text in a user's record and in the user's tokens. A token whose stamp is not the
/// record's is refused, so a new stamp ends all tokens: those from before a new password, or those
/// of somebody else who had the same name. It is no secret, since nobody can sign a token with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(String);

impl Stamp {
    /// One that no user has had before.
    #[must_use]
    pub fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes()))
    }

    /// As it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Stamp {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_another() {
        let stamp = Stamp::random();
        assert_eq!(stamp.as_str().len(), 22);
        assert_ne!(stamp, Stamp::random());
    }
}
