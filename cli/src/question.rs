//! Asks a person before something is gone for good.

use std::io::{IsTerminal, Write, stderr, stdin};

use crate::error::Error;

/// Goes on only if the answer is yes.
pub fn confirm(question: &str) -> Result<(), Error> {
    if !stdin().is_terminal() {
        return Err(Error::Usage(
            "nobody is there to be asked; say --yes to remove without a question".to_owned(),
        ));
    }
    let mut answer = String::new();
    write!(stderr(), "{question} [y/N] ").map_err(Error::io("terminal"))?;
    stdin()
        .read_line(&mut answer)
        .map_err(Error::io("terminal"))?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Error::Failed("nothing was removed".to_owned())),
    }
}
