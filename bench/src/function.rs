//! A function that runs as on Lambda: a fresh process, and the Runtime API where it asks for its events.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail, ensure};
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::Bytes;
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::server::{self, Request, Response, Server};

/// The time limit of INIT and of an event, which the function is told.
const PATIENCE: Duration = Duration::from_secs(20);
const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:bench";
/// The variables that Lambda sets, besides the address of the Runtime API.
const LAMBDA: [(&str, &str); 7] = [
    ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
    ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
];

/// A program that can be started.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The whole environment, except for the variables that Lambda sets.
    pub environment: BTreeMap<String, String>,
}

/// An event in JSON, and the status that its answer must have. Another status ends the run, since a refusal is
/// quick and would flatter the function.
#[derive(Debug, Clone)]
pub struct Event(pub String, pub u16);

/// A response to the gateway.
#[derive(Debug)]
pub struct Answer {
    /// The moment when it was complete.
    pub at: Instant,
    /// The time since the event was sent.
    pub took: Duration,
    pub json: Value,
}

/// A process that waits for an event; dropping it ends it.
pub struct Running {
    pub started: Instant,
    /// The moment when it asked for its first event.
    pub ready: Instant,
    child: Child,
    asked: UnboundedReceiver<Asked>,
    /// The request for the next event.
    next: Option<oneshot::Sender<Response>>,
    events: u64,
    _api: Server,
}

/// A request to the Runtime API: its time, path and body, and the sender of the reply.
type Asked = (Instant, String, Bytes, oneshot::Sender<Response>);

impl Running {
    /// Starts a function and waits for the end of INIT.
    pub async fn start(program: &Program) -> Result<Self> {
        let (sender, asked) = unbounded_channel();
        let api = server::start(None, move |request| ask(request, sender.clone())).await?;
        let (file, arguments) = program.command.split_first().context("no program")?;
        let mut command = Command::new(file);
        command.args(arguments).env_clear().envs(LAMBDA);
        command.env("AWS_LAMBDA_RUNTIME_API", api.0.to_string());
        command.envs(&program.environment);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let started = now();
        let mut running = Self {
            started,
            ready: started,
            child: command.spawn().with_context(|| file.clone())?,
            asked,
            next: None,
            events: 0,
            _api: api,
        };
        running.ready = running.wait().await?;
        Ok(running)
    }

    /// Sends an event, waits for its answer and until the function asks for the next event. Only then has it done
    /// all its work for this one.
    pub async fn answer(&mut self, Event(event, expected): &Event) -> Result<Answer> {
        let response = self.response(event)?;
        let next = self.next.take().context("it waits for no event")?;
        let start = now();
        next.send(response).map_err(|_| anyhow!("it is gone"))?;
        let (at, body, reply) = self.receive("/response").await?;
        let mut accepted = Response::default();
        *accepted.status_mut() = StatusCode::ACCEPTED;
        reply.send(accepted).map_err(|_| anyhow!("it is gone"))?;
        self.wait().await?;
        let json = serde_json::from_slice(&body)?;
        let as_expected = status(&json) == Some((*expected).into());
        ensure!(as_expected, "expected {expected}: {json}");
        let took = at - start;
        Ok(Answer { at, took, json })
    }

    /// The CPU time of the process so far, user and system, of all its threads.
    pub fn cpu(&self) -> Result<Duration> {
        let id = Pid::from_raw(i32::try_from(self.child.id())?);
        Ok(clock_getcpuclockid(id)?.now()?.into())
    }

    /// The most memory that the process ever had in RAM.
    pub fn peak_mib(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.context("no VmHWM")?.trim_end_matches(" kB").trim();
        Ok(kib.parse::<f64>()? / 1024.0)
    }

    /// Waits until it asks for the next event.
    async fn wait(&mut self) -> Result<Instant> {
        let (at, _, reply) = self.receive("/next").await?;
        self.next = Some(reply);
        Ok(at)
    }

    async fn receive(&mut self, what: &str) -> Result<(Instant, Bytes, oneshot::Sender<Response>)> {
        let start = now();
        while now() - start < PATIENCE {
            let look = Duration::from_millis(200);
            if let Ok(asked) = timeout(look, self.asked.recv()).await {
                let (at, path, body, reply) = asked.context("the Runtime API ended")?;
                ensure!(path.ends_with(what), "{path}: {body:?}");
                return Ok((at, body, reply));
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended early: {status}");
            }
        }
        bail!("it has said nothing for {PATIENCE:?}")
    }

    /// The event as a response. Each has its own trace id, as on Lambda: a function that keeps them grows.
    fn response(&mut self, event: &str) -> Result<Response> {
        self.events += 1;
        let number = self.events;
        let deadline = (UNIX_EPOCH.elapsed()? + PATIENCE).as_millis();
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let trace = format!("Root=1-67449b80-{number:024x};Sampled=0");
        let response = hyper::Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", id)
            .header("lambda-runtime-deadline-ms", deadline.to_string())
            .header("lambda-runtime-invoked-function-arn", ARN)
            .header("lambda-runtime-trace-id", trace);
        Ok(response.body(event.to_owned().into())?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _it_has_ended = self.child.kill();
        let _it_has_ended = self.child.wait();
    }
}

async fn ask(request: Request, sender: UnboundedSender<Asked>) -> Result<Response> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let (reply, response) = oneshot::channel();
    sender.send((now(), path, body, reply))?;
    Ok(response.await?)
}

/// The status for the gateway; an authorizer's "yes" counts as 200.
fn status(answer: &Value) -> Option<u64> {
    let allowed = answer["isAuthorized"] == true;
    answer["statusCode"].as_u64().or(allowed.then_some(200))
}

/// The current time.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the time")]
pub fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Starts a function written for a shell.
    async fn start(script: &str) -> Result<Running> {
        let mut program = Program::default();
        program
            .command
            .extend(["/bin/sh", "-c", script].map(str::to_owned));
        Running::start(&program).await
    }

    #[tokio::test]
    async fn a_function_that_ends_or_reports_a_failure_ends_the_run() {
        let ended = start("exit 3").await.err().unwrap().to_string();
        assert_eq!(ended, "it ended early: exit status: 3");
        let report = r#"curl -s -d broken "$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/init/error""#;
        let reported = start(report).await.err().unwrap().to_string();
        assert_eq!(reported, "/2018-06-01/runtime/init/error: b\"broken\"");
    }

    #[tokio::test]
    async fn an_event_is_handed_out_and_its_answer_timed() {
        let function = r#"api=$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
            cd $(mktemp -d)
            while curl -s -D head "$api/next" -o event; do
              sleep 0.02; id=$(grep -i request-id head | cut -d' ' -f2 | tr -d '\r')
              curl -s "$api/$id/response" -d "{\"statusCode\": 429, \"body\": $(cat event)}"
            done"#;
        let mut running = start(function).await.unwrap();
        let before = running.cpu().unwrap();
        for _ in 0..2 {
            let answer = running.answer(&Event("[7]".into(), 429)).await.unwrap();
            assert_eq!(answer.json["body"][0], 7);
            assert!(answer.took >= Duration::from_millis(20));
        }
        assert!(running.peak_mib().unwrap() > 0.1 && running.cpu().unwrap() > before);
        let refused = running.answer(&Event("1".into(), 200)).await;
        assert!(refused.unwrap_err().to_string().starts_with("expected 200"));
    }
}
