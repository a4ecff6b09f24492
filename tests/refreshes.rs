//! Refreshes of one session at the same moment, in every order, with every fault: compared with a
//! plain model.
//!
//! Each client is stopped before each call to the store, and the test says which of them goes on, and
//! what goes wrong. The [`Model`] is told what reached the store, and knows nothing of conditions and
//! salts.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use proptest::prelude::*;
use shared::domain::accounts::{MemoryUsers, Stamp, User, tutorial};
use shared::domain::clients::Client;
use shared::domain::clock::Clock;
use shared::domain::scope::Scopes;
use shared::domain::sessions::memory::MemorySessions;
use shared::domain::sessions::session::{Rotated, Rotation, Session, SessionSummary};
use shared::domain::sessions::store::{Owner, Seen, SessionStore};
use shared::domain::sessions::token::{RefreshToken, Sid};
use shared::domain::sessions::{Policy, SessionError, Sessions};
use shared::domain::store::{Asking, StoreError};
use shared::http::ApiError;
use tests::dynamodb::{connect_with, start_filled};
use tests::stores::{Fault, johndoe, unavailable};
use tests::world::{Hands, NOW, PATIENT};
use tokio::sync::Barrier;

const GRACE: u64 = 60;
fn sessions(store: Arc<dyn SessionStore>, clock: &Arc<Hands>) -> Sessions {
    let days = |days: u64| Duration::from_secs(days * 86_400);
    Sessions {
        store,
        policy: Policy {
            idle: days(30),
            longest: days(90),
            grace: Duration::from_secs(GRACE),
        },
        clock: Arc::clone(clock) as Arc<dyn Clock>,
    }
}

/// Begins a session of johndoe's; returns its first refresh token.
async fn begin(sessions: &Sessions) -> RefreshToken {
    let (user, client) = (johndoe(), Client::own());
    let (scopes, now) = (Scopes::parse("me items").unwrap(), sessions.clock.now());
    let begun = sessions.begin(&user, &scopes, &client, now);
    begun.await.unwrap()
}

/// One call that reached the store.
#[derive(Debug, Clone)]
enum Event {
    /// When, the token's hash, its successor's, and whether that was written.
    Rotated(u64, [u8; 32], [u8; 32], bool),
    Ended,
}

type Log = Arc<Mutex<Vec<(usize, Event)>>>;

/// The store as one client sees it: every call waits for its turn.
struct Turns {
    store: Arc<dyn SessionStore>,
    client: usize,
    fault: Arc<Mutex<Fault>>,
    log: Log,
}

impl Turns {
    async fn call<T>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>>,
        event: impl FnOnce(&T) -> Option<Event>,
    ) -> Result<T, StoreError> {
        let mut waited = false;
        let turn = move |_: &mut Context<'_>| {
            if std::mem::replace(&mut waited, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        };
        std::future::poll_fn(turn).await;
        let fault = *self.fault.lock().unwrap();
        if fault == Fault::Lost {
            return Err(unavailable());
        }
        let answer = asked.await?;
        let event = event(&answer).map(|event| (self.client, event));
        self.log.lock().unwrap().extend(event);
        match fault {
            Fault::Unanswered => Err(unavailable()),
            _ => Ok(answer),
        }
    }
}

impl SessionStore for Turns {
    fn begin<'a>(&'a self, _: &'a Session, _: &'a [Sid]) -> Asking<'a, ()> {
        unreachable!("the session has begun")
    }

    fn rotate<'a>(&'a self, rotation: &'a Rotation) -> Asking<'a, Rotated> {
        let Rotation {
            now,
            presented,
            next,
            ..
        } = rotation;
        let event = |rotated: &Rotated| {
            let written = matches!(rotated, Rotated::Yes(_));
            Some(Event::Rotated(now.as_secs(), *presented, *next, written))
        };
        let asked = async move { self.store.rotate(rotation).await };
        Box::pin(self.call(asked, event))
    }

    fn end<'a>(&'a self, sid: &'a Sid, owner: Owner<'a>) -> Asking<'a, bool> {
        let asked = async move { self.store.end(sid, owner).await };
        Box::pin(self.call(asked, |_| Some(Event::Ended)))
    }

    fn oldest<'a>(&'a self, _: &'a str, _: usize) -> Asking<'a, Vec<Sid>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn newest<'a>(&'a self, _: &'a str, _: usize) -> Asking<'a, Vec<SessionSummary>> {
        unreachable!("no list is asked for")
    }

    fn session<'a>(&'a self, _: &'a Sid) -> Asking<'a, Option<Session>> {
        unreachable!("nobody introspects")
    }

    fn user<'a>(&'a self, username: &'a str) -> Asking<'a, Option<User>> {
        let asked = async move { self.store.user(username).await };
        Box::pin(self.call(asked, |_| None))
    }

    fn end_all<'a>(&'a self, _: &'a str, _: &'a Stamp, _: Duration) -> Asking<'a, ()> {
        unreachable!("nobody logs out")
    }

    fn look<'a>(&'a self, _: &'a str, _: &'a Sid) -> Asking<'a, Seen> {
        unreachable!("no guard")
    }
}

