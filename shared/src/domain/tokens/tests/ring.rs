//! Tokens of a ring of keys: what they say, and that nobody can forge one (RFC 8725).

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RsaKeyPair,
};
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::domain::tokens::keys::generate::generate;
use crate::domain::tokens::keys::key::ALGORITHMS;
use crate::domain::tokens::keys::{Issuer, Key, Keyring, Ring};

const URL: &str = "https://api.example.com";
const LIFETIME: Duration = Duration::from_mins(30);

/// A key of each algorithm, which signs.
static KEYS: LazyLock<[Key; 3]> = LazyLock::new(|| ALGORITHMS.map(new));
/// Keys of somebody else.
static FOREIGN: LazyLock<[Key; 3]> = LazyLock::new(|| ALGORITHMS.map(new));

fn new(algorithm: Algorithm) -> Key {
    generate(algorithm, Duration::ZERO).unwrap()
}

fn issuer() -> Issuer {
    Issuer::new(URL, None).unwrap()
}

fn published(ring: &Ring, issuer: Option<Issuer>, now: Duration) -> Published {
    let keyring = Keyring::new(Arc::new(ring.public()));
    Published {
        keyring: Some(keyring),
        issuer,
        lifetime: LIFETIME,
        clock: Arc::new(Stopped(now)),
    }
}

fn ring(issuer: Option<Issuer>, keys: &[Key]) -> Ring {
    let keys = keys.to_vec();
    Ring { issuer, keys }
}

/// Verifies by all keys of the tests, as the ring's issuer.
fn verifier() -> Verifier {
    Verifier::new(published(&ring(Some(issuer()), &*KEYS), None, NOW))
}

fn verify(token: &str) -> Result<Claims, InvalidToken> {
    verify_by(&verifier(), token)
}

