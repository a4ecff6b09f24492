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
    let service = start(ColdStart::new(&config::environment, Parts::default())).await;
    let service = service.map_err(Error::from);
    let Some(address) = config::environment("AWS_LAMBDA_RUNTIME_API") else {
        return Err(service.err().unwrap_or_else(|| {
            "this program is a Lambda function and answers only there: try `make dev` or `cargo lambda watch`".into()
        }));
    };
    let runtime = RuntimeApi::new(&address, Config::from_env())?;
    match service {
        Ok(service) => match runtime.serve(&*service).await? {},
        Err(error) => {
            // Printed before it is reported: a Runtime API may never answer the report.
            eprintln!("Error: {error}");
            if let Err(unreported) = runtime.report_failed_start(&error).await {
                error!(reason = %unreported, "the Runtime API was not told why");
            }
            process::exit(1)
        }
    }
}
