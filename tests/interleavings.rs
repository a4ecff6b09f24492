//! Logins at the same moment, in every order, with every fault: compared with a plain model.
//!
//! Each login is stopped before each call to the store, and the test says which of them goes on, and
//! what goes wrong. All that reaches the store is then told to a [`Model`], call by call. It knows
//! nothing of conditions and retries, and it must agree with every answer and with what the store
//! holds in the end.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use proptest::prelude::*;
use shared::domain::accounts::password::{PasswordHash, Passwords};
use shared::domain::accounts::{Account, MemoryUsers};
use shared::domain::clock::Clock;
use shared::domain::login::attempt::{Attempt, Counted, Key, Limits};
use shared::domain::login::memory::MemoryLogins;
use shared::domain::login::store::{LoginStore, Outcome, Seen, Verdict, Written};
use shared::domain::login::{Authenticated, DisabledUsers, Login, LoginError};
use shared::domain::store::{Asking, StoreError};
use tests::block_on;
use tests::dynamodb::{connect_with, start_with};
use tests::stores::{Fault, cheap, cheap_policy, unavailable};
use tests::world::{Hands, PATIENT};

const LIMITS: Limits = Limits {
    per_account: 2,
    per_address: 3,
};

/// An address, and whether the password is the right one.
type Plan = (u8, bool);

/// One call that reached the store, or would have.
#[derive(Debug, Clone)]
enum Event {
    Looked(Box<Seen>),
    Wrote(Key, Outcome, Written),
    Knew(Key),
}

type Log = Arc<Mutex<Vec<(usize, Duration, Event)>>>;

/// The store as one login sees it: every call waits for its turn.
struct Turns {
    store: Arc<dyn LoginStore>,
    login: usize,
    clock: Arc<Hands>,
    turn: Arc<AtomicBool>,
    waits: Arc<AtomicBool>,
    fault: Arc<Mutex<Fault>>,
    log: Log,
}

impl Turns {
    async fn call<T>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>>,
        now: Option<Duration>,
        event: impl FnOnce(&T) -> Event,
    ) -> Result<T, StoreError> {
        std::future::poll_fn(|_| {
            let go = self.turn.swap(false, Ordering::SeqCst);
            self.waits.store(!go, Ordering::SeqCst);
            if go { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        let fault = *self.fault.lock().unwrap();
        if fault == Fault::Lost {
            return Err(unavailable());
        }
        let answer = asked.await?;
        // What is written happens at the time that it says.
        let now = now.unwrap_or_else(|| self.clock.now());
        let happened = (self.login, now, event(&answer));
        self.log.lock().unwrap().push(happened);
        match fault {
            Fault::Unanswered => Err(unavailable()),
            _ => Ok(answer),
        }
    }
}

impl LoginStore for Turns {
    fn look<'a>(&'a self, attempt: &'a Attempt) -> Asking<'a, Seen> {
        let looked = |seen: &Seen| Event::Looked(Box::new(seen.clone()));
        Box::pin(self.call(self.store.look(attempt), None, looked))
    }

    fn write<'a>(&'a self, verdict: Verdict<'a>) -> Asking<'a, Written> {
        let asked = async move { self.store.write(verdict).await };
        let wrote =
            move |written: &Written| Event::Wrote(verdict.key.clone(), verdict.outcome, *written);
        Box::pin(self.call(asked, Some(verdict.now), wrote))
    }

    fn make_known<'a>(&'a self, pair: &'a Key, now: Duration) -> Asking<'a, ()> {
        let asked = async move { self.store.make_known(pair, now).await };
        Box::pin(self.call(asked, Some(now), |()| Event::Knew(pair.clone())))
    }

    fn replace_hash<'a>(
        &'a self,
        _: &'a str,
        _: &'a PasswordHash,
        _: &'a PasswordHash,
        _: Duration,
    ) -> Asking<'a, bool> {
        unreachable!("every hash has the policy's cost")
    }
}

