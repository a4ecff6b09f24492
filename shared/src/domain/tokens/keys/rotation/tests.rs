mod model;

use super::super::ring::{LEAD, SHORT_LEAD};
use super::*;

const LIFETIME: Duration = Duration::from_mins(30);
const NOW: Duration = Duration::from_secs(1_784_000_000);
const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);

fn before(time: Duration) -> Duration {
    time.saturating_sub(SECOND)
}

/// A ring with a key that signs since an hour, and its name.
fn with_active() -> (Ring, String) {
    let mut ring = Ring::default();
    ring.generate(Some(Algorithm::EdDSA), NOW.saturating_sub(HOUR))
        .unwrap();
    let kid = ring.keys[0].kid.clone();
    (ring, kid)
}

/// The same ring with another key, which is next, and both names.
fn with_next() -> (Ring, String, String) {
    let (mut ring, active) = with_active();
    ring.rotate(LEAD, None, NOW).unwrap();
    let next = ring.next(NOW).unwrap().kid.clone();
    (ring, active, next)
}

fn signs(ring: &Ring, now: Duration) -> &str {
    &ring.active(now).unwrap().kid
}

#[test]
fn only_the_first_key_signs_at_once_and_it_is_made_once() {
    let mut ring = Ring::default();
    assert_eq!(ring.generate(None, NOW), Ok(true));
    assert_eq!(ring.active(NOW).unwrap().algorithm, Algorithm::RS256);
    assert_eq!(ring.generate(Some(Algorithm::EdDSA), NOW), Ok(false));
    assert_eq!(ring.keys.len(), 1);
}

#[test]
fn no_key_of_an_algorithm_is_made_by_which_who_verifies_could_sign() {
    let mut ring = Ring::default();
    let refused = ring.generate(Some(Algorithm::HS256), NOW);
    assert_eq!(refused, Err(Refused::Key(BadKey::Algorithm)));
}

#[test]
fn the_next_key_signs_after_its_lead_and_is_of_the_same_algorithm() {
    let (ring, active, next) = with_next();
    assert_eq!(signs(&ring, before(NOW + LEAD)), active);
    assert_eq!(signs(&ring, NOW + LEAD), next);
    assert_eq!(ring.key(&next).unwrap().algorithm, Algorithm::EdDSA);

    let (mut ring, _) = with_active();
    ring.rotate(SHORT_LEAD, Some(Algorithm::ES256), NOW)
        .unwrap();
    let next = ring.next(NOW).unwrap();
    assert_eq!(next.sign_from, NOW + SHORT_LEAD);
    assert_eq!(next.algorithm, Algorithm::ES256);
}

#[test]
fn a_key_that_is_next_is_the_only_one_and_can_be_brought_forward() {
    let (mut ring, _, next) = with_next();
    let later = NOW + HOUR;
    assert_eq!(ring.rotate(LEAD, None, later), Ok(false));
    assert_eq!(ring.next(later).unwrap().sign_from, NOW + LEAD);
    assert_eq!(ring.rotate(SHORT_LEAD, None, later), Ok(true));
    assert_eq!(ring.next(later).unwrap().sign_from, later + SHORT_LEAD);
    // A second later it is not put off.
    let second = later + SECOND;
    assert_eq!(ring.rotate(SHORT_LEAD, None, second), Ok(false));
    assert_eq!(ring.next(second).unwrap().sign_from, later + SHORT_LEAD);
    assert_eq!(ring.next(second).unwrap().kid, next);
    assert_eq!(ring.keys.len(), 2);
}

#[test]
fn the_active_key_cannot_be_retired_and_one_that_is_next_can() {
    let (mut ring, active, next) = with_next();
    let refused = ring.retire(&active, NOW, LIFETIME);
    assert_eq!(refused.unwrap_err(), Refused::Signs(active.clone()));
    assert_eq!(ring.retire(&next, NOW, LIFETIME).unwrap().kid, next);
    assert_eq!(ring.keys.len(), 1);
    assert_eq!(signs(&ring, NOW + LEAD), active);
}

#[test]
fn a_retired_key_can_go_when_its_last_token_has_expired() {
    let (mut ring, old, _) = with_next();
    let until = NOW + LEAD + LIFETIME + Duration::from_mins(5);
    let refused = ring.retire(&old, before(until), LIFETIME).unwrap_err();
    let kid = old.clone();
    assert_eq!(refused, Refused::Needed { kid, until });
    assert_eq!(ring.retire(&old, until, LIFETIME).unwrap().kid, old);
    assert!(ring.key(&old).is_none());
}

#[test]
fn when_the_active_key_is_revoked_the_next_one_signs_at_once() {
    let (mut ring, active, next) = with_next();
    assert_eq!(ring.revoke(&active, NOW), Ok(active.clone()));
    assert_eq!(signs(&ring, NOW), next);
    let revoked = ring.key(&active).unwrap();
    assert!(revoked.revoked && revoked.signing.is_none());
    assert_eq!(ring.keys.len(), 2);
}

#[test]
fn when_the_only_key_is_revoked_a_new_one_of_its_algorithm_signs_at_once() {
    let (mut ring, active) = with_active();
    ring.revoke(&active, NOW).unwrap();
    let new = ring.active(NOW).unwrap();
    assert_ne!(new.kid, active);
    assert_eq!(new.algorithm, Algorithm::EdDSA);
    // To do it again makes no other.
    ring.revoke(&active, NOW).unwrap();
    assert_eq!(ring.keys.len(), 2);
    let refused = ring.retire(&active, NOW, LIFETIME).unwrap_err();
    assert_eq!(refused, Refused::Revoked(active));
}

#[test]
fn a_key_that_is_revoked_before_it_signs_never_takes_over() {
    let (mut ring, active, next) = with_next();
    ring.revoke(&next, NOW).unwrap();
    for hours in [0, 2, 3, 4, 9999] {
        assert_eq!(signs(&ring, NOW + HOUR * hours), active, "{hours}");
    }
    // It is told of until a year after the next rotation.
    ring.tidy(NOW + HOUR * 24 * 400);
    assert!(ring.key(&next).is_some());
}

#[test]
fn some_characters_stand_for_a_key_if_it_is_the_only_one() {
    let (mut ring, kid) = with_active();
    let find = |ring: &Ring, kid: &str| ring.find(kid).map(|key| key.kid.clone());
    assert_eq!(find(&ring, &kid), Ok(kid.clone()));
    assert_eq!(find(&ring, &kid[..4]), Ok(kid.clone()));
    for unknown in ["", &kid[..3], &kid[1..], &format!("{kid}a"), "é€"] {
        let expected = Refused::Unknown(unknown.to_owned());
        assert_eq!(find(&ring, unknown), Err(expected));
    }
    let mut other = ring.keys[0].clone();
    other.kid.replace_range(10.., "");
    ring.keys.push(other);
    let (short, whole) = (kid[..10].to_owned(), kid.clone());
    assert_eq!(
        find(&ring, &short),
        Ok(short.clone()),
        "the whole name of one"
    );
    assert_eq!(find(&ring, &kid[..11]), Ok(whole));
    let ambiguous = kid[..9].to_owned();
    assert_eq!(find(&ring, &kid[..9]), Err(Refused::Ambiguous(ambiguous)));
}