/// The claims of a token of this issuer.
fn claims() -> Value {
    json!({"iss": URL, "aud": URL, "sub": "johndoe", "client_id": "default", "jti": "1",
        "iat": NOW.as_secs(), "exp": NOW.as_secs() + 1800, "scope": "me items"})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn header(key: &Key) -> Value {
    json!({"typ": "at+jwt", "alg": format!("{:?}", key.algorithm), "kid": key.kid})
}

fn header_with(key: &Key, name: &str, value: Value) -> Value {
    let mut header = header(key);
    header[name] = value;
    header
}

fn message(header: &Value, payload: &Value) -> String {
    format!(
        "{}.{}",
        encode(header.to_string()),
        encode(payload.to_string())
    )
}

/// A token with this header and these claims, whose signature is right for the key.
fn signed(header: &Value, payload: &Value, key: &Key) -> String {
    let message = message(header, payload);
    let signature = signature(&message, key, key.algorithm);
    format!("{message}.{signature}")
}

fn signature(message: &str, key: &Key, algorithm: Algorithm) -> String {
    let signing = key.signing.as_ref().unwrap();
    jsonwebtoken::crypto::sign(message.as_bytes(), signing, algorithm).unwrap()
}

fn good(key: &Key) -> String {
    signed(&header(key), &claims(), key)
}

/// The same token with another signature.
fn resigned(token: &str, signature: impl AsRef<[u8]>) -> String {
    let (message, _) = token.rsplit_once('.').unwrap();
    format!("{message}.{}", encode(signature))
}

fn signature_of(token: &str) -> Vec<u8> {
    let (_, signature) = token.rsplit_once('.').unwrap();
    URL_SAFE_NO_PAD.decode(signature).unwrap()
}

fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn issue_by(ring: &Ring, issuer: Option<Issuer>, now: Duration) -> String {
    let signer = Signer::ring(Keyring::new(Arc::new(ring.clone())), issuer, LIFETIME);
    let scopes = Scopes::parse("me items").unwrap();
    let user = User {
        id: UserId::from("u_1"),
        ..user("johndoe", Some(Stamp::random()))
    };
    at_once(signer.sign(&NewToken::of_user(&user, &scopes), now)).unwrap()
}

#[test]
fn what_is_signed_says_what_it_must_and_is_verified() {
    let other = Some(Issuer::new("https://other.example", Some("urn:orders")).unwrap());
    for key in KEYS.iter() {
        for (of_ring, of_variable) in [
            (None, None),
            (Some(issuer()), None),
            (None, other.clone()),
            (Some(issuer()), other.clone()),
        ] {
            let ring = ring(of_ring.clone(), std::slice::from_ref(key));
            let token = issue_by(&ring, of_variable.clone(), NOW);
            let issuer = of_variable.clone().or(of_ring);
            let typ = if issuer.is_some() { "at+jwt" } else { "JWT" };
            assert_eq!(part(&token, 0), header_with(key, "typ", json!(typ)));
            let mut found = part(&token, 1);
            let found = found.as_object_mut().unwrap();
            assert!(found.remove("jti").is_some_and(|jti| jti.is_string()));
            assert!(found.remove("stamp").is_some_and(|stamp| stamp.is_string()));
            let mut expected = json!({"sub": "johndoe", "scope": "me items",
                "iat": NOW.as_secs(), "exp": NOW.as_secs() + 1800});
            match &issuer {
                Some(issuer) => {
                    expected["iss"] = json!(issuer.url);
                    expected["aud"] = json!(issuer.audience);
                    expected["client_id"] = json!("default");
                    expected["sub"] = json!("u_1");
                    expected["username"] = json!("johndoe");
                }
                None => expected["scopes"] = json!(["me", "items"]),
            }
            assert_eq!(json!(found), expected);
            let verifier = Verifier::new(published(&ring, of_variable, NOW));
            let claims = verify_by(&verifier, &token).unwrap();
            assert!(claims.own && claims.stamp.is_some());
            let sub = expected["sub"].as_str().unwrap();
            assert_eq!(
                (
                    claims.sub.as_str(),
                    claims.name(),
                    claims.scopes.to_string().as_str()
                ),
                (sub, "johndoe", "me items")
            );
        }
    }
}

#[test]
fn the_tokens_that_the_other_tests_change_are_valid() {
    for key in KEYS.iter() {
        assert!(verify(&good(key)).is_ok());
    }
}

#[test]
fn no_other_algorithm_verifies() {
    for key in KEYS.iter() {
        let right = good(key);
        for alg in [
            "none", "None", "NONE", "nOnE", "", "RS384", "RS512", "PS256", "PS384", "PS512",
            "ES384", "ES512", "ES256K", "HS256", "HS384", "HS512", "rs256", "es256", "eddsa",
            "Ed25519",
        ] {
            let header = header_with(key, "alg", json!(alg));
            let message = message(&header, &claims());
            for signature in [signature(&message, key, key.algorithm), String::new()] {
                let token = format!("{message}.{signature}");
                assert_eq!(verify(&token), Err(InvalidToken::Algorithm), "{alg}");
            }
        }
        for alg in [json!(null), json!(1), json!(["RS256"]), json!({})] {
            let header = header_with(key, "alg", alg);
            let token = signed(&header, &claims(), key);
            assert_eq!(verify(&token), Err(InvalidToken::Malformed));
        }
        assert_eq!(verify(&resigned(&right, "")), Err(InvalidToken::Signature));
    }
    let rsa = &KEYS[0];
    for algorithm in [
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
    ] {
        for (named, reason) in [
            (algorithm, InvalidToken::Algorithm),
            (Algorithm::RS256, InvalidToken::Signature),
        ] {
            let header = header_with(rsa, "alg", json!(format!("{named:?}")));
            let message = message(&header, &claims());
            let token = format!("{message}.{}", signature(&message, rsa, algorithm));
            assert_eq!(verify(&token), Err(reason), "{algorithm:?} as {named:?}");
        }
    }
}

/// The `kid` of one key, the algorithm and the signature of another.
#[test]
fn a_key_verifies_its_own_algorithm_alone() {
    for key in KEYS.iter() {
        for other in KEYS.iter().chain(FOREIGN.iter()) {
            let header = header_with(other, "kid", json!(key.kid));
            let expected = match (key.kid == other.kid, key.algorithm == other.algorithm) {
                (true, _) => None,
                (false, true) => Some(InvalidToken::Signature),
                (false, false) => Some(InvalidToken::Algorithm),
            };
            assert_eq!(verify(&signed(&header, &claims(), other)).err(), expected);
        }
    }
}

/// What everybody knows of a key, as an attacker may take it for a secret: PEM and DER of the key
/// alone and with its algorithm, JWK, JWKS, and what is in the JWK.
fn encodings(key: &Key) -> Vec<Vec<u8>> {
    let der = key.signing.as_ref().unwrap().as_bytes();
    let (alone, spki) = match key.algorithm {
        Algorithm::RS256 => {
            let pair = RsaKeyPair::from_der(der).unwrap();
            both(pair.public_key())
        }
        Algorithm::ES256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).unwrap();
            both(pair.public_key())
        }
        _ => both(Ed25519KeyPair::from_pkcs8(der).unwrap().public_key()),
    };
    let jwk = json!(key.jwk);
    let number = jwk.get("n").or(jwk.get("x")).unwrap().as_str().unwrap();
    let mut all = vec![
        pem("RSA PUBLIC KEY", &alone).into_bytes(),
        alone,
        jwk.to_string().into_bytes(),
        serde_json::to_vec_pretty(&jwk).unwrap(),
        json!({"keys": [jwk]}).to_string().into_bytes(),
        number.as_bytes().to_vec(),
        URL_SAFE_NO_PAD.decode(number).unwrap(),
        key.kid.clone().into_bytes(),
        Vec::new(),
    ];
    let pem = pem("PUBLIC KEY", &spki);
    all.extend([pem.trim_end().into(), pem.into_bytes(), spki]);
    all
}