/// A login that runs, and how to let it go on.
struct Running {
    turn: Arc<AtomicBool>,
    waits: Arc<AtomicBool>,
    fault: Arc<Mutex<Fault>>,
    future: Option<Pin<Box<dyn Future<Output = Answer>>>>,
    answer: Option<Answer>,
}

type Answer = Result<Authenticated, LoginError>;

impl Running {
    fn start(
        login: usize,
        (address, right): Plan,
        store: &Arc<dyn LoginStore>,
        clock: &Arc<Hands>,
        log: &Log,
    ) -> Self {
        let (turn, waits) = (Arc::default(), Arc::default());
        let fault = Arc::new(Mutex::new(Fault::None));
        let turns = Turns {
            store: Arc::clone(store),
            login,
            clock: Arc::clone(clock),
            turn: Arc::clone(&turn),
            waits: Arc::clone(&waits),
            fault: Arc::clone(&fault),
            log: Arc::clone(log),
        };
        let login = Login {
            store: Arc::new(turns),
            limits: LIMITS,
            disabled_users: DisabledUsers::Admitted,
            passwords: Passwords::new(cheap_policy()),
            patience: PATIENT,
            clock: Arc::clone(clock) as Arc<dyn Clock>,
        };
        let password = if right { "secret" } else { "wrong" };
        let future = async move {
            let source_ip = source_ip(address);
            login.authenticate(&source_ip, "johndoe", password).await
        };
        Self {
            turn,
            waits,
            fault,
            future: Some(Box::pin(future)),
            answer: None,
        }
    }

    /// Until its next call to the store, or its end.
    async fn go_on(&mut self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
        let (turn, waits) = (Arc::clone(&self.turn), Arc::clone(&self.waits));
        turn.store(true, Ordering::SeqCst);
        let mut future = self.future.take().unwrap();
        self.answer = std::future::poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if waits.load(Ordering::SeqCst) && !turn.load(Ordering::SeqCst) => {
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        })
        .await;
        if self.answer.is_none() {
            self.future = Some(future);
        }
    }
}

fn source_ip(address: u8) -> String {
    format!("203.0.113.{address}")
}

/// Chooses who goes on and what goes wrong: every possible choice in turn, or at random.
trait Chooser {
    fn choose(&mut self, of: usize) -> usize;
}

/// What became of some logins at the same moment.
struct Run {
    plans: Vec<Plan>,
    answers: Vec<Answer>,
    log: Vec<(usize, Duration, Event)>,
    faults: usize,
}

/// Starts these logins together, and lets `chooser` decide. At most so many calls fail, and the
/// clock goes on by one of these seconds before each call.
async fn run(
    store: &Arc<dyn LoginStore>,
    clock: &Arc<Hands>,
    plans: &[Plan],
    (most_faults, steps): (usize, &[u64]),
    chooser: &mut dyn Chooser,
) -> Run {
    let log = Log::default();
    let start = |(login, plan): (usize, &Plan)| Running::start(login, *plan, store, clock, &log);
    let mut running: Vec<Running> = plans.iter().enumerate().map(start).collect();
    let mut faults = 0;
    loop {
        let left: Vec<usize> = (0..running.len())
            .filter(|login| running[*login].future.is_some())
            .collect();
        if left.is_empty() {
            break;
        }
        let login = left[chooser.choose(left.len())];
        clock.advance(steps[chooser.choose(steps.len())]);
        let kinds = if faults < most_faults { 3 } else { 1 };
        let fault = [Fault::None, Fault::Lost, Fault::Unanswered][chooser.choose(kinds)];
        faults += usize::from(fault != Fault::None);
        running[login].go_on(fault).await;
    }
    let answers = running.into_iter().map(|login| login.answer.unwrap());
    Run {
        plans: plans.to_vec(),
        answers: answers.collect(),
        log: Arc::try_unwrap(log).unwrap().into_inner().unwrap(),
        faults,
    }
}

/// A count as one would explain it: failures are remembered until `forgotten`, and with too many of
/// them nobody is allowed before `allowed`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Plain {
    failures: u32,
    allowed: u64,
    forgotten: u64,
}

