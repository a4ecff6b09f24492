//! Runs the `users-me-session` function; what it answers is in `lib.rs`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run(users_me_session::FUNCTION.start).await
}
