//! Wires the `docs` function into Lambda; what it answers is in `lib.rs`.

use docs::{ROUTE, files, handle};
use shared::http::{self, Files};
use shared::log;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    log::init();
    let files = Files::from_env(files)?;
    http::run(&files, ROUTE, handle).await
}