fn both(key: &(impl AsRef<[u8]> + AsDer<PublicKeyX509Der<'static>>)) -> (Vec<u8>, Vec<u8>) {
    let spki = key.as_der().unwrap();
    (key.as_ref().to_vec(), spki.as_ref().to_vec())
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der).into_bytes();
    let lines = text.chunks(64).map(|line| String::from_utf8_lossy(line));
    let lines: Vec<_> = lines.collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

#[test]
fn a_public_key_is_no_secret() {
    let later = NOW + Duration::from_hours(1);
    let ring = ring(Some(issuer()), &*KEYS);
    let both = Verifier::new(published(&ring, None, NOW))
        .or(&KEY.into())
        .until(later);
    let shared = verifier_at(KEY, NOW);
    for key in KEYS.iter() {
        for kid in [json!(key.kid), json!("other")] {
            let header = json!({"typ": "at+jwt", "alg": "HS256", "kid": kid});
            for payload in [claims(), without("aud")] {
                let message = message(&header, &payload);
                for secret in encodings(key) {
                    let secret = EncodingKey::from_secret(&secret);
                    let signature =
                        jsonwebtoken::crypto::sign(message.as_bytes(), &secret, Algorithm::HS256);
                    let token = format!("{message}.{}", signature.unwrap());
                    assert_eq!(verify(&token), Err(InvalidToken::Algorithm));
                    assert_eq!(verify_by(&both, &token), Err(InvalidToken::Signature));
                    assert_eq!(verify_by(&shared, &token), Err(InvalidToken::Signature));
                }
            }
            let message = message(&header, &without("aud"));
            let right = format!("{message}.{}", sign(&message, KEY));
            assert!(verify_by(&both, &right).is_ok(), "the test's own signature");
        }
    }
}

#[test]
fn kid_is_the_name_of_a_key() {
    for key in KEYS.iter() {
        for kid in [
            json!(FOREIGN[0].kid),
            json!(""),
            json!(" "),
            json!(format!("{} ", key.kid)),
            json!(format!("{}\0", key.kid)),
            json!(format!("{}=", key.kid)),
            json!(key.kid.to_uppercase()),
            json!(&key.kid[..42]),
            json!("../../../../../../dev/null"),
            json!("/dev/null"),
            json!("file:///etc/passwd"),
            json!("' UNION SELECT 'key' -- "),
            json!("\" | sleep 10"),
            json!("keys#public"),
            json!("k".repeat(50_000)),
            json!("é\u{202e}"),
        ] {
            let token = signed(&header_with(key, "kid", kid.clone()), &claims(), key);
            assert_eq!(verify(&token), Err(InvalidToken::Key), "{kid:.60}");
        }
        for kid in [
            json!(null),
            json!(1),
            json!([key.kid]),
            json!({"kid": key.kid}),
            json!(true),
        ] {
            let token = signed(&header_with(key, "kid", kid.clone()), &claims(), key);
            assert_eq!(verify(&token), Err(InvalidToken::Malformed), "{kid}");
        }
        let nameless = json!({"typ": "at+jwt", "alg": header(key)["alg"]});
        let token = signed(&nameless, &claims(), key);
        assert_eq!(verify(&token), Err(InvalidToken::Key));
    }
}

/// A header that brings its own key, or says where it is.
#[test]
fn a_key_in_the_header_is_not_used() {
    for (own, foreign) in KEYS.iter().zip(FOREIGN.iter()) {
        for (name, value) in [
            ("jwk", json!(foreign.jwk)),
            ("jku", json!("https://attacker.example/jwks.json")),
            ("jku", json!(format!("{URL}@attacker.example"))),
            ("x5u", json!("https://attacker.example/chain.pem")),
            ("x5c", json!([STANDARD.encode("a certificate")])),
            ("x5t", json!("dGh1bWI")),
        ] {
            for (kid, reason) in [(own, InvalidToken::Signature), (foreign, InvalidToken::Key)] {
                let header = header_with(kid, name, value.clone());
                let token = signed(&header, &claims(), foreign);
                assert_eq!(verify(&token), Err(reason), "{name}");
            }
            let right = signed(&header_with(own, name, value), &claims(), own);
            assert!(verify(&right).is_ok(), "{name} is not read");
        }
        let crit = header_with(own, "crit", json!(["exp"]));
        assert_eq!(
            verify(&signed(&crit, &claims(), own)),
            Err(InvalidToken::Malformed)
        );
    }
}

/// The order of the group of P-256 (SEC 2, 2.4.2).
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// The order of Ed25519's group (RFC 8032 5.1), the last byte first.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// `a - b` of numbers whose first byte is the greatest.
fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let digits = a.iter().zip(b).rev().map(|(a, b)| {
        let digit = i16::from(*a) - i16::from(*b) - borrow;
        borrow = i16::from(digit < 0);
        digit.to_le_bytes()[0]
    });
    let mut digits: Vec<u8> = digits.collect();
    digits.reverse();
    digits
}

