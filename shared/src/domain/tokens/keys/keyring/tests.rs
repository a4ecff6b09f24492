//! How often the store is asked, and what counts when it does not answer.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jsonwebtoken::Algorithm;
use proptest::prelude::*;

use super::*;
use crate::domain::tokens::keys::Key;
use crate::domain::tokens::keys::generate::generate;

const START: Duration = Duration::from_hours(1);

/// What a store does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// It answers with so many keys: a later ring has more.
    Answers(usize),
    Empty,
    Fails,
    Hangs,
}
use Does::{Answers, Empty, Fails, Hangs};

/// A store that remembers when it was asked.
struct Store {
    keys: Vec<Key>,
    does: Mutex<Does>,
    now: Mutex<Duration>,
    asked: Mutex<Vec<(Duration, Does)>>,
}

impl RingStore for Store {
    fn read(&self) -> Asking<'_, Option<Ring>> {
        let does = *self.does.lock().unwrap();
        self.asked
            .lock()
            .unwrap()
            .push((*self.now.lock().unwrap(), does));
        Box::pin(async move {
            match does {
                Answers(keys) => Ok(Some(ring(&self.keys[..keys]))),
                Empty => Ok(None),
                Fails => Err(StoreError::Unavailable("it is dead".into())),
                Hangs => std::future::pending().await,
            }
        })
    }
}

fn keys(count: usize) -> Vec<Key> {
    let key = |_| generate(Algorithm::EdDSA, Duration::ZERO).unwrap();
    (0..count).map(key).collect()
}

fn ring(keys: &[Key]) -> Ring {
    Ring {
        issuer: None,
        keys: keys.to_vec(),
    }
}

/// A keyring, its store, and the time.
struct Case {
    keyring: Keyring,
    store: Arc<Store>,
}

impl Case {
    fn new(does: Does) -> Self {
        let store = Arc::new(Store {
            keys: keys(5),
            does: Mutex::new(does),
            now: Mutex::new(START),
            asked: Mutex::default(),
        });
        let keyring = Keyring::new(store.clone());
        Self { keyring, store }
    }

    fn now(&self) -> Duration {
        *self.store.now.lock().unwrap()
    }

    fn wait(&self, seconds: u64) {
        *self.store.now.lock().unwrap() += Duration::from_secs(seconds);
    }

    fn store(&self, does: Does) {
        *self.store.does.lock().unwrap() = does;
    }

    fn asked(&self) -> usize {
        self.store.asked.lock().unwrap().len()
    }

    /// How many keys the ring has; the error as a text; `None` if it waits.
    fn ring(&self) -> Option<Result<usize, String>> {
        said(self.keyring.ring(self.now()))
    }

    /// The same for a request with the key that only rings of so many keys have.
    fn ring_with(&self, key: usize) -> Option<Result<usize, String>> {
        said(
            self.keyring
                .ring_with(&self.store.keys[key - 1].kid, self.now()),
        )
    }
}

fn said(
    future: impl Future<Output = Result<Arc<Ring>, StoreError>>,
) -> Option<Result<usize, String>> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(ring) => Some(
            ring.map(|ring| ring.keys.len())
                .map_err(|error| error.to_string()),
        ),
        Poll::Pending => None,
    }
}

fn is_error(said: Option<Result<usize, String>>) -> bool {
    said.is_some_and(|said| said.is_err())
}

/// Or a revoked key would be accepted until the clock is where it was.
#[test]
fn a_clock_that_is_set_back_makes_the_ring_due() {
    let case = Case::new(Answers(1));
    assert_eq!(case.ring(), Some(Ok(1)));
    *case.store.now.lock().unwrap() -= Duration::from_secs(2000);
    case.store(Answers(2));
    assert_eq!((case.ring(), case.asked()), (Some(Ok(2)), 2));
    // From here on it is as if it had begun now.
    case.store(Answers(3));
    case.wait(FRESH.as_secs() - 1);
    assert_eq!((case.ring(), case.asked()), (Some(Ok(2)), 2));
    case.wait(1);
    assert_eq!((case.ring(), case.asked()), (Some(Ok(3)), 3));
}

#[test]
fn a_thousand_unknown_keys_cost_one_read_in_30_seconds() {
    let case = Case::new(Answers(1));
    assert_eq!(case.ring(), Some(Ok(1)));
    for second in 0..30 {
        for _ in 0..34 {
            assert_eq!(case.ring_with(5), Some(Ok(1)), "it is refused at {second}");
        }
        assert_eq!(case.asked(), 1, "at {second}");
        case.wait(1);
    }
    for _ in 0..1000 {
        assert_eq!(case.ring_with(5), Some(Ok(1)));
    }
    assert_eq!(case.asked(), 2);
}

