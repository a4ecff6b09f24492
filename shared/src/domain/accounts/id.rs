//! What a user is known by for ever.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// What every new id begins with, and no new name.
pub const USER_ID_PREFIX: &str = "u_";

/// A user's id: random, never changed, and never given to another user. Where tokens have an issuer it is
/// their `sub`, so that other services can keep data by it although a name may change. A record of before
/// there were ids has none: its id is its name, also after a rename.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserId(String);

impl UserId {
    /// An id that no user has had before.
    #[must_use]
    pub fn random() -> Self {
        let random = URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes());
        Self(format!("{USER_ID_PREFIX}{random}"))
    }

    /// The id as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for UserId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_another_and_looks_like_no_name() {
        let id = UserId::random();
        assert!(
            id.as_str().starts_with("u_") && id.as_str().len() == 24,
            "{id:?}"
        );
        assert_ne!(id, UserId::random());
    }
}