/// `a + b` of numbers whose last byte is the greatest.
fn plus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let digits = a.iter().zip(b).map(|(a, b)| {
        let [digit, next] = (u16::from(*a) + u16::from(*b) + carry).to_le_bytes();
        carry = u16::from(next);
        digit
    });
    digits.collect()
}

#[test]
fn an_es256_signature_is_two_numbers_of_32_bytes() {
    let key = &KEYS[1];
    let token = good(key);
    let right = signature_of(&token);
    let (r, s) = right.split_at(32);
    let zero = [0; 32];
    let der = key.signing.as_ref().unwrap().as_bytes();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der).unwrap();
    let (message, _) = token.rsplit_once('.').unwrap();
    let asn1 = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    for (signature, why) in [
        (asn1.as_ref().to_vec(), "DER"),
        ([0; 64].to_vec(), "r = s = 0, CVE-2022-21449"),
        ([r, &zero].concat(), "s = 0"),
        ([&zero, s].concat(), "r = 0"),
        ([P256_ORDER, P256_ORDER].concat(), "r = s = n"),
        ([&P256_ORDER, s].concat(), "r = n"),
        ([r, &P256_ORDER].concat(), "s = n"),
        ([0xff; 64].to_vec(), "too large"),
        ([s, r].concat(), "exchanged"),
        (right[..63].to_vec(), "63 bytes"),
        (r.to_vec(), "32 bytes"),
        ([&right[..], &[0]].concat(), "65 bytes"),
        ([&[0], &right[..]].concat(), "65 bytes, the first a zero"),
        ([&[0], r, &[0], s].concat(), "66 bytes"),
        ([&right[..], &right].concat(), "twice"),
    ] {
        let token = resigned(&token, signature);
        assert_eq!(verify(&token), Err(InvalidToken::Signature), "{why}");
    }
    // The twin of s is as valid: RFC 7518 3.4 asks for neither. Nothing here takes two tokens with
    // the same message for different ones.
    let twin = [r, &minus(&P256_ORDER, s)].concat();
    assert!(verify(&resigned(&token, twin)).is_ok());
}

