//! How a function runs in Lambda: its cold start, its loop, and one log line for each request.
//!
//! | module | holds |
//! |---|---|
//! | `function` | [`Function`]: what a folder of `functions/` says about itself; [`ColdStart`] |
//! | `service` | [`Service`]: a started function, which answers events |
//! | `authorizing` | a started authorizer, which gives verdicts |
//! | `runtime` | [`RuntimeApi`]: events in, answers out |
//! | `trace` | the id of a request's trace in X-Ray |
//! | [`log`] | log lines in JSON, and what they never contain |

mod authorizing;
mod function;
pub mod log;
mod runtime;
mod service;
mod trace;

use std::process;

use lambda_runtime::Config;
pub use lambda_runtime::Error;
use tracing::error;

use crate::config::{self, Parts};

pub use function::{ColdStart, Function, Start, Started};
pub use runtime::RuntimeApi;
pub use service::{Answered, Service};

/// Runs a function: reads its configuration, opens what it needs, and answers events until the
/// environment ends.
pub async fn run(start: Start) -> Result<(), Error> {
    log::init();
    let service = match start(ColdStart::new(&config::environment, Parts::default())).await {
        Ok(service) => service,
        Err(error) => {
            // Printed before it is reported: a Runtime API may never answer the report.
            eprintln!("Error: {error}");
            if let Err(unreported) = report(&error.into()).await {
                error!(reason = %unreported, "the Runtime API was not told why");
            }
            process::exit(1)
        }
    };
    match runtime_api() {
        Some(runtime) => match runtime?.serve(&*service).await? {},
        None => {
            Err("this program is a Lambda function: try `make dev` or `cargo lambda watch`".into())
        }
    }
}

async fn report(error: &Error) -> Result<(), Error> {
    match runtime_api() {
        Some(runtime) => runtime?.report_failed_start(error).await,
        None => Ok(()),
    }
}

/// The Runtime API of the environment; `None` outside of Lambda.
fn runtime_api() -> Option<Result<RuntimeApi, Error>> {
    let address = config::environment("AWS_LAMBDA_RUNTIME_API")?;
    Some(RuntimeApi::new(&address, Config::from_env()))
}