type Answer = Result<RefreshToken, SessionError>;

/// A client: it refreshes so many times, each time with what it got, and repeats what was answered
/// 503.
async fn client(sessions: Sessions, first: RefreshToken, times: usize) -> Vec<Answer> {
    let (mut answers, mut token) = (Vec::new(), first);
    for _ in 0..times {
        let answer = loop {
            match sessions
                .refresh(&token.to_text(), &Client::own(), None)
                .await
            {
                Err(SessionError::Store(_)) => {}
                answer => break answer.map(|refreshed| refreshed.token),
            }
        };
        if let Ok(next) = &answer {
            token = next.clone();
        }
        answers.push(answer);
    }
    answers
}

/// What the clients got, and what reached the store.
struct Run {
    answers: Vec<Vec<Answer>>,
    log: Vec<(usize, Event)>,
}

/// Chooses who goes on and what goes wrong.
type Chooser<'a> = &'a mut dyn FnMut(usize) -> usize;

/// Starts clients that refresh the same token so many times each, and lets `choose` decide. At most
/// so many calls fail, and the clock goes on by one of these seconds before each.
fn run(
    store: &Arc<dyn SessionStore>,
    first: &RefreshToken,
    clock: &Arc<Hands>,
    plans: &[usize],
    (most_faults, steps): (usize, &[u64]),
    choose: Chooser<'_>,
) -> Run {
    let (log, fault) = (Log::default(), Arc::new(Mutex::new(Fault::None)));
    let start = |(at, times): (usize, &usize)| {
        let turns = Turns {
            store: Arc::clone(store),
            client: at,
            fault: Arc::clone(&fault),
            log: Arc::clone(&log),
        };
        let sessions = sessions(Arc::new(turns), clock);
        Box::pin(client(sessions, first.clone(), *times)) as Pin<Box<dyn Future<Output = _>>>
    };
    let mut running: Vec<_> = plans.iter().enumerate().map(start).map(Some).collect();
    let mut answers: Vec<Vec<Answer>> = plans.iter().map(|_| Vec::new()).collect();
    let mut context = Context::from_waker(Waker::noop());
    let (mut faults, mut waits) = (0, vec![false; plans.len()]);
    loop {
        let left = (0..running.len()).filter(|at| running[*at].is_some());
        let left: Vec<usize> = left.collect();
        if left.is_empty() {
            break;
        }
        let at = left[choose(left.len())];
        clock.advance(steps[choose(steps.len())]);
        // Who has only just come calls nothing yet.
        let can_fail = std::mem::replace(&mut waits[at], true) && faults < most_faults;
        let kinds = if can_fail { 3 } else { 1 };
        let chosen = [Fault::None, Fault::Lost, Fault::Unanswered][choose(kinds)];
        faults += usize::from(chosen != Fault::None);
        *fault.lock().unwrap() = chosen;
        let future = running[at].as_mut().unwrap();
        if let Poll::Ready(all) = future.as_mut().poll(&mut context) {
            (answers[at], running[at]) = (all, None);
        }
    }
    let log = log.lock().unwrap().clone();
    Run { answers, log }
}

/// A session as one would explain it: a list of tokens, of which the last is valid, and the one
/// before for a while.
struct Model {
    chain: Vec<[u8; 32]>,
    replaced: u64,
    ended: bool,
}