#[test]
fn an_rs256_signature_is_as_long_as_the_modulus() {
    let key = &KEYS[0];
    let token = good(key);
    let right = signature_of(&token);
    let mut changed = right.clone();
    changed[128] ^= 1;
    for (signature, why) in [
        ([&[0], &right[..]].concat(), "a zero in front"),
        ([&right[..], &[0]].concat(), "a zero behind"),
        (right[..255].to_vec(), "short"),
        (right[1..].to_vec(), "without its first byte"),
        (changed, "a changed bit"),
        (vec![0; 256], "zero"),
        ([vec![0; 255], vec![1]].concat(), "one"),
        (vec![0xff; 256], "more than the modulus"),
        ([&right[..], &right].concat(), "twice"),
    ] {
        let token = resigned(&token, signature);
        assert_eq!(verify(&token), Err(InvalidToken::Signature), "{why}");
    }
    // A signature that is a small number keeps the zeros in front (RFC 8017 4.1).
    let small = (0..).map(|jti| signed(&header(key), &with("jti", json!(jti.to_string())), key));
    let small = small
        .into_iter()
        .find(|token| signature_of(token)[0] == 0)
        .unwrap();
    assert!(verify(&small).is_ok());
    let token = resigned(&small, &signature_of(&small)[1..]);
    assert_eq!(verify(&token), Err(InvalidToken::Signature));
}

#[test]
fn an_eddsa_signature_has_no_twin() {
    let key = &KEYS[2];
    let token = good(key);
    let right = signature_of(&token);
    let (r, s) = right.split_at(32);
    let changed = |at: usize| {
        let mut changed = right.clone();
        changed[at] ^= 0x80;
        changed
    };
    let zero = [0; 32];
    for (signature, why) in [
        (
            [r, &plus(s, &ED25519_ORDER)].concat(),
            "S + L (RFC 8032 5.1.7)",
        ),
        (changed(0), "another R"),
        (changed(31), "the sign of R"),
        (changed(32), "another S"),
        (changed(63), "an S that is too large"),
        ([r, &zero].concat(), "S = 0"),
        ([&zero, s].concat(), "R = 0"),
        (vec![0; 64], "zero"),
        ([s, r].concat(), "exchanged"),
        (right[..63].to_vec(), "short"),
        ([&right[..], &[0]].concat(), "long"),
    ] {
        let token = resigned(&token, signature);
        assert_eq!(verify(&token), Err(InvalidToken::Signature), "{why}");
    }
}

#[test]
fn a_key_that_is_no_point_verifies_nothing() {
    let mut jwk = json!(KEYS[1].jwk);
    let y = jwk["y"].clone();
    jwk["y"] = jwk["x"].clone();
    jwk["x"] = y;
    let parsed: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk.clone()).unwrap();
    jwk["kid"] = json!(
        parsed
            .thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256)
            .unwrap()
    );
    let ring = json!({"keys": [{"sign_from": 0, "jwk": jwk}]}).to_string();
    let ring = Ring::public_from_json(&ring).unwrap();
    let header = header_with(&KEYS[1], "kid", jwk["kid"].clone());
    let token = signed(&header, &claims(), &KEYS[1]);
    let verifier = Verifier::new(published(&ring, Some(issuer()), NOW));
    assert_eq!(verify_by(&verifier, &token), Err(InvalidToken::Signature));
}

#[test]
fn a_key_is_accepted_as_long_as_its_tokens_can_be_valid() {
    let since = Duration::from_secs(1_699_999_400);
    let long = with("exp", json!(NOW.as_secs() + 1_000_000));
    for [old, active] in [&*KEYS, &*FOREIGN].map(|keys| [&keys[2], &keys[1]]) {
        let active = &Key {
            sign_from: since,
            ..active.clone()
        };
        let next = &Key {
            sign_from: NOW + Duration::from_hours(3),
            ..KEYS[0].clone()
        };
        let revoked = &Key {
            revoked: true,
            ..FOREIGN[0].clone()
        };
        let keys = [old, active, next, revoked].map(Key::clone);
        let second = Duration::from_secs(1);
        let last = since + LIFETIME + Duration::from_secs(299);
        let end = last + second;
        for (key, now, expected) in [
            (active, NOW, None),
            (next, NOW, None),
            (revoked, NOW, Some(InvalidToken::Key)),
            (old, NOW, None),
            (old, last, None),
            (old, end, Some(InvalidToken::Key)),
            (old, end + second, Some(InvalidToken::Key)),
            (active, end, None),
            (
                active,
                next.sign_from + LIFETIME + Duration::from_mins(5),
                Some(InvalidToken::Key),
            ),
        ] {
            let verifier = Verifier::new(published(&ring(Some(issuer()), &keys), None, now));
            let token = signed(&header(key), &long, key);
            assert_eq!(
                verify_by(&verifier, &token).err(),
                expected,
                "{key:?} at {now:?}"
            );
        }
    }
}