#[test]
fn it_is_read_again_after_five_minutes() {
    let case = Case::new(Answers(1));
    assert_eq!(case.ring(), Some(Ok(1)));
    case.store(Answers(2));
    case.wait(299);
    assert_eq!((case.ring(), case.ring_with(1)), (Some(Ok(1)), Some(Ok(1))));
    assert_eq!(case.asked(), 1);
    case.wait(1);
    assert_eq!((case.ring_with(1), case.asked()), (Some(Ok(2)), 2));
}

#[test]
fn a_new_key_is_seen_at_once_unless_it_was_asked_a_moment_ago() {
    let case = Case::new(Answers(1));
    assert_eq!(case.ring(), Some(Ok(1)));
    case.store(Answers(2));
    case.wait(29);
    assert_eq!(case.ring_with(2), Some(Ok(1)));
    case.wait(1);
    assert_eq!(case.ring_with(2), Some(Ok(2)));
    assert_eq!(case.asked(), 2);
}

/// What could not be asked is not refused, and a ring that was read still counts.
#[test]
fn a_dead_store_refuses_nobody() {
    let case = Case::new(Answers(2));
    assert_eq!(case.ring(), Some(Ok(2)));
    for dead in [Fails, Empty] {
        case.store(dead);
        case.wait(301);
        assert_eq!(case.ring(), Some(Ok(2)));
        let asked = case.asked();
        for _ in 0..100 {
            assert_eq!(case.ring_with(1), Some(Ok(2)));
            assert!(is_error(case.ring_with(5)));
        }
        assert_eq!(case.asked(), asked, "not asked again for 30 seconds");
        case.wait(30);
        assert!(is_error(case.ring_with(5)));
        assert_eq!(case.asked(), asked + 1);
        case.store(Answers(3));
        case.wait(29);
        assert!(is_error(case.ring_with(3)));
        case.wait(1);
        assert_eq!(case.ring_with(3), Some(Ok(3)));
        assert_eq!(case.ring_with(5), Some(Ok(3)), "now it is known to be none");
        case.store(Answers(2));
        case.wait(300);
        assert_eq!(case.ring(), Some(Ok(2)));
    }
}

#[test]
fn without_a_ring_every_request_asks() {
    let case = Case::new(Fails);
    for asked in 1..=3 {
        assert!(is_error(case.ring()));
        assert_eq!(case.asked(), asked);
    }
    case.store(Empty);
    let Some(Err(error)) = case.ring_with(1) else {
        panic!("there is none")
    };
    assert!(
        error.contains("users --stack STACK keys generate"),
        "{error}"
    );
    case.store(Answers(1));
    assert_eq!(case.ring_with(1), Some(Ok(1)));
    assert_eq!(case.asked(), 5);
}

/// A store that hangs is a cold start that waits no longer than it is told, and whatever was read
/// before counts while somebody waits.
#[tokio::test]
async fn a_store_that_hangs_holds_up_one_request() {
    let case = Case::new(Hangs);
    case.keyring
        .open(case.now(), Duration::from_millis(1))
        .await;
    assert!(
        case.keyring.kept().ring.is_none(),
        "the limit ended the wait"
    );
    case.store(Answers(1));
    assert_eq!(case.ring(), Some(Ok(1)));
    case.store(Hangs);
    case.wait(300);
    assert_eq!(case.ring(), None, "the one that asks");
    assert_eq!((case.ring(), case.ring_with(1)), (Some(Ok(1)), Some(Ok(1))));
    assert!(is_error(case.ring_with(5)), "it may be a new key");
}

#[test]
fn a_key_that_was_taken_out_is_gone_after_five_minutes() {
    let case = Case::new(Answers(2));
    assert_eq!(case.ring_with(2), Some(Ok(2)));
    case.store(Answers(1));
    case.wait(299);
    assert_eq!(case.ring_with(2), Some(Ok(2)));
    case.wait(1);
    assert_eq!(case.ring_with(2), Some(Ok(1)));
}

fn does() -> impl Strategy<Value = Does> {
    prop_oneof![
        4 => Just(Answers(0)),
        2 => Just(Fails),
        1 => Just(Empty),
        1 => Just(Hangs),
    ]
}

/// What happens next: the store changes what it does, then time passes, then a request comes,
/// perhaps with a key.
fn step() -> impl Strategy<Value = (Option<Does>, u64, Option<usize>)> {
    let seconds = prop_oneof![Just(0), 1u64..60, Just(30), Just(300), 1u64..700];
    let key = proptest::option::of(1usize..=5);
    (proptest::option::weighted(0.3, does()), seconds, key)
}