impl Plain {
    fn refuses(self, limit: u32, now: u64) -> bool {
        now < self.forgotten && self.failures >= limit && now < self.allowed
    }

    fn fail(&mut self, limit: u32, window: u64, now: u64) {
        if now >= self.forgotten {
            *self = Self {
                forgotten: now + window,
                ..Self::default()
            };
        }
        self.failures += 1;
        let more = self.failures.saturating_sub(limit);
        self.allowed = now + (30 << more.min(5)).min(900);
        if more > 0 {
            self.forgotten = self.allowed + window;
        }
    }
}

/// What the store must hold.
#[derive(Default)]
struct Model {
    counts: HashMap<String, Plain>,
    known: HashMap<String, u64>,
}

impl Model {
    fn count(&self, key: &Key) -> Plain {
        self.counts.get(&key.text).copied().unwrap_or_default()
    }

    fn refuses(&self, key: &Key, now: u64) -> bool {
        self.count(key).refuses(LIMITS.of(key), now)
    }

    fn knows(&self, pair: &Key, now: u64) -> bool {
        self.known.get(&pair.text).is_some_and(|until| *until > now)
    }

    /// Replays what reached the store, and checks every answer.
    fn check(&mut self, run: &Run) {
        let mut refused = vec![false; run.plans.len()];
        let mut written = vec![None; run.plans.len()];
        for (login, now, event) in &run.log {
            let (address, right) = run.plans[*login];
            let attempt = Attempt::new(&source_ip(address), "johndoe");
            let now = now.as_secs();
            match event {
                Event::Looked(seen) => {
                    self.same(&attempt, seen, now);
                    refused[*login] = if self.knows(&attempt.pair, now) {
                        self.refuses(&attempt.pair, now)
                    } else {
                        self.refuses(&attempt.account, now) || self.refuses(&attempt.address, now)
                    };
                }
                Event::Wrote(key, outcome, Written::Yes) => {
                    assert!(
                        !self.refuses(key, now),
                        "{key:?} is refused, and yet written"
                    );
                    assert_eq!(
                        *outcome == Outcome::Right,
                        right,
                        "the verdict is not the truth"
                    );
                    match outcome {
                        Outcome::Wrong => self.fail(key, now),
                        Outcome::Right if key.counted == Counted::Pair => self.know(key, now),
                        Outcome::Right => {}
                    }
                    if key.counted != Counted::Address {
                        assert_eq!(written[*login].replace(now), None, "counted twice");
                    }
                }
                Event::Wrote(key, _, Written::No(_)) => {
                    refused[*login] = self.refuses(key, now) && key.counted != Counted::Address;
                }
                Event::Knew(pair) => self.know(pair, now),
            }
        }
        for (login, answer) in run.answers.iter().enumerate() {
            let (_, right) = run.plans[login];
            let written = written[login].is_some();
            match answer {
                Ok(_) => assert!(right && written, "{login} is let in"),
                Err(LoginError::IncorrectPassword { .. }) => assert!(!right && written, "{login}"),
                Err(LoginError::TooManyAttempts { .. }) => {
                    assert!(refused[login] && !written, "{login} is refused for nothing");
                }
                Err(LoginError::Store(_)) => assert!(run.faults > 0, "{login}"),
            }
        }
    }

    fn fail(&mut self, key: &Key, now: u64) {
        let (limit, window) = (LIMITS.of(key), key.window().as_secs());
        let count = self.counts.entry(key.text.clone()).or_default();
        count.fail(limit, window, now);
    }

    fn know(&mut self, pair: &Key, now: u64) {
        self.counts.remove(&pair.text);
        self.known.insert(pair.text.clone(), now + 30 * 86_400);
    }