#[test]
fn an_issuer_takes_no_token_without_one_and_the_other_way_round() {
    for key in KEYS.iter() {
        let keys = std::slice::from_ref(key);
        let (with, without) = (ring(Some(issuer()), keys), ring(None, keys));
        let verify = |ring: &Ring, token: &str| {
            verify_by(&Verifier::new(published(ring, None, NOW)), token).err()
        };
        assert_eq!(
            verify(&with, &issue_by(&without, None, NOW)),
            Some(InvalidToken::Type)
        );
        assert_eq!(
            verify(&without, &issue_by(&with, None, NOW)),
            Some(InvalidToken::Audience)
        );
    }
}

#[test]
fn typ_is_that_of_an_access_token() {
    let key = &KEYS[2];
    for typ in [
        "at+jwt",
        "at+JWT",
        "AT+JWT",
        "application/at+jwt",
        "application/AT+JWT",
    ] {
        let token = signed(&header_with(key, "typ", json!(typ)), &claims(), key);
        assert!(verify(&token).is_ok(), "{typ}");
    }
    for typ in [
        json!("JWT"),
        json!("jwt"),
        json!(""),
        json!("at"),
        json!("at+jwt "),
        json!(" at+jwt"),
        json!("text/at+jwt"),
        json!("application/jwt"),
        json!("application/application/at+jwt"),
        json!("at+jwt; charset=utf-8"),
        json!("logout+jwt"),
        json!("dpop+jwt"),
    ] {
        let token = signed(&header_with(key, "typ", typ.clone()), &claims(), key);
        assert_eq!(verify(&token), Err(InvalidToken::Type), "{typ}");
    }
    for typ in [json!(1), json!(null), json!(["at+jwt"])] {
        let token = signed(&header_with(key, "typ", typ.clone()), &claims(), key);
        assert!(verify(&token).is_err(), "{typ}");
    }
    // An ID token of OpenID Connect, by the same key.
    let id_token = json!({"iss": URL, "aud": "default", "sub": "johndoe", "nonce": "n",
        "iat": NOW.as_secs(), "exp": NOW.as_secs() + 1800, "auth_time": NOW.as_secs()});
    let plain = json!({"alg": "EdDSA", "kid": key.kid});
    assert_eq!(
        verify(&signed(&plain, &id_token, key)),
        Err(InvalidToken::Type)
    );
    assert!(verify(&signed(&header(key), &id_token, key)).is_err());
}

#[test]
fn iss_is_this_issuer() {
    let key = &KEYS[1];
    for iss in [
        json!("https://api.example.co"),
        json!("https://api.example.com/"),
        json!("https://api.example.com.attacker.example"),
        json!("https://API.example.com"),
        json!("http://api.example.com"),
        json!("https://api.example.com:443"),
        json!(" https://api.example.com"),
        json!("https://api.example.com\0"),
        json!("api.example.com"),
        json!(""),
        json!([URL]),
        json!({"iss": URL}),
        json!(1),
        json!(null),
    ] {
        let token = signed(&header(key), &with("iss", iss.clone()), key);
        assert_eq!(verify(&token), Err(InvalidToken::Issuer), "{iss}");
    }
}