impl Model {
    /// Replays what reached the store, and checks what each client was told, in its order.
    fn check(mut self, run: &Run) -> Self {
        let mut expected: Vec<Vec<Option<[u8; 32]>>> = run.answers.iter().map(|_| vec![]).collect();
        for (client, event) in &run.log {
            match event {
                Event::Ended => self.ended = true,
                Event::Rotated(now, presented, next, written) => {
                    let answer = self.rotate(*now, presented, next, *written);
                    expected[*client].push(answer);
                }
            }
        }
        for (answers, expected) in run.answers.iter().zip(expected) {
            let mut expected = expected.into_iter();
            for answer in answers {
                let got = answer.as_ref().ok().map(RefreshToken::hash);
                assert!(expected.any(|one| one == got), "{answer:?} is not due");
                let invalid = matches!(answer, Ok(_) | Err(SessionError::Invalid(_)));
                assert!(invalid, "{answer:?}");
            }
        }
        self
    }

    /// The token that is due to a client.
    fn rotate(
        &mut self,
        now: u64,
        presented: &[u8; 32],
        next: &[u8; 32],
        written: bool,
    ) -> Option<[u8; 32]> {
        let at = self.chain.iter().rposition(|token| token == presented);
        let at = at.expect("a token of this session");
        let last = self.chain.len() - 1;
        let is_valid = !self.ended && at == last;
        assert_eq!(written, is_valid, "written, if and only if it is the last");
        if is_valid {
            self.chain.push(*next);
            self.replaced = now;
            return Some(*next);
        }
        let lately = at + 1 == last && now < self.replaced + GRACE;
        (!self.ended && lately).then(|| self.chain[last])
    }
}

/// Runs on memory, and checks against the model, with what the store holds in the end.
fn checked(plans: &[usize], limits: (usize, &[u64]), choose: Chooser<'_>) -> (Run, bool) {
    let users = Arc::new(MemoryUsers::new(tutorial().unwrap()));
    let store: Arc<dyn SessionStore> = Arc::new(MemorySessions::new(users));
    let clock = Hands::at_now();
    let first = now_or_never(begin(&sessions(Arc::clone(&store), &clock)));
    let run = run(&store, &first, &clock, plans, limits, choose);
    let model = Model {
        chain: vec![first.hash()],
        replaced: 0,
        ended: false,
    };
    let model = model.check(&run);
    let sid = first.sid();
    let session = now_or_never(store.session(&sid)).unwrap();
    let current = (!model.ended).then(|| *model.chain.last().unwrap());
    assert_eq!(session.map(|session| session.current), current);
    (run, model.ended)
}

