//! The loop between Lambda's Runtime API and a function: what it asks for, what it answers, when it
//! ends, and that nothing of an event that it cannot read is logged.

use std::io::Write;
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use lambda_runtime::Config;
use serde_json::{Value, json};
use service::function;
use shared::lambda::RuntimeApi;
use tests::logs::logged;
use tests::runtime::{Sent, accepted, event, receive, response};
use tests::{block_on, read, world};

/// A Runtime API that gives these responses, one to each request, and records the requests.
struct Scripted {
    address: String,
    requests: JoinHandle<Vec<Sent>>,
}

impl Scripted {
    fn new(responses: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let answer = |response: String| {
                let request = receive(&mut stream);
                stream.write_all(response.as_bytes()).unwrap();
                request
            };
            responses.into_iter().map(answer).collect()
        });
        Self { address, requests }
    }

    /// Runs GET /status until the responses end; why the loop ended, and what it sent.
    fn run(self) -> (String, Vec<Sent>) {
        let service = block_on(world().start(function("status").unwrap()));
        let runtime = RuntimeApi::new(&self.address, Config::default()).unwrap();
        let Err(end) = block_on(runtime.serve(&*service));
        (end.to_string(), self.requests.join().unwrap())
    }
}

fn end() -> String {
    response("500 Internal Server Error", "", "")
}

#[test]
fn an_event_gets_its_answer_and_then_the_next_is_asked_for() {
    let no_event = response("204 No Content", "", "").replace("content-length: 0\r\n", "");
    let script = vec![
        event(
            &read("events/status.json"),
            "lambda-runtime-invocation-id: abc\r\n",
        ),
        accepted(),
        no_event,
        end(),
    ];
    let (end, sent) = Scripted::new(script).run();
    let lines: Vec<&str> = sent.iter().map(|request| request.line.as_str()).collect();
    let next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1";
    let answer = "POST /2018-06-01/runtime/invocation/8476a536/response HTTP/1.1";
    assert_eq!(lines, [next, answer, next, next]);
    assert_eq!(sent[1].body["statusCode"], 200);
    assert!(
        sent[1]
            .head
            .contains("\r\nlambda-runtime-invocation-id: abc")
    );
    assert_eq!(
        end,
        "the Runtime API gave no event: 500 Internal Server Error"
    );
}

#[test]
fn an_answer_that_is_refused_is_logged_and_the_next_event_answered() {
    let status = read("events/status.json");
    let script = vec![
        event(&status, ""),
        response("413 Payload Too Large", "", ""),
        event(&status, ""),
        accepted(),
        end(),
    ];
    let mut sent = Vec::new();
    let lines = logged(|| sent = Scripted::new(script).run().1);
    assert_eq!(sent[3].body["statusCode"], 200);
    let refused = lines.iter().find(|line| line["level"] == "ERROR").unwrap();
    assert_eq!(refused["status"], 413);
}

/// Wrong types come by a direct invocation only; what is in them is nobody's business.
#[test]
fn of_an_event_that_cannot_be_read_only_the_place_is_told() {
    let secret = "s3cr3t-value";
    let wrong_types = json!({"version": "2.0", "rawPath": "/status/", "headers": secret});
    let no_http =
        json!({"rawPath": "/status/", "body": secret, "requestContext": {"http": secret}});
    for body in [
        wrong_types.to_string(),
        no_http.to_string(),
        secret.into(),
        "{".into(),
    ] {
        let script = vec![event(&body, ""), accepted(), end()];
        let mut sent = Vec::new();
        let lines = logged(|| sent = Scripted::new(script).run().1);
        let error = &sent[1];
        let path = "POST /2018-06-01/runtime/invocation/8476a536/error HTTP/1.1";
        assert_eq!(error.line, path);
        assert!(
            error
                .head
                .contains("\r\nlambda-runtime-function-error-type: runtime.invalidevent")
        );
        let message = error.body["errorMessage"].as_str().unwrap();
        assert!(message.contains("line 1, column "), "{message}");
        let all = json!([lines, error.body]).to_string();
        assert!(!all.contains(secret), "{all}");
        assert!(
            lines.iter().any(|line| line["level"] == "ERROR"),
            "{lines:?}"
        );
    }
}

/// What an invoker may write into the Runtime API's headers ends no environment.
#[test]
fn headers_of_an_invoker_do_no_harm() {
    let context = "lambda-runtime-client-context: not JSON\r\n";
    let script = vec![
        event(&read("events/status.json"), context),
        accepted(),
        end(),
    ];
    let (_, sent) = Scripted::new(script).run();
    assert_eq!(sent[1].body["statusCode"], 200);
}

/// So that its line and its trace are found by each other.
#[test]
fn the_line_of_a_traced_request_names_its_trace() {
    let id = "1-67449b80-0123456789abcdef01234567";
    for (sampled, expected) in [("1", json!(id)), ("0", Value::Null)] {
        let header = format!("lambda-runtime-trace-id: Root={id};Sampled={sampled}\r\n");
        let script = vec![
            event(&read("events/status.json"), &header),
            accepted(),
            end(),
        ];
        let lines = logged(|| drop(Scripted::new(script).run()));
        let answered = lines.iter().find(|line| line["message"] == "answered");
        assert_eq!(answered.unwrap()["span"]["trace_id"], expected);
    }
}

#[test]
fn a_function_that_cannot_start_says_why() {
    let api = Scripted::new(vec![accepted()]);
    let runtime = RuntimeApi::new(&api.address, Config::default()).unwrap();
    block_on(runtime.report_failed_start(&"USER_STORE: not set".into())).unwrap();
    let sent = api.requests.join().unwrap().remove(0);
    assert_eq!(sent.line, "POST /2018-06-01/runtime/init/error HTTP/1.1");
    assert_eq!(sent.body["errorMessage"], "USER_STORE: not set");
    assert_eq!(sent.body["errorType"], "Runtime.InitError");
}

/// cargo-lambda does not answer a report, for which the function must not wait.
#[test]
fn a_report_that_is_not_answered_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let runtime = RuntimeApi::new(&address, Config::default()).unwrap();
    let reason = "USER_STORE: not set".into();
    assert!(block_on(runtime.report_failed_start(&reason)).is_err());
}