    /// What the store says is what happened.
    fn same(&self, attempt: &Attempt, seen: &Seen, now: u64) {
        for (key, count) in [
            (&attempt.pair, seen.pair),
            (&attempt.account, seen.account),
            (&attempt.address, seen.address),
        ] {
            let plain = count.map_or_else(Plain::default, |count| Plain {
                failures: count.failures,
                allowed: count.not_before.as_secs(),
                forgotten: count.ends.as_secs(),
            });
            let expected = self.count(key);
            let remembered = expected.forgotten > now || plain.forgotten > now;
            if remembered {
                assert_eq!(plain.failures, expected.failures, "{key:?}");
                assert_eq!(plain.forgotten, expected.forgotten, "{key:?}");
                assert_eq!(plain.refuses(LIMITS.of(key), now), self.refuses(key, now));
            }
        }
        let known = seen.known_until.is_some_and(|until| until.as_secs() > now);
        assert_eq!(known, self.knows(&attempt.pair, now));
    }
}

/// What must hold whatever the model says.
fn check_promises(run: &Run) {
    if run.plans.iter().all(|(_, right)| *right) {
        let refused =
            |answer: &Result<_, _>| matches!(answer, Err(LoginError::TooManyAttempts { .. }));
        assert!(
            !run.answers.iter().any(refused),
            "right logins alone are refused"
        );
    }
    let strangers = run.log.iter().filter(|(_, _, event)| {
        matches!(event, Event::Wrote(key, Outcome::Wrong, Written::Yes) if key.counted == Counted::Account)
    });
    let told = strangers.count();
    assert!(
        told <= LIMITS.per_account as usize,
        "strangers are told {told} times"
    );
}

/// Every choice there is, one after another: each run follows `path`, then takes what comes first.
#[derive(Default)]
struct Every {
    path: Vec<(usize, usize)>,
    at: usize,
}

impl Every {
    /// Turns to the next path; `false` if there is none.
    fn next(&mut self) -> bool {
        self.at = 0;
        while let Some((chosen, of)) = self.path.pop() {
            if chosen + 1 < of {
                self.path.push((chosen + 1, of));
                return true;
            }
        }
        false
    }
}

impl Chooser for Every {
    fn choose(&mut self, of: usize) -> usize {
        if self.at == self.path.len() {
            self.path.push((0, of));
        }
        let (chosen, same) = self.path[self.at];
        assert_eq!(of, same, "the same choices lead to the same question");
        self.at += 1;
        chosen
    }
}

/// Choices that are drawn before.
struct Drawn<'a>(std::slice::Iter<'a, u8>);

impl Chooser for Drawn<'_> {
    fn choose(&mut self, of: usize) -> usize {
        self.0.next().map_or(0, |drawn| usize::from(*drawn) % of)
    }
}

fn memory(users: HashMap<String, Account>) -> MemoryLogins {
    MemoryLogins::new(Arc::new(MemoryUsers::new(users)))
}

