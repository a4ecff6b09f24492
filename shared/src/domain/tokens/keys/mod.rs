//! The keys that sign tokens and verify them: several at a time, so that one can follow another
//! without logging anybody out.
//!
//! | module | holds |
//! |---|---|
//! | [`ring`] | [`Ring`]: all keys, and what the time makes of each: next, active, retired, revoked |
//! | [`rotation`] | what people do with a ring: generate, rotate, retire, revoke |
//! | [`key`] | [`Key`]: one of them, as a JWK (RFC 7517) |
//! | [`keyring`] | [`Keyring`]: a ring that is read again from time to time |
//! | [`issuer`] | [`Issuer`]: whose tokens the keys sign, and for whom |
//! | [`generate`] | makes a key |

pub mod generate;
pub mod issuer;
pub mod key;
pub mod keyring;
pub mod ring;
pub mod rotation;

pub use issuer::Issuer;
pub use key::Key;
pub use keyring::{Keyring, RingStore};
pub use ring::Ring;