/// What must hold, said by what the store was asked, and not by how the keyring remembers it.
fn check(
    case: &Case,
    before: &[(Duration, Does)],
    key: Option<usize>,
    said: Option<&Result<usize, String>>,
) -> Result<(), TestCaseError> {
    let now = case.now();
    let after = case.store.asked.lock().unwrap().clone();
    let keys = |(_, does): &(Duration, Does)| match does {
        Answers(keys) => Some(*keys),
        _ => None,
    };
    let known = before.iter().rev().find_map(keys);
    let reads = after.len() - before.len();
    prop_assert!(reads <= 1, "a request asks once");
    if let Some(known) = known {
        let last = before.last().map_or(Duration::ZERO, |(time, _)| *time);
        let found = key.is_none_or(|key| key <= known);
        let answered = before.iter().rev().find(|asked| keys(asked).is_some());
        let old = answered.is_some_and(|(time, _)| now >= *time + FRESH);
        prop_assert_eq!(
            reads == 1,
            now >= last + PAUSE && (old || !found),
            "asked if need be"
        );
        if reads == 0 && !found {
            let failed = before.last().is_some_and(|last| keys(last).is_none());
            prop_assert_eq!(said.is_some_and(Result::is_err), failed, "nobody knows");
        }
    } else {
        prop_assert_eq!(reads, 1, "without a ring every request asks");
    }
    let latest = after.iter().rev().find_map(keys);
    match said {
        Some(Ok(keys)) => prop_assert_eq!(Some(*keys), latest, "the last ring that was read"),
        Some(Err(_)) => {
            prop_assert!(after.last().is_some_and(|last| keys(last).is_none()));
            prop_assert!(key.is_none_or(|key| latest.is_none_or(|keys| key > keys)));
        }
        None => prop_assert_eq!(after.last().map(|last| last.1), Some(Hangs)),
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_happens_the_last_ring_counts_and_the_store_has_its_rest(
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let case = Case::new(Fails);
        let mut version = 0;
        for (does, seconds, key) in steps {
            if let Some(does) = does {
                // Each new ring has another number of keys.
                version = (version + 1) % 6;
                case.store(if does == Answers(0) { Answers(version) } else { does });
            }
            case.wait(seconds);
            let before = case.store.asked.lock().unwrap().clone();
            let said = match key {
                Some(key) => case.ring_with(key),
                None => case.ring(),
            };
            check(&case, &before, key, said.as_ref())?;
        }
    }
}

/// A store whose answers wait until a test lets them go. It answers with the ring of the moment when
/// it was asked, as a network does.
#[derive(Default)]
struct Slow {
    keys: Vec<Key>,
    asked: Mutex<usize>,
    /// Which questions are answered, and which of them by an error.
    open: Mutex<Vec<(usize, bool)>>,
}

impl RingStore for Slow {
    fn read(&self) -> Asking<'_, Option<Ring>> {
        let mut asked = self.asked.lock().unwrap();
        *asked += 1;
        let question = *asked;
        Box::pin(std::future::poll_fn(move |_| {
            let open = self.open.lock().unwrap();
            match open.iter().find(|(open, _)| *open == question) {
                Some((_, true)) => Poll::Ready(Ok(Some(ring(&self.keys[..question])))),
                Some((_, false)) => Poll::Ready(Err(StoreError::Unavailable("it is dead".into()))),
                None => Poll::Pending,
            }
        }))
    }
}

proptest! {
    /// Requests that wait at the same time, and whose answers come in any order: the newest ring
    /// stays, and nobody is given an older one than the one that was there when the request came.
    #[test]
    fn an_old_answer_never_replaces_a_newer_one(
        order in Just((1usize..=5).collect::<Vec<_>>()).prop_shuffle(),
        answers in proptest::collection::vec(proptest::bool::weighted(0.8), 5),
    ) {
        let store = Arc::new(Slow { keys: keys(5), ..Slow::default() });
        let keyring = Keyring::new(store.clone());
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting: Vec<_> = (1..=5u32)
            .map(|at| Box::pin(keyring.ring(START + PAUSE * at)))
            .collect();
        for request in &mut waiting {
            prop_assert!(request.as_mut().poll(&mut context).is_pending());
        }
        let mut newest = 0;
        for question in order {
            let answer = answers[question - 1];
            store.open.lock().unwrap().push((question, answer));
            let Poll::Ready(said) = waiting[question - 1].as_mut().poll(&mut context) else {
                panic!("it was answered")
            };
            prop_assert_eq!(said.is_ok(), answer);
            if let Ok(ring) = said {
                newest = newest.max(question);
                prop_assert_eq!(ring.keys.len(), newest);
            }
        }
        let kept = keyring.kept().ring.as_ref().map_or(0, |ring| ring.keys.len());
        prop_assert_eq!(kept, newest);
    }
}
