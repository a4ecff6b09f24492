use jsonwebtoken::Algorithm;

use super::super::generate::generate;
use super::*;

const LIFETIME: Duration = Duration::from_mins(30);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A ring whose keys sign from these times on.
fn ring(times: &[u64]) -> Ring {
    let key = |time: &u64| generate(Algorithm::EdDSA, at(*time)).unwrap();
    Ring {
        issuer: None,
        keys: times.iter().map(key).collect(),
    }
}

fn states(ring: &Ring, now: u64) -> Vec<State> {
    let keys = ring.keys.iter();
    keys.map(|key| ring.state(key, at(now))).collect()
}

fn accepted(ring: &Ring, now: u64) -> Vec<bool> {
    let all: Vec<_> = ring
        .accepted(at(now), LIFETIME)
        .map(|key| &key.kid)
        .collect();
    let keys = ring.keys.iter();
    keys.map(|key| all.contains(&&key.kid)).collect()
}

#[test]
fn what_a_key_is_follows_from_the_time() {
    use State::{Active, Next, Retired};
    // The order in which they are written says nothing.
    let ring = ring(&[2000, 1000, 3000]);
    let (second, third) = (Retired { since: at(2000) }, Retired { since: at(3000) });
    for (now, expected) in [
        (999, [Next, Next, Next]),
        (1000, [Next, Active, Next]),
        (1999, [Next, Active, Next]),
        (2000, [Active, second, Next]),
        (2999, [Active, second, Next]),
        (3000, [third, second, Active]),
        (9_999_999, [third, second, Active]),
    ] {
        assert_eq!(states(&ring, now), expected, "{now}");
        let active = ring.active(at(now)).map(|key| key.sign_from);
        let signs = expected.iter().position(|state| *state == Active);
        assert_eq!(
            active,
            signs.map(|place| ring.keys[place].sign_from),
            "{now}"
        );
    }
}

#[test]
fn a_retired_key_is_accepted_until_its_last_token_has_expired() {
    let ring = ring(&[1000, 2000, 100_000]);
    let end = 2000 + 30 * 60 + 5 * 60;
    for (now, expected) in [
        (1000, [true; 3]),
        (end - 1, [true; 3]),
        (end, [false, true, true]),
    ] {
        assert_eq!(accepted(&ring, now), expected, "{now}");
    }
}

#[test]
fn a_revoked_key_is_not_accepted_but_did_take_over() {
    let mut ring = ring(&[1000, 2000, 3000]);
    ring.keys[1].revoked = true;
    let first = State::Retired { since: at(2000) };
    assert_eq!(states(&ring, 3000), [first, State::Revoked, State::Active]);
    assert_eq!(accepted(&ring, 3000), [true, false, true]);
    assert_eq!(ring.published(at(3000), LIFETIME).count(), 2);
}

#[test]
fn tidying_leaves_private_parts_only_to_keys_that_sign_or_will() {
    let mut ring = ring(&[1000, 2000, 3000, 4000]);
    ring.keys[3].revoked = true;
    ring.tidy(at(2500));
    let private: Vec<_> = ring.keys.iter().map(|key| key.signing.is_some()).collect();
    assert_eq!(private, [false, true, true, false]);
}

#[test]
fn a_key_is_forgotten_a_year_after_another_took_over_revoked_or_not() {
    const YEAR: u64 = 366 * 24 * 3600;
    for revoked in [false, true] {
        let mut ring = ring(&[1000, 2000]);
        ring.keys[0].revoked = revoked;
        ring.tidy(at(2000 + YEAR - 1));
        assert_eq!(ring.keys.len(), 2, "{revoked}");
        ring.tidy(at(2000 + YEAR));
        assert_eq!(ring.keys.len(), 1, "{revoked}");
        ring.tidy(at(2000 + 9 * YEAR));
        assert_eq!(ring.keys[0].sign_from, at(2000), "{revoked}");
    }
}

#[test]
fn a_ring_is_read_as_it_was_written() {
    let issuer = |audience| Issuer::new("https://api.example.com", audience).unwrap();
    for issuer in [None, Some(issuer(None)), Some(issuer(Some("orders")))] {
        let mut ring = ring(&[1000, 2000]);
        ring.issuer = issuer;
        ring.keys[0].revoked = true;
        let json = ring.to_json().unwrap();
        let read = Ring::from_json(&json).unwrap();
        assert_eq!(read.to_json().unwrap(), json);
        assert_eq!(read.issuer, ring.issuer);
        assert!(read.keys[0].revoked && read.keys[1].signing.is_some());
    }
}

#[test]
fn only_the_public_ring_is_for_everybody() {
    let ring = ring(&[1000]);
    let (private, public) = (ring.to_json().unwrap(), ring.public().to_json().unwrap());
    assert!(
        private.contains("\"der\"") && !public.contains("\"der\""),
        "{public}"
    );
    assert!(Ring::public_from_json(&public).is_ok());
    let refused = Ring::public_from_json(&private);
    assert!(matches!(refused, Err(BadRing::Private)), "{refused:?}");
}

#[test]
fn what_is_wrong_with_a_ring_is_named() {
    let mut twice = ring(&[1000]);
    twice.keys.push(twice.keys[0].clone());
    let twice = twice.to_json().unwrap();
    for (json, expected) in [
        ("", "the JSON ends too soon, at line 1 column 0"),
        (r#"{"keys":[]} {}"#, "not JSON, at line 1 column 13"),
        ("{}", "a member is missing or has the wrong type, at line 1"),
        (
            r#"{"keys":[{"sign_from":1,"jwk":{}}]}"#,
            "key 1: its alg is not RS256",
        ),
        (&*twice, "is there twice"),
        (
            r#"{"issuer":"example.com","keys":[]}"#,
            "issuer: not an https origin",
        ),
        (
            r#"{"issuer":"https://x","audience":"","keys":[]}"#,
            "issuer: not a name",
        ),
    ] {
        let error = Ring::from_json(json).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