#[test]
fn aud_names_this_service() {
    let key = &KEYS[2];
    for aud in [json!(URL), json!([URL]), json!(["other", URL])] {
        let token = signed(&header(key), &with("aud", aud.clone()), key);
        assert!(verify(&token).is_ok(), "{aud}");
    }
    for aud in [
        json!("other"),
        json!(format!("{URL}/")),
        json!(&URL[..URL.len() - 1]),
        json!(format!("{URL} other")),
        json!(["other"]),
        json!([]),
        json!(""),
        json!([[URL]]),
        json!([URL, 1]),
        json!([URL, null]),
        json!({URL: true}),
        json!(1),
        json!(true),
        json!(null),
    ] {
        let token = signed(&header(key), &with("aud", aud.clone()), key);
        assert_eq!(verify(&token), Err(InvalidToken::Audience), "{aud}");
    }
    let missing = signed(&header(key), &without("aud"), key);
    assert_eq!(verify(&missing), Err(InvalidToken::Audience));
    // For another service of this issuer.
    let orders = Issuer::new(URL, Some("urn:orders")).unwrap();
    let orders = Verifier::new(published(&ring(Some(issuer()), &*KEYS), Some(orders), NOW));
    assert_eq!(verify_by(&orders, &good(key)), Err(InvalidToken::Audience));
    let token = signed(&header(key), &with("aud", json!("urn:orders")), key);
    assert!(verify_by(&orders, &token).is_ok());
}

/// A name may be given to another user, and an id never is.
#[test]
fn a_token_of_an_issuer_is_for_the_user_with_its_id_and_name() {
    let key = &KEYS[1];
    let with_id = |id: &str| User {
        id: UserId::from(id),
        ..user("johndoe", None)
    };
    for (sub, username, name, ids) in [
        ("u_1", Some(json!("johndoe")), "johndoe", ["u_1", "u_2"]),
        // Of before there were ids: the name is the id of the user who had it then.
        ("johndoe", None, "johndoe", ["johndoe", "u_2"]),
    ] {
        let mut payload = with("sub", json!(sub));
        if let Some(username) = username {
            payload["username"] = username;
        }
        let claims = verify(&signed(&header(key), &payload, key)).unwrap();
        assert_eq!((&*claims.sub, claims.name()), (sub, name));
        assert_eq!(ids.map(|id| claims.is_of(&with_id(id))), [true, false]);
    }
    for username in [json!(1), json!(true), json!([]), json!({})] {
        let token = signed(&header(key), &with("username", username.clone()), key);
        assert_eq!(verify(&token), Err(InvalidToken::Malformed), "{username}");
    }
    // Without an issuer it is no claim of this service.
    let foreign = json!({"sub": "johndoe", "username": "alice", "exp": NOW.as_secs() + 1800});
    let claims = verify_by(&verifier_at(KEY, NOW), &mint(HEADER, foreign.to_string())).unwrap();
    assert_eq!(
        (claims.name(), claims.username.as_deref()),
        ("johndoe", None)
    );
    assert!(claims.is_of(&with_id("u_2")));
}

#[test]
fn every_claim_of_rfc_9068_is_required() {
    let key = &KEYS[1];
    for name in [
        "iss",
        "aud",
        "sub",
        "client_id",
        "iat",
        "exp",
        "jti",
        "scope",
    ] {
        let gone = signed(&header(key), &without(name), key);
        assert!(verify(&gone).is_err(), "{name} is missing");
        let number = matches!(name, "iat" | "exp");
        let wrong = if number {
            json!("1700001800")
        } else {
            json!(1)
        };
        for value in [
            json!(null),
            json!({}),
            json!([]),
            json!([1]),
            json!(true),
            wrong,
        ] {
            let token = signed(&header(key), &with(name, value.clone()), key);
            assert!(verify(&token).is_err(), "{name} is {value}");
        }
    }
    for (name, value) in [
        ("nbf", json!(null)),
        ("stamp", json!(null)),
        ("stamp", json!(1)),
    ] {
        let token = signed(&header(key), &with(name, value), key);
        assert_eq!(verify(&token), Err(InvalidToken::Malformed), "{name}");
    }
    for (name, value, reason) in [
        ("exp", NOW.as_secs(), InvalidToken::Expired),
        ("nbf", NOW.as_secs() + 6, InvalidToken::NotYetValid),
        ("iat", NOW.as_secs() + 6, InvalidToken::NotYetValid),
    ] {
        let token = signed(&header(key), &with(name, json!(value)), key);
        assert_eq!(verify(&token), Err(reason), "{name}");
    }
    // `scopes` is no claim of these tokens: it adds nothing to `scope`.
    let token = signed(&header(key), &with("scopes", json!(["admin"])), key);
    assert_eq!(verify(&token).unwrap().scopes.to_string(), "me items");
    // Whether a stamp is needed depends on the user: `Claims::ended`.
    let claims = verify(&good(key)).unwrap();
    assert!(!claims.ended(&user("johndoe", None)));
    assert!(claims.ended(&user("johndoe", Some(Stamp::random()))));
}

