//! Runs the `authorizer` function; what it answers is in `lib.rs`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run(authorizer::FUNCTION.start).await
}
