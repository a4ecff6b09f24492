//! Runs the `users-me-sessions` function; what it answers is in `lib.rs`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run(users_me_sessions::FUNCTION.start).await
}
