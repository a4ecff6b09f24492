//! A sketch of a login that needs a second step, by the public steps of [`Login`] alone. It stays until
//! the service has second factors of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shared::domain::accounts::password::Passwords;
use shared::domain::accounts::{MemoryUsers, User};
use shared::domain::login::attempt::Limits;
use shared::domain::login::memory::MemoryLogins;
use shared::domain::login::{Authenticated, DisabledUsers, Login, LoginError};
use tests::block_on;
use tests::stores::{Call, Fault, Flaky, cheap, cheap_policy};
use tests::world::{Hands, PATIENT};

/// What a login answers where some users have a second factor.
#[derive(Debug)]
enum Answer {
    Authenticated(Authenticated),
    /// The password is right, and is counted; there are no tokens before the code is right, too.
    SecondFactorRequired(User),
}

/// Johndoe has a second factor, whose code is always 123456.
fn check_code(user: &User, code: &str) -> Option<Result<(), &'static str>> {
    let right = if code == "123456" {
        Ok(())
    } else {
        Err("wrong code")
    };
    (user.username == "johndoe").then_some(right)
}

async fn log_in(
    login: &Login,
    username: &str,
    password: &str,
    code: Option<&str>,
) -> Result<Answer, LoginError> {
    let admitted = login.admit("203.0.113.7", username, password).await?;
    let verified = login.verify(admitted, password);
    let proof = verified
        .user()
        .and_then(|user| check_code(user, code.unwrap_or_default()));
    let verified = match (proof, code) {
        (Some(proof), Some(_)) => verified.and("otp", proof),
        _ => verified,
    };
    let authenticated = login.conclude(verified).await?;
    Ok(match (proof, code) {
        (Some(_), None) => Answer::SecondFactorRequired(authenticated.user),
        _ => Answer::Authenticated(authenticated),
    })
}

#[test]
fn a_second_step_stands_between_the_password_and_the_one_verdict() {
    let users = Arc::new(MemoryUsers::new(cheap(&["alice", "johndoe"])));
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    let count = move |call| {
        counted.fetch_add(usize::from(call == Call::Write), Ordering::SeqCst);
        Fault::None
    };
    let login = Login {
        store: Arc::new(Flaky::new(Arc::new(MemoryLogins::new(users)), count)),
        limits: Limits {
            per_account: 4,
            per_address: 0,
        },
        disabled_users: DisabledUsers::Admitted,
        passwords: Passwords::new(cheap_policy()),
        patience: PATIENT,
        clock: Hands::at_now(),
    };
    let attempt = |username, password, code| {
        let answer = block_on(log_in(&login, username, password, code));
        (answer, writes.swap(0, Ordering::SeqCst))
    };

    let (answer, writes) = attempt("alice", "secret", None);
    let Ok(Answer::Authenticated(alice)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!((alice.methods, writes), (vec!["pwd"], 1));

    let (answer, writes) = attempt("johndoe", "secret", None);
    let Ok(Answer::SecondFactorRequired(user)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!((&*user.username, writes), ("johndoe", 1));

    let (answer, writes) = attempt("johndoe", "secret", Some("123456"));
    let Ok(Answer::Authenticated(john)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!((john.methods, writes), (vec!["pwd", "otp"], 1));

    // A wrong code counts as a wrong password does, once; and a wrong password is not told from a wrong code.
    for (password, code, expected) in [
        ("secret", "000000", "wrong code"),
        ("wrong", "123456", "wrong password"),
        ("wrong", "000000", "wrong password"),
        ("secret", "999999", "wrong code"),
    ] {
        let (answer, writes) = attempt("johndoe", password, Some(code));
        let Err(LoginError::IncorrectPassword { reason }) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!((reason, writes), (expected, 1));
    }
    let (answer, writes) = attempt("johndoe", "secret", Some("123456"));
    assert!(
        matches!(answer, Err(LoginError::TooManyAttempts { .. })),
        "{answer:?}"
    );
    assert_eq!(writes, 0);
}
