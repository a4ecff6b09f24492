//! Which keys are loaded, and what is written of them.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;
use crate::domain::tokens::keys::Ring;
use crate::domain::tokens::keys::generate::generate;

const TIME: Duration = Duration::from_hours(490_000);

/// A key of each algorithm.
static KEYS: LazyLock<[Key; 3]> = LazyLock::new(|| ALGORITHMS.map(new));

fn new(algorithm: Algorithm) -> Key {
    generate(algorithm, TIME).unwrap()
}

/// Loads a key with this public part and no private one.
fn load(jwk: &Value) -> Result<Key, String> {
    read(&json!({"sign_from": 1, "jwk": jwk}))
}

fn read(key: &Value) -> Result<Key, String> {
    serde_json::from_str(&key.to_string()).map_err(|error| error.to_string())
}

/// The same with the `kid` that is right for it, so that nothing but the rest can be wrong.
fn named(mut jwk: Value) -> Value {
    let known: Jwk = serde_json::from_value(jwk.clone()).unwrap();
    jwk["kid"] = json!(thumbprint(&known));
    jwk
}

fn rsa(modulus: &[u8], e: &str) -> Value {
    let n = URL_SAFE_NO_PAD.encode(modulus);
    named(json!({"kty": "RSA", "alg": "RS256", "n": n, "e": e}))
}

fn refused(result: Result<Key, String>, reason: BadKey, why: &str) {
    let error = result.err().unwrap_or_default();
    assert!(error.starts_with(&reason.to_string()), "{why}: {error:?}");
}

