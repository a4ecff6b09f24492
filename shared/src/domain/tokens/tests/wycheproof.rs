//! Project Wycheproof's signatures: what has gone wrong in other libraries. Its keys have names of
//! their own and its payloads are no claims, so what decides here is the signature, by a key that was
//! loaded as a ring's keys are.

use std::collections::BTreeMap;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{DecodingKey, crypto};
use serde_json::json;
use wycheproof_ng_eddsa::TestName as Eddsa;
use wycheproof_ng_kdf_jose::json_web::TestName as Jose;

use super::super::header::Header;
use super::super::verifier::validation;
use super::*;
use crate::domain::tokens::keys::Key;

/// Where the file itself is wrong: the number, and whether it is accepted here.
const FAULTS: [(u64, bool, &str); 4] = [
    (367, true, "the same text as 357, which is valid"),
    (370, true, "the same text as 357, which is valid"),
    (
        372,
        false,
        "its header has a question mark, which is no base64url",
    ),
    (
        373,
        false,
        "its payload has a question mark, which is no base64url",
    ),
];

fn file(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap()
}

/// The key, if this service can have it: a ring's, or a secret.
fn load(jwk: &Value) -> Option<(Algorithm, DecodingKey)> {
    if jwk["kty"] == "oct" && jwk["alg"] == "HS256" {
        let secret = URL_SAFE_NO_PAD.decode(jwk["k"].as_str()?).ok()?;
        return Some((Algorithm::HS256, DecodingKey::from_secret(&secret)));
    }
    let mut jwk = jwk.clone();
    let parsed: Jwk = serde_json::from_value(jwk.clone()).ok()?;
    jwk["kid"] = json!(parsed.thumbprint(ThumbprintHash::SHA256).ok()?);
    let key = json!({"sign_from": 0, "jwk": jwk}).to_string();
    let key: Key = serde_json::from_str(&key).ok()?;
    Some((key.algorithm, key.verifying))
}

/// Is the signature accepted, whatever the claims are?
fn accepts(token: &str, algorithm: Algorithm, key: &DecodingKey) -> bool {
    let header = Header::read(token).and_then(|header| header.algorithm());
    let decoded = jsonwebtoken::decode::<Value>(token, key, &validation(algorithm));
    let only_claims = decoded.err().is_none_or(|error| {
        matches!(
            error.kind(),
            ErrorKind::Json(_) | ErrorKind::MissingRequiredClaim(_)
        )
    });
    header == Ok(algorithm) && only_claims
}

/// What became of the vectors of an algorithm.
#[derive(Debug, Default, PartialEq)]
struct Count {
    run: u32,
    accepted: u32,
    /// The service has no such keys.
    skipped: u32,
}

#[test]
fn signatures_of_jose() {
    let file = file(Jose::JsonWebSignature.json_data());
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    let mut faults = 0;
    for group in array(&file, "testGroups") {
        let jwk = [&group["public"], &group["private"]];
        let jwk = jwk.into_iter().find(|jwk| jwk.is_object()).unwrap();
        let alg = jwk["alg"].as_str().unwrap_or("no alg");
        let key = load(jwk);
        let ours = ["HS256", "RS256", "ES256"].contains(&alg);
        assert_eq!(key.is_some(), ours, "{jwk}");
        let count = counts.entry(alg).or_default();
        for test in array(group, "tests") {
            let Some((algorithm, key)) = &key else {
                count.skipped += 1;
                continue;
            };
            // An object is the JSON serialization of RFC 7515 7.2, which no header can carry.
            let jws = &test["jws"];
            let token = jws.as_str().map_or(jws.to_string(), str::to_owned);
            let accepted = accepts(&token, *algorithm, key);
            let right = test["result"] == "valid";
            let fault = FAULTS.iter().find(|(id, ..)| test["tcId"] == *id);
            faults += u32::from(fault.is_some_and(|(_, expected, _)| *expected != right));
            let expected = fault.map_or(right, |(_, expected, _)| *expected);
            assert_eq!(accepted, expected, "{test}");
            count.run += 1;
            count.accepted += u32::from(accepted);
        }
    }
    assert_eq!(faults, 4, "each of them is a fault of the file");
    for (alg, [run, accepted, skipped]) in [
        ("ES256", [39, 2, 0]),
        ("HS256", [40, 10, 0]),
        ("RS256", [233, 8, 0]),
        // RFC 8725 3.1: only the algorithms that are chosen, and only a key that says which it is.
        ("ES521", [0, 0, 2]),
        ("PS256", [0, 0, 50]),
        ("PS384", [0, 0, 5]),
        ("PS512", [0, 0, 20]),
        ("RS384", [0, 0, 4]),
        ("RS512", [0, 0, 4]),
        ("no alg", [0, 0, 4]),
    ] {
        let count = counts.remove(alg);
        assert_eq!(
            count,
            Some(Count {
                run,
                accepted,
                skipped
            }),
            "{alg}"
        );
    }
    assert!(counts.is_empty(), "{counts:?}");
}

/// The messages are any bytes and not tokens, so only what verifies tokens' signatures is asked.
#[test]
fn signatures_of_ed25519() {
    let file = file(Eddsa::Ed25519.json_data());
    let mut run = [0, 0];
    for group in array(&file, "testGroups") {
        let mut jwk = group["publicKeyJwk"].clone();
        jwk["alg"] = json!("EdDSA");
        let (algorithm, key) = load(&jwk).unwrap();
        for test in array(group, "tests") {
            let signature = encode(bytes(&test["sig"]));
            let verified = crypto::verify(&signature, &bytes(&test["msg"]), &key, algorithm);
            let valid = test["result"] == "valid";
            assert_eq!(verified.unwrap(), valid, "{test}");
            run[usize::from(valid)] += 1;
        }
    }
    assert_eq!(run, [63, 88], "invalid, valid");
}

fn bytes(hex: &Value) -> Vec<u8> {
    let digits = hex.as_str().unwrap().as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}
