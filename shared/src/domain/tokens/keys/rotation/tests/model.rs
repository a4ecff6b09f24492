//! Random operations and passing time, against what everybody who trusts a ring relies on.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// What happens to a ring.
#[derive(Debug, Clone)]
enum Event {
    Generate,
    Rotate {
        soon: bool,
    },
    Retire(usize),
    Revoke(usize),
    /// So many seconds pass.
    Wait(u64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let waits = [
        1, 59, 60, 61, 1800, 2099, 2100, 2101, 10_800, 86_400, 31_622_400,
    ];
    vec(
        prop_oneof![
            1 => Just(Event::Generate),
            3 => any::<bool>().prop_map(|soon| Event::Rotate { soon }),
            2 => (0..6_usize).prop_map(Event::Retire),
            2 => (0..6_usize).prop_map(Event::Revoke),
            6 => prop::sample::select(waits.to_vec()).prop_map(Event::Wait),
        ],
        1..40,
    )
}

/// What people have seen of a ring.
#[derive(Default)]
struct Seen {
    ring: Ring,
    now: Duration,
    /// All keys that ever were, in the order of their making, and since when they are published.
    published: Vec<(String, Duration)>,
    /// When a key has signed for the last time.
    signed: BTreeMap<String, Duration>,
    revoked: BTreeSet<String>,
    /// Which keys had to sign at once, since no other could.
    hurried: BTreeSet<String>,
}

impl Seen {
    /// Each operation answers whether it was done.
    fn happens(&mut self, event: &Event) {
        let (now, known) = (self.now, self.published.len());
        let kid = |place: usize| match known {
            0 => "none".to_owned(),
            known => self.published[place % known].0.clone(),
        };
        let done = match *event {
            Event::Wait(seconds) => return self.wait(Duration::from_secs(seconds)),
            Event::Generate => self.generate(),
            Event::Rotate { soon } => self.rotate(soon),
            Event::Retire(place) => self.retire(&kid(place)),
            Event::Revoke(place) => self.revoke(&kid(place)),
        };
        for key in &self.ring.keys {
            if !self.published.iter().any(|(kid, _)| *kid == key.kid) {
                self.published.push((key.kid.clone(), now));
            }
            let signs = matches!(self.ring.state(key, now), State::Active | State::Next);
            // What is refused is not written either.
            assert!(!done || key.signing.is_some() == signs, "private parts");
        }
        assert!(self.published.len() <= known + 1, "one key at a time");
        self.look();
    }

    fn generate(&mut self) -> bool {
        let first = self.ring.keys.is_empty();
        let made = self.ring.generate(Some(Algorithm::EdDSA), self.now);
        assert_eq!(made, Ok(first));
        if first {
            self.hurried.insert(self.ring.keys[0].kid.clone());
        }
        true
    }

    /// Nobody rotates a ring without keys: the command refuses it.
    fn rotate(&mut self, soon: bool) -> bool {
        if self.ring.keys.is_empty() {
            return false;
        }
        let lead = if soon { SHORT_LEAD } else { LEAD };
        let known = self.ring.next(self.now).cloned();
        let changed = self.ring.rotate(lead, None, self.now).unwrap();
        let next = self.ring.next(self.now).unwrap();
        assert!(next.sign_from <= self.now + lead);
        let same = known.as_ref().map(|key| &key.kid) == Some(&next.kid);
        assert_eq!(known.is_some(), same, "only one is next");
        let time = known.map(|key| key.sign_from);
        assert_eq!(changed, time != Some(next.sign_from));
        true
    }

    fn retire(&mut self, kid: &str) -> bool {
        let there = self.ring.key(kid).is_some();
        let signed = self.signed.get(kid);
        let needed = signed.is_some_and(|last| self.now <= *last + LIFETIME);
        let retired = self.ring.retire(kid, self.now, LIFETIME);
        assert!(there || retired.is_err(), "{kid} is not there");
        assert!(!needed || retired.is_err(), "{kid} is needed");
        assert_eq!(self.ring.key(kid).is_some(), there && retired.is_err());
        retired.is_ok()
    }

    fn revoke(&mut self, kid: &str) -> bool {
        let there = self.ring.key(kid).is_some();
        let active = self.ring.active(self.now).map(|key| key.kid.clone());
        let revoked = self.ring.revoke(kid, self.now);
        assert_eq!(revoked.is_ok(), there);
        if there {
            self.revoked.insert(kid.to_owned());
        }
        if there && active.as_deref() == Some(kid) {
            assert!(self.ring.key(kid).is_some(), "it is told of");
            let follower = self.ring.active(self.now).unwrap();
            self.hurried.insert(follower.kid.clone());
        }
        there
    }

    /// Looks just before each change of the signing key, and after it.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.ring.next(self.now).map(|next| next.sign_from) {
            if next > end {
                break;
            }
            self.now = before(next);
            self.look();
            self.now = next;
            self.look();
        }
        self.now = end;
        self.look();
    }

    fn look(&mut self) {
        let (ring, now) = (&self.ring, self.now);
        let states = ring.keys.iter().map(|key| ring.state(key, now));
        let active = states.filter(|state| *state == State::Active).count();
        assert_eq!(active, usize::from(!ring.keys.is_empty()), "who signs");
        let kids: BTreeSet<_> = ring.keys.iter().map(|key| &key.kid).collect();
        assert_eq!(kids.len(), ring.keys.len(), "a kid is there twice");
        if let Some(active) = ring.active(now) {
            let kid = &active.kid;
            assert!(!self.revoked.contains(kid), "a revoked key signs");
            let published = self.published.iter().find(|(other, _)| other == kid);
            let since = published.map(|(_, since)| *since).unwrap();
            let known = now >= since + SHORT_LEAD;
            assert!(known || self.hurried.contains(kid), "too early");
            self.signed.insert(kid.clone(), now);
        }
        let accepted: BTreeSet<_> = ring.accepted(now, LIFETIME).map(|key| &key.kid).collect();
        for (kid, last) in &self.signed {
            let valid = now <= *last + LIFETIME && !self.revoked.contains(kid);
            assert!(!valid || accepted.contains(kid), "a token is lost");
        }
        for kid in &self.revoked {
            assert!(!accepted.contains(kid), "a revoked key is accepted");
        }
    }
}

proptest! {
    #[test]
    fn whatever_people_do_a_ring_can_be_trusted(events in events()) {
        let mut seen = Seen { now: NOW, ..Seen::default() };
        for event in &events {
            seen.happens(event);
        }
        // What is kept is what was in memory.
        let json = seen.ring.to_json().unwrap();
        let read = Ring::from_json(&json).unwrap();
        prop_assert_eq!(read.to_json().unwrap(), json);
    }
}