/// RFC 7638 3.1 and RFC 8037 A.3. The names that those RFCs give the keys are no thumbprints.
#[test]
fn the_kid_is_the_thumbprint_of_the_rfcs() {
    let rsa = json!({"kty": "RSA", "alg": "RS256", "e": "AQAB",
        "kid": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"});
    let ed = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA",
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    for mut jwk in [rsa, ed] {
        assert_eq!(load(&jwk).map(|key| json!(key.kid)), Ok(jwk["kid"].clone()));
        for kid in [json!("2011-04-29"), json!(""), Value::Null] {
            jwk["kid"] = kid;
            refused(load(&jwk), BadKey::Kid, "another kid");
        }
    }
}

#[test]
fn rsa_has_2048_bits_or_more_and_the_usual_exponent() {
    let with_first = |first: u8, length: usize| {
        let mut modulus = vec![0xff; length];
        modulus[0] = first;
        modulus
    };
    for (first, length) in [(0x80, 256), (1, 257), (0xff, 512)] {
        assert!(load(&rsa(&with_first(first, length), EXPONENT)).is_ok());
    }
    let padded = [vec![0; 129], vec![0xff; 128]].concat();
    for (modulus, why) in [
        (with_first(0xff, 128), "1024 bits"),
        (with_first(0x7f, 256), "2047 bits"),
        (with_first(0, 257), "a zero in front"),
        (padded, "1024 bits that look like 2048"),
        (Vec::new(), "none"),
    ] {
        refused(load(&rsa(&modulus, EXPONENT)), BadKey::Public, why);
    }
    for e in ["Aw", "AQ", "AAEAAQ", "AQAC", "AQAB=", ""] {
        refused(load(&rsa(&with_first(0xff, 256), e)), BadKey::Public, e);
    }
    let mut no_base64 = rsa(&with_first(0xff, 256), EXPONENT);
    no_base64["n"] = json!("+".repeat(342));
    refused(load(&named(no_base64)), BadKey::Public, "no base64url");
}

#[test]
fn a_curve_is_the_one_of_its_algorithm() {
    let long = |length: usize| URL_SAFE_NO_PAD.encode(vec![1; length]);
    let ec = |curve: &str, x: usize, y: usize| json!({"kty": "EC", "alg": "ES256", "crv": curve, "x": long(x), "y": long(y)});
    let ed =
        |curve: &str, x: usize| json!({"kty": "OKP", "alg": "EdDSA", "crv": curve, "x": long(x)});
    // No point of the curve, but that shows when a signature is to be verified: `token/tests`.
    assert!(load(&named(ec("P-256", 32, 32))).is_ok());
    assert!(load(&named(ed("Ed25519", 32))).is_ok());
    for (x, y) in [(31, 32), (32, 31), (33, 32), (32, 33), (0, 64), (64, 0)] {
        refused(load(&named(ec("P-256", x, y))), BadKey::Public, "length");
    }
    for x in [0, 31, 33, 57, 64] {
        refused(load(&named(ed("Ed25519", x))), BadKey::Public, "length");
    }
    refused(load(&named(ec("P-384", 48, 48))), BadKey::Public, "P-384");
    refused(load(&named(ec("P-384", 32, 32))), BadKey::Public, "P-384");
    for jwk in [ec("secp256k1", 32, 32), ed("Ed448", 57), ed("X25519", 32)] {
        refused(load(&jwk), BadKey::Public, "a curve that is not known");
    }
}

#[test]
fn alg_is_that_of_the_key() {
    for key in KEYS.iter() {
        let good = json!(key.jwk);
        for alg in ["RS256", "ES256", "EdDSA"] {
            let mut jwk = good.clone();
            jwk["alg"] = json!(alg);
            if alg == good["alg"] {
                assert!(load(&jwk).is_ok());
            } else {
                refused(load(&jwk), BadKey::Public, alg);
            }
        }
        for alg in [
            "HS256", "HS384", "HS512", "RS384", "RS512", "PS256", "ES384", "RSA-OAEP",
        ] {
            let mut jwk = good.clone();
            jwk["alg"] = json!(alg);
            refused(load(&jwk), BadKey::Algorithm, alg);
        }
        for alg in ["none", "rs256", "ES256K", ""] {
            let mut jwk = good.clone();
            jwk["alg"] = json!(alg);
            assert!(load(&jwk).is_err(), "{alg}");
        }
        let mut jwk = good.clone();
        jwk.as_object_mut().unwrap().remove("alg");
        refused(load(&jwk), BadKey::Algorithm, "no alg");
    }
}

#[test]
fn a_secret_is_no_key_of_a_ring() {
    for alg in ["HS256", "RS256", "ES256", "EdDSA"] {
        let secret = json!({"kty": "oct", "alg": alg, "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"});
        assert!(load(&named(secret)).is_err(), "{alg}");
    }
}

#[test]
fn the_private_part_is_the_one_of_the_public_part() {
    for key in KEYS.iter() {
        let good = json!(key);
        assert!(read(&good).unwrap().signing.is_some());
        let der = good["der"].as_str().unwrap();
        let other = json!(new(key.algorithm))["der"].clone();
        let short = json!(&der[..der.len() - 8]);
        for der in [
            other,
            short,
            json!(""),
            json!("AAAA"),
            json!("no base64url!"),
        ] {
            let mut bad = good.clone();
            bad["der"] = der;
            refused(read(&bad), BadKey::Private, &key.kid);
        }
        for another in KEYS.iter().filter(|one| one.kid != key.kid) {
            let mut bad = good.clone();
            bad["der"] = json!(another)["der"].clone();
            refused(read(&bad), BadKey::Private, "of another algorithm");
        }
    }
}

#[test]
fn garbage_is_no_key() {
    let jwk = json!(KEYS[2].jwk);
    for bad in [
        json!(null),
        json!([]),
        json!("key"),
        json!({}),
        json!({"sign_from": 1}),
        json!({"jwk": jwk}),
        json!({"sign_from": -1, "jwk": jwk}),
        json!({"sign_from": 1.5, "jwk": jwk}),
        json!({"sign_from": "1", "jwk": jwk}),
        json!({"sign_from": null, "jwk": jwk}),
        json!({"sign_from": 1, "jwk": jwk, "revoked": "true"}),
        json!({"sign_from": 1, "jwk": jwk, "revoked": null}),
        json!({"sign_from": 1, "jwk": jwk, "der": 1}),
        json!({"sign_from": 1, "jwk": null}),
        json!({"sign_from": 1, "jwk": {}}),
        json!({"sign_from": 1, "jwk": [jwk]}),
        json!({"sign_from": 1, "jwk": jwk.to_string()}),
    ] {
        assert!(read(&bad).is_err(), "{bad}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    for key in KEYS.iter() {
        for revoked in [false, true] {
            let key = Key {
                revoked,
                ..key.clone()
            };
            for key in [&key, &key.public()] {
                let written = json!(key);
                let again = read(&written).unwrap();
                assert_eq!(json!(again), written);
                assert_eq!((&again.kid, &again.jwk), (&key.kid, &key.jwk));
                assert_eq!((again.sign_from, again.revoked), (TIME, revoked));
                assert_eq!(again.algorithm, key.algorithm);
                assert_eq!(again.signing.is_some(), key.signing.is_some());
            }
        }
    }
}

/// A later version may write more than this one knows.
#[test]
fn what_is_not_known_is_neither_refused_nor_kept() {
    for key in KEYS.iter() {
        let mut written = json!(key.public());
        written["note"] = json!("a member of a later version");
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "note"] {
            written["jwk"][member] = json!("AQAB");
        }
        let read = read(&written).unwrap();
        assert_eq!(json!(read), json!(key.public()));
    }
}

/// The private part is in one member, and in nothing else that is shown or published.
#[test]
fn only_its_own_json_shows_a_private_part() {
    for key in KEYS.iter() {
        let der = json!(key)["der"].as_str().unwrap().to_owned();
        let ring = Ring {
            issuer: None,
            keys: vec![key.clone()],
        };
        let private = ring.to_json().unwrap();
        assert!(private.contains(&der));
        assert!(Ring::public_from_json(&private).is_err());
        let public = ring.public().to_json().unwrap();
        assert!(Ring::public_from_json(&public).is_ok());
        let members: Value = serde_json::from_str(&public).unwrap();
        let members = members["keys"][0].as_object().unwrap().keys();
        assert_eq!(members.collect::<Vec<_>>(), ["jwk", "sign_from"]);
        assert_eq!(format!("{key:?}"), format!("Key({})", key.kid));
        for shown in [
            public,
            format!("{ring:?}"),
            json!(key.jwk).to_string(),
            json!(ring.published(TIME, Duration::ZERO).collect::<Vec<_>>()).to_string(),
        ] {
            assert!(!shown.contains(&der[..40]), "{shown}");
            assert!(!shown.contains("\"d\""), "{shown}");
        }
    }
}
