//! The whole service in one process, for `make dev`.
//!
//! | module | holds |
//! |---|---|
//! | [`functions`] | the functions, each in a thread of its own |
//! | [`environment`] | which variables each of them sees |
//! | `requests` | what is done with a request |
//! | `log` | a readable line for each |
//! | `ready` | what is printed once it answers |

pub mod environment;
pub mod functions;
mod log;
mod ready;
mod requests;

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd;

use serde_json::Value;
use shared::config::{Memory, Reader, StoreConfig};
use shared::domain::accounts::Stamp;
use tokio::runtime::Builder;

use self::environment::{misspelt, of_function, together};
use self::functions::{Running, Variables};
pub use self::requests::{Fresh, Service};
use crate::gateway::Gateway;
use crate::gateway::cors::{Cors, no_origins};
use crate::gateway::routing::Routes;
use crate::server;
use crate::template::{self, TemplateError};
use crate::{FUNCTIONS, all};

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What is wrong with the variables of any function.
    #[error("Error: the configuration is not valid{0}")]
    Configuration(String),
    /// The template cannot be used.
    #[error("Error: {0}")]
    Template(#[from] TemplateError),
    /// The socket, or a thread.
    #[error(
        "Error: {0}; `make dev` starts this program, which gets the socket as its standard input"
    )]
    System(#[from] io::Error),
}

/// Serves the socket on the standard input, until a file is saved.
pub fn run(fresh: Fresh, first: bool) -> Result<(), Failure> {
    log::init();
    let listener = TcpListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    let port = listener.local_addr()?.port();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let template = template::read()?;
        let variables = variables();
        notes(&template, &variables).await;
        let service = open(&template, &variables, fresh.clone(), port).await?;
        ready::say(port, &variables, first);
        server::serve(listener, move || fresh.goes_on(), service).await;
        Ok(())
    })
}

/// Starts every function, behind the gateway. All that is wrong with the configuration of any is one error.
pub async fn open(
    template: &Value,
    variables: &Variables,
    fresh: Fresh,
    port: u16,
) -> Result<Service, Failure> {
    let mut problems = Problems::new();
    let functions = start(template, variables, &mut problems).await?;
    let mut gateway = Gateway::new(Routes::of_functions(FUNCTIONS));
    gateway.cors = cors(template, variables, &mut problems);
    if !problems.is_empty() {
        return Err(Failure::Configuration(together(problems)));
    }
    Ok(Service::new(gateway, functions, fresh, port))
}

/// The environment of this process.
#[expect(
    clippy::disallowed_methods,
    reason = "each function gets its own part of it"
)]
fn variables() -> Variables {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let variables = std::env::vars_os();
    variables
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

/// What is wrong with the configuration, each with the functions that say so.
type Problems = BTreeMap<String, Vec<&'static str>>;

async fn start(
    template: &Value,
    variables: &Variables,
    problems: &mut Problems,
) -> io::Result<Vec<Running>> {
    let memory = memory(variables);
    let mut running = Vec::new();
    for function in all() {
        let seen = of_function(template, function, variables).await;
        running.push(Running::start(function, seen, memory.clone())?);
    }
    for function in &running {
        let error = function.started().err();
        for problem in error.into_iter().flat_map(|error| error.0) {
            problems.entry(problem).or_default().push(function.name);
        }
    }
    Ok(running)
}

/// The stores in memory that all functions share, if the users are in memory.
fn memory(variables: &Variables) -> Option<Memory> {
    let lookup = |name: &str| variables.get(name).cloned();
    match Reader::read(&lookup, StoreConfig::read) {
        Ok(StoreConfig::Memory { mut users, .. }) => {
            // A logout ends the tokens of users who have a stamp. It is the same after a save, so that a token that
            // somebody has in a shell is still good then.
            for account in users.values_mut() {
                let stamp = &mut account.user.stamp;
                stamp.get_or_insert_with(|| Stamp::from("development".to_owned()));
            }
            Some(Memory::new(users))
        }
        // What is wrong the functions say themselves.
        Ok(StoreConfig::DynamoDb { .. }) | Err(_) => None,
    }
}

/// `CORS_ORIGINS`, as the template's parameter `CorsOrigins`.
fn cors(template: &Value, variables: &Variables, problems: &mut Problems) -> Option<Cors> {
    let origins = variables.get("CORS_ORIGINS").map_or("", String::as_str);
    for wrong in no_origins(origins) {
        let problem = format!("{wrong:?} is no origin; one looks like http://localhost:5173");
        problems.insert(format!("CORS_ORIGINS: {problem}"), Vec::new());
    }
    Cors::of_template(template, origins)
}

/// Says what is probably not as it was meant.
async fn notes(template: &Value, variables: &Variables) {
    for (name, right) in misspelt(variables).await {
        eprintln!("make dev: {name} is set, but nothing reads it; is it {right}?");
    }
    for function in all().filter(|one| template::resource(template, one).is_none()) {
        let name = function.name;
        eprintln!(
            "make dev: template.yaml has no resource for functions/{name}; `make routes` writes it"
        );
    }
}
