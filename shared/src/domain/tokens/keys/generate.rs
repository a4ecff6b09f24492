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

#[cfg(test)]
mod tests {
    use jsonwebtoken::crypto;

    use super::*;
    use crate::domain::tokens::keys::key::ALGORITHMS;

    const TIME: Duration = Duration::from_hours(490_000);

    #[test]
    fn a_new_key_signs_what_it_verifies() {
        for algorithm in ALGORITHMS {
            let key = generate(algorithm, TIME).unwrap();
            assert_eq!((key.algorithm, key.sign_from), (algorithm, TIME));
            assert!(!key.revoked);
            let signature = crypto::sign(b"text", &key.signing.unwrap(), algorithm).unwrap();
            let verified =
                |text: &[u8]| crypto::verify(&signature, text, &key.verifying, algorithm).unwrap();
            assert!(verified(b"text") && !verified(b"texu"));
            let other = generate(algorithm, TIME).unwrap();
            assert_ne!(key.kid, other.kid);
        }
        let hs256 = generate(Algorithm::HS256, TIME).map(|key| key.kid);
        assert_eq!(hs256, Err(BadKey::Algorithm));
    }

    /// An `RSAPrivateKey` is a sequence of 9 numbers, of which the first is its version, 0. A PKCS #8
    /// key has an algorithm in the second place.
    #[test]
    fn an_rsa_key_is_written_as_rfc_8017_says() {
        for _ in 0..3 {
            let der = rsa().unwrap();
            let length = u16::try_from(der.len() - 4).unwrap().to_be_bytes();
            assert_eq!(der[..2], [0x30, 0x82], "a sequence");
            assert_eq!(der[2..4], length, "of all that follows");
            assert_eq!(der[4..8], [2, 1, 0, 2], "the version, then a number");
            assert!(RsaKeyPair::from_der(&der).is_ok());
            assert!(RsaKeyPair::from_pkcs8(&der).is_err());
        }
    }
}
