//! New passwords: where they come from, and which are good enough (NIST SP 800-63B-4, 3.1.1.2).

use std::io::{IsTerminal, Read, stdin};

use secrecy::{ExposeSecret, SecretString};
use shared::config;
use shared::domain::accounts::MAX_BYTES;
use shared::domain::accounts::password::{PasswordHash, Passwords};
use shared::domain::accounts::unicode::nfc;
use zxcvbn::{Score, zxcvbn};

use crate::args::PasswordArgs;
use crate::error::Error;
use crate::output::count;
use crate::variable;

/// What NIST asks for where the password is the only factor.
const MIN_LENGTH: usize = 15;
/// The variable that sets another minimum length.
const MIN_LENGTH_VARIABLE: &str = "PASSWORD_MIN_LENGTH";

/// Asks for a new password and hashes it. It must not be made of `words`: the user's name and the
/// like.
pub fn new_hash(args: &PasswordArgs, words: &[&str]) -> Result<PasswordHash, Error> {
    let min_length = min_length(args)?;
    let password = if args.password_stdin || !stdin().is_terminal() {
        from_reader(stdin().lock())?
    } else {
        from_prompt(min_length)?
    };
    // What is hashed is the normal form, so that is what must be good enough.
    check(&nfc(password.expose_secret()), min_length, words)?;
    let policy =
        config::password_policy(&variable).map_err(|error| Error::Usage(error.to_string()))?;
    let hash = Passwords::new(policy).hash(password.expose_secret());
    hash.map_err(|error| Error::Failed(error.to_string()))
}

/// How long a password must be. Read before the prompt, so that a wrong setting is reported first.
fn min_length(args: &PasswordArgs) -> Result<usize, Error> {
    if let Some(length) = args.min_length {
        return Ok(length.get().into());
    }
    let Some(text) = variable(MIN_LENGTH_VARIABLE) else {
        return Ok(MIN_LENGTH);
    };
    match text.parse() {
        Ok(length) if length > 0 => Ok(length),
        _ => Err(Error::Usage(format!(
            "{MIN_LENGTH_VARIABLE}: not a whole number from 1 up: {text:?}"
        ))),
    }
}

fn from_prompt(min_length: usize) -> Result<SecretString, Error> {
    let ask = |prompt: &str| {
        let password = rpassword::prompt_password(prompt).map_err(Error::io("terminal"))?;
        Ok(SecretString::from(password))
    };
    let length = count(min_length, "character");
    let password = ask(&format!("New password ({length} or more): "))?;
    let again = ask("The same again: ")?;
    if password.expose_secret() == again.expose_secret() {
        Ok(password)
    } else {
        Err(Error::Usage(
            "the two passwords differ; nothing was changed, try again".to_owned(),
        ))
    }
}

/// Reads one line, without its line end.
fn from_reader(reader: impl Read) -> Result<SecretString, Error> {
    // One byte more than the longest password and its "\r\n", so that a longer one is noticed.
    let most = MAX_BYTES + 3;
    let mut text = String::new();
    let read = reader.take(most as u64).read_to_string(&mut text);
    // From here on the text is wiped when it is dropped, even if reading has failed.
    let text = SecretString::from(text);
    read.map_err(|error| {
        Error::Usage(format!(
            "the password on standard input cannot be read: {error}"
        ))
    })?;
    let line = text.expose_secret();
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains('\n') {
        return Err(Error::Usage(
            "standard input holds more than one line; give the password alone".to_owned(),
        ));
    }
    Ok(line.into())
}

/// Is the password long enough, and hard enough to guess?
fn check(password: &str, min_length: usize, words: &[&str]) -> Result<(), Error> {
    let refuse = |text: String| Err(Error::Usage(text));
    // NIST: each Unicode code point counts as one character.
    let length = password.chars().count();
    if length < min_length {
        return refuse(format!(
            "the password has {}; {min_length} or more are needed (--min-length sets another number)",
            count(length, "character")
        ));
    }
    if password.len() > MAX_BYTES {
        return refuse(format!(
            "the password has more than {MAX_BYTES} bytes; give a shorter one"
        ));
    }
    match weakness(password, words) {
        Some(advice) => refuse(format!("the password is too easy to guess: {advice}")),
        None => Ok(()),
    }
}