/// Logins one after another, before those at the same moment: what they find.
fn preludes() -> [(&'static str, Vec<(u64, Plan)>); 6] {
    let (wrong, right) = ((1, false), (1, true));
    [
        ("nothing", vec![]),
        ("one failure", vec![(0, wrong)]),
        (
            "a wait that is over",
            vec![
                (0, wrong),
                (0, wrong),
                (30, wrong),
                (90, wrong),
                (210, right),
            ],
        ),
        (
            "failures that are over",
            vec![(0, wrong), (0, wrong), (86_400, right)],
        ),
        ("a known address", vec![(0, right), (0, wrong)]),
        ("a wait that ends", vec![(0, wrong), (0, wrong)]),
    ]
}

/// Every interleaving of these logins after each prelude, on memory; answers how many there are.
fn every_interleaving(plans: &[Plan], most_faults: usize) -> usize {
    let users = cheap(&["johndoe"]);
    let mut runs = 0;
    for (name, prelude) in preludes() {
        let mut chooser = Every::default();
        loop {
            block_on(async {
                let store: Arc<dyn LoginStore> = Arc::new(memory(users.clone()));
                let clock = Hands::at_now();
                let mut model = Model::default();
                for (at, plan) in &prelude {
                    clock.set(*at);
                    let mut first = Drawn([].iter());
                    let run = run(&store, &clock, &[*plan], (0, &[0]), &mut first).await;
                    model.check(&run);
                }
                if name == "a wait that ends" {
                    clock.set(30);
                }
                let run = run(&store, &clock, plans, (most_faults, &[0]), &mut chooser).await;
                model.check(&run);
                check_promises(&run);
                end(&store, &clock, &model).await;
            });
            runs += 1;
            if !chooser.next() {
                break;
            }
        }
    }
    runs
}

/// What the store holds in the end is what happened.
async fn end(store: &Arc<dyn LoginStore>, clock: &Arc<Hands>, model: &Model) {
    for address in 1..=3 {
        let attempt = Attempt::new(&source_ip(address), "johndoe");
        let seen = store.look(&attempt).await.unwrap();
        model.same(&attempt, &seen, clock.now().as_secs());
    }
}

#[test]
fn two_logins_with_every_fault() {
    for plans in [
        [(1, true), (1, true)],
        [(1, true), (1, false)],
        [(1, false), (1, false)],
        [(1, true), (2, true)],
        [(1, true), (2, false)],
        [(1, false), (2, true)],
        [(1, false), (2, false)],
    ] {
        let runs = every_interleaving(&plans, 8);
        println!("{plans:?}: {runs} runs");
        assert!(runs > 500, "{runs}");
    }
}

const THREE: [[Plan; 3]; 4] = [
    [(1, true), (1, false), (1, false)],
    [(1, true), (2, false), (2, false)],
    [(1, false), (2, false), (3, false)],
    [(1, true), (2, true), (3, true)],
];

#[test]
fn three_logins_without_a_fault() {
    for plans in THREE {
        let runs = every_interleaving(&plans, 0);
        println!("{plans:?}: {runs} runs");
        assert!(runs > 1_000, "{runs}");
    }
}

#[test]
#[ignore = "takes two minutes: cargo test -p tests --test all interleavings:: -- --ignored --nocapture"]
fn three_logins_with_one_fault() {
    for plans in THREE {
        println!("{plans:?}: {} runs", every_interleaving(&plans, 1));
    }
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    prop::collection::vec((1..=3u8, any::<bool>()), 1..=4)
}

/// Rounds of up to four logins at once.
fn rounds() -> impl Strategy<Value = Vec<(Vec<Plan>, Vec<u8>)>> {
    let round = (plans(), prop::collection::vec(any::<u8>(), 60));
    prop::collection::vec(round, 1..=5)
}

/// Seconds between calls: mostly none; sometimes a wait ends, or a window.
const STEPS: [u64; 8] = [0, 0, 0, 0, 0, 1, 30, 900];

async fn random(store: Arc<dyn LoginStore>, rounds: &[(Vec<Plan>, Vec<u8>)]) {
    let (clock, mut model) = (Hands::at_now(), Model::default());
    for (plans, drawn) in rounds {
        let mut chooser = Drawn(drawn.iter());
        let run = run(&store, &clock, plans, (2, &STEPS), &mut chooser).await;
        model.check(&run);
    }
    end(&store, &clock, &model).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn four_logins_at_random(rounds in rounds()) {
        block_on(random(Arc::new(memory(cheap(&["johndoe"]))), &rounds));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn four_logins_at_random_on_dynamodb(rounds in rounds()) {
        let address = start_with(cheap(&["johndoe"]).into_values());
        block_on(async {
            let roots = shared::aws::ROOTS.to_vec();
            let table = connect_with(roots, PATIENT, format!("http://{address}"), "users");
            random(Arc::new(table), &rounds).await;
        });
    }
}

/// A login that ends without a word before its verdict has changed nothing.
#[test]
fn logins_that_die_count_for_nothing() {
    block_on(async {
        let store: Arc<dyn LoginStore> = Arc::new(memory(cheap(&["johndoe"])));
        let (clock, log) = (Hands::at_now(), Log::default());
        for _ in 0..6 {
            let mut login = Running::start(0, (1, false), &store, &clock, &log);
            login.go_on(Fault::None).await;
            assert!(login.answer.is_none());
        }
        let mut right = Running::start(0, (1, true), &store, &clock, &log);
        while right.answer.is_none() {
            right.go_on(Fault::None).await;
        }
        assert!(right.answer.unwrap().is_ok());
    });
}
