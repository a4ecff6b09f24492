//! The functions, each as Lambda would run it: it sees its own variables, and answers one event after another.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use lambda_runtime::{Context, Diagnostic};
use shared::config::{ConfigError, Memory, Parts};
use shared::lambda::{ColdStart, Function, Service};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument, Span};

/// The variables of one function.
pub type Variables = BTreeMap<String, String>;

/// An event for a function, and where its answer goes.
struct Invocation {
    event: Vec<u8>,
    id: String,
    span: Span,
    answer: oneshot::Sender<Answer>,
}

/// An answer in JSON, or why there is none.
pub type Answer = Result<Vec<u8>, Diagnostic>;

type Queue = mpsc::UnboundedReceiver<Invocation>;

/// A function that runs in a thread of its own.
#[derive(Debug)]
pub struct Running {
    /// The function's name.
    pub name: &'static str,
    invocations: mpsc::UnboundedSender<Invocation>,
    started: Receiver<Result<(), ConfigError>>,
}

impl Running {
    /// Starts a function. With `memory` it shares the stores in memory with others.
    pub fn start(
        function: &Function,
        variables: Variables,
        memory: Option<Memory>,
    ) -> io::Result<Self> {
        let (invocations, queue) = mpsc::unbounded_channel();
        let (report, started) = channel();
        let environment = Environment {
            function: *function,
            variables,
            memory,
            report,
            has_started: Cell::new(false),
        };
        let thread = thread::Builder::new().name(function.name.to_owned());
        thread.spawn(move || environment.run(queue))?;
        Ok(Self {
            name: function.name,
            invocations,
            started,
        })
    }

    /// Waits until the function has started; returns what is wrong with its configuration if it cannot.
    pub fn started(&self) -> Result<(), ConfigError> {
        // A thread that is gone has panicked, and the panic was told.
        self.started.recv().unwrap_or(Ok(()))
    }

    /// Sends an event, and waits for its answer; `None` if the function ends meanwhile.
    pub async fn invoke(&self, event: Vec<u8>, id: String) -> Option<Answer> {
        let (answer, answered) = oneshot::channel();
        let span = Span::current();
        let invocation = Invocation {
            event,
            id,
            span,
            answer,
        };
        self.invocations.send(invocation).ok()?;
        answered.await.ok()
    }
}

/// An environment of Lambda, and what it becomes after a panic: another one.
struct Environment {
    function: Function,
    variables: Variables,
    memory: Option<Memory>,
    report: Sender<Result<(), ConfigError>>,
    has_started: Cell<bool>,
}

impl Environment {
    /// Starts the function and answers events until none can come any more.
    fn run(&self, mut queue: Queue) {
        loop {
            self.has_started.set(false);
            let ran = catch_unwind(AssertUnwindSafe(|| self.serve(&mut queue)));
            match ran {
                Ok(Ok(())) => return,
                Ok(Err(error)) => return self.failed(error),
                // The panic has been told.
                Err(_) if self.has_started.get() => {}
                Err(_) => {
                    let problem = format!("{}: it panicked when it started", self.function.name);
                    return self.failed(ConfigError(vec![problem]));
                }
            }
        }
    }

    fn serve(&self, queue: &mut Queue) -> Result<(), ConfigError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| ConfigError(vec![error.to_string()]))?;
        runtime.block_on(async {
            let service = self.cold_start().await?;
            self.has_started.set(true);
            // Only the first start is waited for.
            let _later = self.report.send(Ok(()));
            answer(&*service, queue).await;
            Ok(())
        })
    }

    fn failed(&self, error: ConfigError) {
        // After a panic nobody waits for the report: then each event for the function is without an answer.
        let _later = self.report.send(Err(error));
    }

    async fn cold_start(&self) -> Result<Box<dyn Service>, ConfigError> {
        let lookup = |name: &str| self.variables.get(name).cloned();
        let mut parts = Parts::default();
        parts.memory.clone_from(&self.memory);
        (self.function.start)(ColdStart::new(&lookup, parts)).await
    }
}

async fn answer(service: &dyn Service, queue: &mut Queue) {
    while let Some(invocation) = queue.recv().await {
        let mut context = Context::default();
        context.request_id = invocation.id;
        let answer = service.answer(&invocation.event, context);
        let answer = answer.instrument(invocation.span).await;
        // A client that has hung up does not wait for it.
        let _unread = invocation.answer.send(answer);
    }
}