/// What zxcvbn advises against a password that it would guess within a hundred million tries (a
/// score below 3): a common password or a repetition of one, a run on the keyboard, a date, the
/// user's own name, a few characters of any kind.
fn weakness(password: &str, words: &[&str]) -> Option<String> {
    let estimate = zxcvbn(password, words);
    let advice = estimate.feedback().map(ToString::to_string);
    (estimate.score() < Score::Three).then(|| advice.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(password: &str) -> Option<String> {
        let result = check(password, MIN_LENGTH, &["alice", "alice@example.com"]);
        result.err().map(|error| error.to_string())
    }

    #[test]
    fn takes_long_passwords_of_any_kind() {
        for password in [
            "correct horse battery staple",
            "mehr als fünfzehn",
            "ein Satz, 15 lang",
            "7\u{301}\u{1f600} пароль надёжный",
            &"some words that do not end ".repeat(37),
        ] {
            assert_eq!(refused(password), None, "{password}");
        }
    }

    #[test]
    fn refuses_short_long_and_common_ones() {
        let long = "long enough ".repeat(86);
        for (password, expected) in [
            ("", "has 0 characters"),
            ("fourteen chars", "has 14 characters; 15 or more"),
            ("éééééééééééééé", "has 14 characters"),
            (&long, "more than 1024 bytes"),
            ("passwordpassword", "easy to guess: Repeats like"),
            (
                "aaaaaaaaaaaaaaaaaaaa",
                "easy to guess: Repeats like \"aaa\"",
            ),
            ("1234567890123456", "easy to guess: "),
            ("qwertyuiopasdfghjkl", "easy to guess: "),
            ("alicealicealice", "easy to guess: "),
            ("alice@example.com", "easy to guess: Add another word"),
        ] {
            let error = refused(password).unwrap_or_default();
            assert!(error.contains(expected), "{password:?}: {error:?}");
        }
        assert!(check("secret", 1, &[]).is_err(), "short may be, common not");
        assert!(check("x7!Kq2", 1, &[]).is_err(), "so are six characters");
        assert!(check("x7!Kq2vRw", 1, &[]).is_ok());
    }

    #[test]
    fn a_score_of_3_is_enough_and_2_is_not() {
        for (password, score) in [
            ("wheelbarrowcarpenter", Score::Two),
            ("marmaladethermostat", Score::Three),
            ("x7!Kq2vR", Score::Two),
            ("x7!Kq2vRw", Score::Three),
        ] {
            assert_eq!(zxcvbn(password, &[]).score(), score, "{password}");
            let taken = check(password, 1, &[]).is_ok();
            assert_eq!(taken, score >= Score::Three, "{password}");
        }
    }

    #[test]
    fn what_is_known_of_a_user_is_easy_to_guess() {
        let password = "vanderslootjurgenmeier";
        assert!(check(password, MIN_LENGTH, &[]).is_ok());
        let error = check(password, MIN_LENGTH, &["vandersloot", "jurgenmeier"]);
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("the password is too easy to guess: Add"),
            "{error}"
        );
        assert!(!error.contains('\n') && !error.contains("sloot"), "{error}");
    }

    #[test]
    fn one_character_is_singular() {
        let error = check("x", MIN_LENGTH, &[]).unwrap_err().to_string();
        assert!(
            error.starts_with("the password has 1 character; 15"),
            "{error}"
        );
    }

    #[test]
    fn reads_one_line() {
        for (input, expected) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\n", "secret"),
            (" s ecret \n", " s ecret "),
            ("", ""),
        ] {
            let password = from_reader(input.as_bytes()).unwrap();
            assert_eq!(password.expose_secret(), expected, "{input:?}");
        }
        for input in [&b"two\nlines\n"[..], b"x\n\n", b"\xff\n"] {
            assert!(from_reader(input).is_err(), "{input:?}");
        }
        let longest = from_reader([&[b'x'; 1024][..], b"\r\n"].concat().as_slice()).unwrap();
        assert_eq!(longest.expose_secret().len(), 1024);
        let longer = from_reader([b'x'; 2000].as_slice()).unwrap();
        assert!(check(longer.expose_secret(), 1, &[]).is_err());
    }
}