/// In memory nothing waits.
fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    let mut future = Box::pin(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// Every list of choices in turn, as one counts: the last that can grow grows.
#[derive(Default)]
struct Every {
    choices: Vec<(usize, usize)>,
    at: usize,
}

impl Every {
    fn choose(&mut self, of: usize) -> usize {
        if self.at == self.choices.len() {
            self.choices.push((0, of));
        }
        self.at += 1;
        self.choices[self.at - 1].0
    }

    /// Goes on to the next list; `false` after the last.
    fn next(&mut self) -> bool {
        self.at = 0;
        while let Some((chosen, of)) = self.choices.pop() {
            if chosen + 1 < of {
                self.choices.push((chosen + 1, of));
                return true;
            }
        }
        false
    }
}

/// How many runs, and how many of them ended the session.
fn every(plans: &[usize], limits: (usize, &[u64])) -> (usize, usize) {
    let (mut every, mut runs, mut ended) = (Every::default(), 0, 0);
    loop {
        let (run, end) = checked(plans, limits, &mut |of| every.choose(of));
        let refused = run.answers.iter().flatten().any(Result::is_err);
        assert_eq!(refused, end, "whoever is refused, the session is ended");
        (runs, ended) = (runs + 1, ended + usize::from(end));
        if !every.next() {
            return (runs, ended);
        }
    }
}

/// Within the grace nobody is refused, whatever goes wrong, and all get the same successor.
#[test]
fn within_the_grace_every_order_and_every_fault_ends_well() {
    for (plans, faults) in [(&[1, 1][..], 2), (&[1, 1, 1], 0)] {
        let (runs, ended) = every(plans, (faults, &[0]));
        assert!(runs > 100, "{runs}");
        assert_eq!(ended, 0, "{plans:?}");
    }
}

/// Clients that go their own ways, and the clock with them.
#[test]
fn tokens_that_come_late_end_the_session_in_every_order() {
    for (plans, limits) in [
        (&[1, 1][..], (0, &[0, GRACE][..])),
        (&[2, 1], (1, &[0])),
        (&[2, 2], (0, &[0])),
    ] {
        let (runs, ended) = every(plans, limits);
        assert!(0 < ended && ended < runs, "{plans:?}: {ended} of {runs}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn at_random_the_model_agrees(
        plans in prop::collection::vec(1..=3_usize, 2..=4),
        choices in prop::collection::vec(0..1000_usize, 400),
    ) {
        let mut choices = choices.into_iter().cycle();
        let mut choose = |of: usize| choices.next().unwrap() % of;
        checked(&plans, (4, &[0, 0, 0, 20, GRACE - 1, GRACE]), &mut choose);
    }
}

/// A store that counts what came of its calls.
struct Counted {
    store: Arc<dyn SessionStore>,
    rotated: AtomicUsize,
    refused: AtomicUsize,
    ended: AtomicUsize,
}

impl Counted {
    fn new(store: Arc<dyn SessionStore>) -> Self {
        let (rotated, refused, ended) = Default::default();
        Self {
            store,
            rotated,
            refused,
            ended,
        }
    }

    fn counts(&self) -> [usize; 3] {
        [&self.rotated, &self.refused, &self.ended].map(|count| count.load(Ordering::SeqCst))
    }
}

impl SessionStore for Counted {
    fn begin<'a>(&'a self, session: &'a Session, ending: &'a [Sid]) -> Asking<'a, ()> {
        self.store.begin(session, ending)
    }

    fn rotate<'a>(&'a self, rotation: &'a Rotation) -> Asking<'a, Rotated> {
        Box::pin(async {
            let rotated = self.store.rotate(rotation).await?;
            let count = match rotated {
                Rotated::Yes(_) => &self.rotated,
                Rotated::No(_) => &self.refused,
            };
            count.fetch_add(1, Ordering::SeqCst);
            Ok(rotated)
        })
    }

    fn end<'a>(&'a self, sid: &'a Sid, owner: Owner<'a>) -> Asking<'a, bool> {
        self.ended.fetch_add(1, Ordering::SeqCst);
        self.store.end(sid, owner)
    }

    fn end_all<'a>(&'a self, _: &'a str, _: &'a Stamp, _: Duration) -> Asking<'a, ()> {
        unreachable!("nobody logs out")
    }

    fn oldest<'a>(&'a self, _: &'a str, _: usize) -> Asking<'a, Vec<Sid>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn newest<'a>(&'a self, _: &'a str, _: usize) -> Asking<'a, Vec<SessionSummary>> {
        unreachable!("no list is asked for")
    }

    fn session<'a>(&'a self, _: &'a Sid) -> Asking<'a, Option<Session>> {
        unreachable!("nobody introspects")
    }

    fn user<'a>(&'a self, username: &'a str) -> Asking<'a, Option<User>> {
        self.store.user(username)
    }

    fn look<'a>(&'a self, _: &'a str, _: &'a Sid) -> Asking<'a, Seen> {
        unreachable!("no guard")
    }
}

const TABS: usize = 20;

