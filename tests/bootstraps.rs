//! The functions as they are deployed, each a process of its own, behind the gateway of `service`: part of
//! `make sam-test`.
//!
//! `BOOTSTRAPS` names the folder that `sam build` made. What `make dev` has in one process must be the same there.

use std::collections::HashMap;
use std::env;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::Value;
use service::FUNCTIONS;
use service::development::environment::of_function;
use service::gateway::Gateway;
use service::gateway::routing::Routes;
use shared::domain::clock::{Clock, SystemClock};
use shared::lambda::Function;
use tests::gateway::{answer, received};
use tests::runtime::{accepted, event, receive};
use tests::{Answer, Client, HttpRequest, KEY, block_on, parity, parsed_template, read};

/// A function's process, and the Runtime API that gives it events.
struct Bootstrap {
    process: Child,
    events: Sender<String>,
    answers: Receiver<Vec<u8>>,
}

impl Bootstrap {
    fn start(program: &Path, function: &Function, variables: &HashMap<String, String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (events, queue) = channel();
        let (sender, answers) = channel();
        thread::spawn(move || serve(&listener.accept().unwrap().0, &queue, &sender));
        let mut command = Command::new(program);
        command.env_clear().envs(variables);
        command.env("AWS_LAMBDA_RUNTIME_API", address);
        command.env("AWS_LAMBDA_FUNCTION_NAME", function.name);
        command.env("AWS_LAMBDA_FUNCTION_VERSION", "1");
        command.env("AWS_LAMBDA_LOG_LEVEL", "ERROR");
        Self {
            process: command.spawn().unwrap(),
            events,
            answers,
        }
    }
}

impl Drop for Bootstrap {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Gives an event to each request for one, and takes its answer, until there are no events any more.
fn serve(mut stream: &TcpStream, events: &Receiver<String>, answers: &Sender<Vec<u8>>) {
    while let Ok(body) = events.recv() {
        receive(&mut stream);
        stream.write_all(event(&body, "").as_bytes()).unwrap();
        let answer = receive(&mut stream);
        stream.write_all(accepted().as_bytes()).unwrap();
        answers.send(answer.body.to_string().into_bytes()).unwrap();
    }
}

/// The service as it is deployed.
struct Deployed {
    gateway: Gateway,
    functions: HashMap<&'static str, Bootstrap>,
}

impl Client for Deployed {
    fn send(&self, request: &HttpRequest) -> Answer {
        let invoke = async |name: &str, event: &Value| {
            let function = &self.functions[name];
            function.events.send(event.to_string()).unwrap();
            function.answers.recv().ok()
        };
        answer(&block_on(self.gateway.answer(&received(request), invoke)))
    }

    fn now(&self) -> u64 {
        SystemClock.now().as_secs()
    }
}

#[test]
#[ignore = "needs BOOTSTRAPS"]
#[expect(clippy::disallowed_methods, reason = "told where the functions are")]
fn answer_as_fastapi_does() {
    let folder = env::var("BOOTSTRAPS").expect("BOOTSTRAPS names the folder that sam has built");
    let values: Value = serde_json::from_str(&read("events/env.json")).unwrap();
    let values = values["Parameters"].as_object().unwrap().iter();
    let values = values.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    let values = values.collect();
    let functions = FUNCTIONS.iter().map(|function| {
        let variables = block_on(of_function(parsed_template(), function, &values));
        let program = Path::new(&folder)
            .join(resource(function.name))
            .join("bootstrap");
        let bootstrap = Bootstrap::start(&program, function, &variables.into_iter().collect());
        (function.name, bootstrap)
    });
    let deployed = Deployed {
        gateway: Gateway::new(Routes::of_template(parsed_template())),
        functions: functions.collect(),
    };
    let cases = parity::cases(&["core", "framework", "edge"]);
    let passed = parity::run(&deployed, Some(KEY), &cases);
    println!(
        "parity of {} bootstraps: {passed} passed",
        deployed.functions.len()
    );
}

/// `UsersMeFunction` for `users-me`.
fn resource(name: &str) -> String {
    let words = name
        .split('-')
        .map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect::<String>() + "Function"
}
