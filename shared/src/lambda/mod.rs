//! How a function runs in Lambda: its cold start, its loop, and one log line for each request.
//!
//! | module | holds |
//! |---|---|
//! | `function` | [`Function`]: what a folder of `functions/` says about itself; [`ColdStart`] |
//! | `service` | [`Service`]: a started function, which answers events |
//! | [`log`] | log lines in JSON, and what they never contain |

mod function;
pub mod log;
mod service;

use std::convert::Infallible;

pub use lambda_runtime::Error;
use lambda_runtime::{Runtime, service_fn};

use crate::config::{self, Parts};

pub use function::{About, ColdStart, Function, Start, Started};
pub use service::{Event, Response, Service};

/// Runs a function: reads its configuration, opens what it needs, and answers events until the
/// environment ends.
///
/// It does not use `lambda_http::run`, which panics if a body is not valid base64
/// (docs/adr/0001-lambda-runtime-without-lambda-http-run.md).
pub async fn run(start: Start) -> Result<(), Error> {
    log::init();
    let service = start(ColdStart::new(&config::environment, Parts::default())).await?;
    if config::environment("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err(
            "this program is a Lambda function and answers no one outside: try `make dev`".into(),
        );
    }
    let service = &service;
    let answer = service_fn(|event| async { Ok::<_, Infallible>(service.answer(event).await) });
    Runtime::new(answer).run().await
}
