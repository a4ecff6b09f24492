//! What signs and what verifies, by what is configured: a shared key, a ring, or both for a while.

use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde_json::json;

use super::*;
use crate::config::keys::RingConfig;
use crate::domain::tokens::Published;
use crate::domain::tokens::keys::Ring;
use crate::domain::tokens::keys::generate::generate;

const UNTIL: (&str, &str) = ("ACCEPT_HS256_UNTIL", "2027-01-31T00:00:00Z");
const PREVIOUS: (&str, &str) = ("JWT_SECRET_KEY_PREVIOUS", KEY.1);
const ISSUER: (&str, &str) = ("ISSUER", "https://api.example.com");
const PUBLIC: (&str, &str) = ("PUBLIC_KEYS", r#"{"keys":[]}"#);
const SIGNING: (&str, &str) = ("SIGNING_KEYS", r#"{"keys":[]}"#);
const DYNAMODB: [(&str, &str); 2] = [("USER_STORE", "dynamodb"), ("USERS_TABLE", "users")];
const NO_KEY: (&str, &str) = ("JWT_SECRET_KEY", "");

/// What is wrong if a function reads these variables besides the good ones.
fn problems_of<S: State>(extra: &[&[(&str, &str)]]) -> Vec<String> {
    let variables = [&GOOD[..], &extra.concat()].concat();
    let lookup = |name: &str| {
        let last = variables.iter().rev().find(|(key, _)| *key == name);
        last.map(|(_, value)| (*value).to_owned())
    };
    let read = Reader::read(&lookup, S::read);
    read.err()
        .map_or_else(Vec::new, |ConfigError(problems)| problems)
}

fn signs(extra: &[&[(&str, &str)]]) -> Signs {
    let variables = [&GOOD[..], &extra.concat()].concat();
    read(&variables).unwrap().signer.signs
}

#[test]
fn a_shared_key_signs_alone_and_without_it_or_for_a_while_beside_it_the_ring() {
    assert!(matches!(signs(&[]), Signs::Shared(_)));
    assert!(matches!(signs(&[&[SIGNING]]), Signs::Shared(_)));
    for ring in [&[SIGNING, NO_KEY], &[SIGNING, UNTIL]] {
        assert!(matches!(signs(&[ring]), Signs::Ring(RingConfig::Given(_))));
    }
    let table = ("SIGNING_KEYS", "dynamodb:my-keys");
    let Signs::Ring(RingConfig::Item { name, key, .. }) = signs(&[&DYNAMODB, &[table, NO_KEY]])
    else {
        panic!("not in a table")
    };
    assert_eq!((name.as_deref(), key), (Some("my-keys"), "ring"));
}

/// Nobody may be able to forge tokens for ever by a key that was meant to be gone, and nobody may
/// sign what will not be accepted.
#[test]
fn a_shared_key_beside_a_ring_has_an_end_and_a_ring_beside_it() {
    let previous = "JWT_SECRET_KEY_PREVIOUS: set, but JWT_SECRET_KEY is not; beside a ring of keys it needs an end, in ACCEPT_HS256_UNTIL";
    let no_ring = "ACCEPT_HS256_UNTIL: set, so a ring of keys signs, but there is none; name it in";
    for store in [&[][..], &DYNAMODB] {
        for good in [
            &[PUBLIC][..],
            &[PUBLIC, NO_KEY],
            &[PREVIOUS],
            &[PUBLIC, UNTIL],
            &[PUBLIC, UNTIL, PREVIOUS],
            &[PUBLIC, UNTIL, PREVIOUS, NO_KEY],
        ] {
            assert!(problems_of::<Guard>(&[store, good]).is_empty(), "{good:?}");
        }
        let orphan = [PUBLIC, PREVIOUS, NO_KEY];
        assert_eq!(problems_of::<Guard>(&[store, &orphan]), [previous]);
        let unsigned = problems_of::<Signer>(&[store, &[UNTIL]]);
        assert_eq!(unsigned, [format!("{no_ring} SIGNING_KEYS")]);
    }
    assert_eq!(
        problems_of::<Guard>(&[&DYNAMODB, &[PREVIOUS, NO_KEY]]),
        [previous]
    );
    assert!(problems_of::<Guard>(&[&DYNAMODB, &[NO_KEY]]).is_empty());
    let unverified = problems_of::<Guard>(&[&[UNTIL]]);
    assert_eq!(unverified, [format!("{no_ring} PUBLIC_KEYS")]);
    let nothing = problems_of::<Guard>(&[&[NO_KEY]]);
    let remedy = "make one with: openssl rand -hex 32, or name a ring of keys in PUBLIC_KEYS";
    assert_eq!(nothing, [format!("JWT_SECRET_KEY: not set; {remedy}")]);
}

#[test]
fn the_end_of_hs256_is_a_time() {
    for good in [
        "2027-01-31T00:00:00Z",
        "2027-01-31T00:00:00.5Z",
        "1970-01-01T00:00:00Z",
    ] {
        let until = ("ACCEPT_HS256_UNTIL", good);
        assert!(
            problems_of::<Guard>(&[&[PUBLIC, until]]).is_empty(),
            "{good}"
        );
    }
    for bad in [
        "soon",
        "2027-01-31",
        "1801000000",
        "1969-12-31T23:59:59Z",
        "2027-13-01T00:00:00Z",
    ] {
        let until = [PUBLIC, PREVIOUS, NO_KEY, ("ACCEPT_HS256_UNTIL", bad)];
        let problem = "is not a time such as 2027-01-31T00:00:00Z";
        let expected = format!("ACCEPT_HS256_UNTIL: {bad:?} {problem}");
        assert_eq!(problems_of::<Guard>(&[&until]), [expected]);
    }
}

#[test]
fn an_issuer_is_an_origin_and_an_audience_needs_one() {
    for bad in [
        "api.example.com",
        "https://api.example.com/",
        "http://api.example.com",
    ] {
        let found = problems_of::<Signer>(&[&[("ISSUER", bad)]]);
        let expected = format!("ISSUER: {bad:?} is not an https origin without a path");
        assert!(
            found.len() == 1 && found[0].starts_with(&expected),
            "{found:?}"
        );
    }
    let audience = ("AUDIENCE", "urn:orders");
    for found in [
        problems_of::<Signer>(&[&[audience]]),
        problems_of::<Guard>(&[&[audience]]),
    ] {
        assert_eq!(found, ["AUDIENCE: set, but ISSUER is not; it needs one"]);
    }
    let found = problems_of::<Published>(&[&[ISSUER, ("AUDIENCE", "two words")]]);
    assert_eq!(
        found,
        ["AUDIENCE: not a name of visible ASCII without quotation marks"]
    );
    let issuer = read(&[&GOOD[..], &[ISSUER, audience]].concat()).unwrap();
    let issuer = issuer.signer.issuer.unwrap();
    assert_eq!(
        (issuer.url.as_str(), issuer.audience.as_str()),
        (ISSUER.1, "urn:orders")
    );
}

#[test]
fn a_ring_that_is_none_stops_the_function() {
    let key = generate(Algorithm::EdDSA, Duration::ZERO).unwrap();
    let private = Ring {
        issuer: None,
        keys: vec![key.clone()],
    }
    .to_json()
    .unwrap();
    let public = Ring {
        issuer: None,
        keys: vec![key.public()],
    }
    .to_json()
    .unwrap();
    let twice = json!({"keys": [key, key]}).to_string();
    for (value, signing, verifying) in [
        (public.as_str(), "", ""),
        (
            &private,
            "",
            "it has the private part of a key; only what signs may know it",
        ),
        (&twice, "is there twice", "is there twice"),
        ("[]", "no ring of keys in JSON", "no ring of keys in JSON"),
        (
            "keys.json",
            "no ring of keys in JSON",
            "no ring of keys in JSON",
        ),
        (
            "{}",
            "a member is missing or has the wrong type, at line 1 column 2",
            "a member is missing or has the wrong type, at line 1 column 2",
        ),
        (
            r#"{"keys":["MIIE-private"]}"#,
            "a member is missing or has the wrong type, at line 1 column 23",
            "a member is missing or has the wrong type, at line 1 column 23",
        ),
        (
            r#"{"keys":[{"sign_from":1,"jwk":{},"der":"MIIE-private"}]}"#,
            "key 1: its alg is not RS256, ES256 or EdDSA",
            "key 1: its alg is not RS256, ES256 or EdDSA",
        ),
        (
            r#"{"keys":[],"issuer":["MIIE-private"]}"#,
            "wrong type, at line 1",
            "wrong type, at line 1",
        ),
        ("{", "the JSON ends too soon", "the JSON ends too soon"),
        (
            "dynamodb:",
            "needs the name of a table",
            "no ring of keys in JSON",
        ),
        (
            "dynamodb:keys",
            "needs the name of a table, and USER_STORE=dynamodb",
            "no ring",
        ),
    ] {
        let found = [
            problems_of::<Signer>(&[&[NO_KEY, ("SIGNING_KEYS", value)]]),
            problems_of::<Guard>(&[&[NO_KEY, ("PUBLIC_KEYS", value)]]),
        ];
        for (found, expected) in found.iter().zip([signing, verifying]) {
            assert_eq!(found.len(), usize::from(!expected.is_empty()), "{found:?}");
            let text = found.concat();
            assert!(text.contains(expected), "{text}");
            assert!(!text.contains(&json!(key)["der"].to_string()), "{text}");
            assert!(!text.contains("MIIE-private"), "{text}");
        }
    }
}
