//! Wires the `docs` function into Lambda; what it answers is in `lib.rs`.

use docs::{ROUTE, files, handle};
use shared::http::{self, Files};
use shared::{config, log};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    log::init();
    let files = if config::docs_enabled(config::environment)? {
        files()?
    } else {
        Files::default()
    };
    http::run(&files, ROUTE, handle).await
}