/// So many tabs send the same refresh token at the same moment, on as many threads as there are
/// cores; then all of them go on with what they got, so many times.
async fn tabs(name: &str, store: Arc<dyn SessionStore>, rounds: usize) {
    let store = Arc::new(Counted::new(store));
    let sessions = Arc::new(sessions(store.clone(), &Hands::at_now()));
    let mut token = begin(&sessions).await;
    for round in 0..rounds {
        let all_have_come = Arc::new(Barrier::new(TABS));
        let tab = |_| {
            let (sessions, text) = (Arc::clone(&sessions), token.to_text());
            let all_have_come = Arc::clone(&all_have_come);
            tokio::spawn(async move {
                all_have_come.wait().await;
                let answer = sessions.refresh(&text, &Client::own(), None).await;
                answer.map_err(ApiError::from).unwrap().token
            })
        };
        let mut successors = Vec::new();
        for tab in (0..TABS).map(tab).collect::<Vec<_>>() {
            successors.push(tab.await.unwrap());
        }
        successors.dedup();
        assert_eq!(successors.len(), 1, "{name}, round {round}");
        assert_ne!(successors[0], token);
        token = successors.remove(0);
    }
    let [rotated, replayed, ended] = store.counts();
    println!(
        "{name}: {rounds} rounds of {TABS}, {rotated} rotated, {replayed} replayed, {ended} ended"
    );
    assert_eq!([rotated, replayed, ended], [rounds, rounds * (TABS - 1), 0]);
}

/// Runs a test on both stores, on as many threads as there are cores.
fn on_each_store<F: Future<Output = ()>>(test: impl Fn(&'static str, Arc<dyn SessionStore>) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let url = format!("http://{}", start_filled());
    let table = connect_with(shared::aws::ROOTS.to_vec(), PATIENT, url, "users");
    let users = Arc::new(MemoryUsers::new(tutorial().unwrap()));
    runtime.block_on(async {
        test("memory", Arc::new(MemorySessions::new(users))).await;
        test("DynamoDB", Arc::new(table)).await;
    });
}

#[test]
fn twenty_at_once_get_one_successor() {
    on_each_store(|name, store| tabs(name, store, 50));
}

#[test]
#[ignore = "a minute: cargo test -p tests --test all refreshes:: -- --ignored --nocapture"]
fn twenty_at_once_get_one_successor_a_thousand_times() {
    on_each_store(|name, store| tabs(name, store, 1000));
}

/// A client that got hold of another's token gets nothing for it, and cannot even use it up. But a
/// token that was replaced long ago was copied, whoever sends it.
#[test]
fn another_clients_token_is_refused_and_not_used_up() {
    on_each_store(|_, store| async move {
        let clock = Hands::at_now();
        let sessions = sessions(store, &clock);
        let first = begin(&sessions).await;
        let own = &Client::own();
        let another = &Client {
            id: "another".to_owned(),
            ..Client::own()
        };
        let refresh = async |token: &RefreshToken, client: &Client| {
            let answer = sessions.refresh(&token.to_text(), client, None).await;
            answer.map(|refreshed| refreshed.token)
        };
        let refused = |answer: Answer| {
            assert!(
                matches!(answer, Err(SessionError::Invalid(_))),
                "{answer:?}"
            );
        };
        refused(refresh(&first, another).await);
        let second = refresh(&first, own).await.unwrap();
        refused(refresh(&first, another).await);
        assert_eq!(refresh(&first, own).await.unwrap(), second);
        clock.advance(GRACE);
        refused(refresh(&second, another).await);
        let third = refresh(&second, own).await.unwrap();
        refused(refresh(&first, another).await);
        refused(refresh(&third, own).await);
    });
}

/// A clock of milliseconds, after [`NOW`].
struct Fine(AtomicUsize);

impl Clock for Fine {
    fn now(&self) -> Duration {
        let millis = self.0.load(Ordering::SeqCst) as u64;
        Duration::from_secs(NOW) + Duration::from_millis(millis)
    }
}

/// A store keeps whole seconds, and the grace is no shorter for that.
#[test]
fn the_grace_is_whole_whenever_it_begins() {
    on_each_store(|name, store| async move {
        let fine = Arc::new(Fine(AtomicUsize::new(900)));
        let sessions = Sessions {
            clock: fine.clone(),
            ..sessions(store, &Hands::at_now())
        };
        let refresh = async |token: &RefreshToken| {
            let answer = sessions
                .refresh(&token.to_text(), &Client::own(), None)
                .await;
            answer.map(|refreshed| refreshed.token)
        };
        let first = begin(&sessions).await;
        let second = refresh(&first).await.unwrap();
        fine.0.store(60_800, Ordering::SeqCst);
        assert_eq!(refresh(&first).await.unwrap(), second, "{name}");
        fine.0.store(61_900, Ordering::SeqCst);
        assert!(refresh(&first).await.is_err(), "{name}");
    });
}