/// A ring is this service's alone, so a token without a stamp was given to a user without one.
#[test]
fn a_token_of_the_ring_is_the_services_own_without_an_issuer_too() {
    let old = json!({"sub": "johndoe", "exp": NOW.as_secs() + 1800});
    for key in KEYS.iter() {
        let verifier = Verifier::new(published(&ring(None, &*KEYS), None, NOW));
        let claims = verify_by(&verifier, &signed(&header(key), &old, key)).unwrap();
        assert!(claims.ended(&user("johndoe", Some(Stamp::random()))));
    }
    let shared = verify_by(&verifier_at(KEY, NOW), &mint(HEADER, old.to_string())).unwrap();
    assert!(!shared.ended(&user("johndoe", Some(Stamp::random()))));
}

/// Who changes from the shared key to a ring.
#[test]
fn hs256_is_accepted_beside_a_ring_until_a_time() {
    let second = Duration::from_secs(1);
    let last = NOW + Duration::from_secs(599);
    let end = last + second;
    let token = issue("johndoe", &Scopes::default(), NOW);
    for of_variable in [None, Some(issuer())] {
        let at = |now| {
            let ring = ring(Some(issuer()), &*KEYS);
            Verifier::new(published(&ring, of_variable.clone(), now))
        };
        assert_eq!(verify_by(&at(NOW), &token), Err(InvalidToken::Algorithm));
        let until = |now| at(now).or(&KEY.into()).until(end);
        for (now, expected) in [
            (NOW, None),
            (last, None),
            (end, Some(InvalidToken::Algorithm)),
            (end + second, Some(InvalidToken::Algorithm)),
        ] {
            assert_eq!(verify_by(&until(now), &token).err(), expected);
            for key in KEYS.iter() {
                assert!(verify_by(&until(now), &good(key)).is_ok());
            }
        }
        let foreign = "another key of the tests, no shorter";
        let other = at(NOW).or(&foreign.into()).until(end);
        assert_eq!(verify_by(&other, &token), Err(InvalidToken::Signature));
    }
}

proptest! {
    #[test]
    fn no_text_is_a_token_of_a_ring(text in "\\PC{0,200}", dots in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,4}") {
        prop_assert!(verify(&text).is_err());
        prop_assert!(verify(&dots).is_err());
    }

    #[test]
    fn no_header_and_no_payload_makes_it_panic(
        at in 0usize..3,
        name in "typ|alg|kid|crit|jwk|[a-z]{3}",
        value in "\\PC{0,60}",
        header_text in "\\PC{0,100}",
        payload in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let key = &KEYS[at];
        let value = serde_json::from_str(&value).unwrap_or(json!(value));
        let _ = verify(&signed(&header_with(key, &name, value.clone()), &claims(), key));
        let _ = verify(&signed(&header(key), &with(&name, value), key));
        for message in [
            format!("{}.{}", encode(header(key).to_string()), encode(&payload)),
            format!("{}.{}", encode(&header_text), encode(claims().to_string())),
        ] {
            let token = format!("{message}.{}", signature(&message, key, key.algorithm));
            prop_assert!(verify(&token).is_err());
        }
    }

    /// One changed, added or missing character anywhere makes another token, and no other token is
    /// valid.
    #[test]
    fn no_change_of_a_rings_token_is_overlooked(
        key in 0usize..3, at in any::<proptest::sample::Index>(), to in "[A-Za-z0-9_.=-]{0,2}",
    ) {
        let good = good(&KEYS[key]);
        let at = at.index(good.len());
        let mut bad = good.clone();
        bad.replace_range(at..=at, &to);
        prop_assert_eq!(verify(&bad).is_ok(), bad == good);
    }
}
