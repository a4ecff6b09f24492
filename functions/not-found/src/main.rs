//! Runs the `not-found` function; what it answers is in `lib.rs`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run(not_found::FUNCTION.start).await
}
