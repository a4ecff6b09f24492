//! A function in Lambda: its cold start, its loop, and one log line a request.
//!
//! | module | holds |
//! |---|---|
//! | `function` | [`Function`]: what a folder of `functions/` says of itself; [`ColdStart`] |
//! | `service` | [`Service`]: a started function, which answers events |
//! | [`log`] | JSON lines, and what never stands in them |

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
/// `lambda_runtime` and not `lambda_http::run`, which panics at a body that is not base64.
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
