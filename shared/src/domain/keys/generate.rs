//! Makes a key.

use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
};
use jsonwebtoken::Algorithm;

use super::key::{BadKey, Key};

/// A new key, which begins to sign at this time since the epoch.
pub fn generate(algorithm: Algorithm, sign_from: Duration) -> Result<Key, BadKey> {
    let der = match algorithm {
        Algorithm::RS256 => rsa(),
        Algorithm::ES256 => {
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map(|der| der.as_ref().to_vec())
        }
        Algorithm::EdDSA => {
            Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map(|der| der.as_ref().to_vec())
        }
        _ => return Err(BadKey::Algorithm),
    };
    Key::new(algorithm, &der.map_err(|_| BadKey::Private)?, sign_from)
}

/// An RSA key of 2048 bits, as RFC 8017 A.1.2 writes it, which is what `jsonwebtoken` reads. It is
/// the end of the PKCS #8 that aws-lc writes: of a key of this size, all but the first 26 bytes.
fn rsa() -> Result<Vec<u8>, Unspecified> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der()?;
    let der = pkcs8.as_ref().get(26..).ok_or(Unspecified)?;
    Ok(der.to_vec())
}
