//! Wires the `token` function into Lambda; what it answers is in `lib.rs`.

use shared::{App, http, log};
use token::{ROUTE, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    log::init();
    let app = App::from_env().await?;
    app.passwords.warm();
    http::run(&app, ROUTE, handle).await
}
