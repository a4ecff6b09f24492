//! Wires the `not-found` function into Lambda; what it answers is in `lib.rs`.

use not_found::{ROUTE, handle};
use shared::{http, log};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    log::init();
    http::run(&(), ROUTE, handle).await
}
