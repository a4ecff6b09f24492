//! What a process says on its standard error: shown, and kept as the reason if it fails.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::Child;

use crate::processes::Processes;

/// The most bytes that are kept.
const MOST: usize = 64 * 1024;

/// How a process failed.
pub struct Failed {
    /// What it said.
    pub said: String,
    /// Its exit code, unless a signal ended it.
    pub code: Option<i32>,
}

/// Waits for a process whose standard error is a pipe, and shows what it says there. Returns it, if the process
/// fails.
pub fn until_it_ends(
    processes: &Processes,
    child: &mut Child,
) -> Result<Option<Failed>, crate::Failure> {
    let said = child.stderr.take().map(show).transpose()?;
    let status = processes.wait(child)?;
    let said = said.filter(|said| !said.trim().is_empty());
    Ok((!status.success()).then(|| Failed {
        said: said.unwrap_or_else(|| format!("it ended by itself ({status})")),
        code: status.code(),
    }))
}

fn show(output: impl Read) -> io::Result<String> {
    let (mut said, mut line) = (String::new(), Vec::new());
    let mut output = BufReader::new(output);
    while output.read_until(b'\n', &mut line)? > 0 {
        io::stderr().write_all(&line)?;
        if said.len() < MOST {
            said += &String::from_utf8_lossy(&line);
        }
        line.clear();
    }
    Ok(said)
}

/// The first error or panic that cargo or a program tells, without colours: from the line that begins it to an empty
/// line. All of it, if no line does.
pub fn first_error(said: &str) -> String {
    let plain = without_colours(said);
    let begins = |line: &str| {
        let error = line.starts_with("error") || line.starts_with("Error");
        error || (line.starts_with("thread '") && line.contains(" panicked at "))
    };
    let lines = plain.lines().skip_while(|line| !begins(line));
    let lines: Vec<&str> = lines.take_while(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return plain.trim().to_owned();
    }
    lines.join("\n")
}

/// A text without the terminal's escape sequences (ECMA-48 CSI).
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| ('@'..='~').contains(&letter));
        plain += end.and_then(|end| part.get(end + 1..)).unwrap_or_default();
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_whole_and_alone() {
        let said = "\u{1b}[1m\u{1b}[92m   Compiling\u{1b}[0m status\nwarning: unused\n --> a.rs\n\n\u{1b}[91merror[E0425]\u{1b}[0m: cannot find `x`\n --> b.rs:1\n  |\n\nerror: another\n\n";
        assert_eq!(
            first_error(said),
            "error[E0425]: cannot find `x`\n --> b.rs:1\n  |"
        );
    }

    #[test]
    fn a_panic_is_the_reason_and_not_what_followed_from_it() {
        let panic = "thread 'token' (7) panicked at a.rs:1:\nat the start";
        let said = format!("\n{panic}\n\nError: the configuration is not valid\n");
        assert_eq!(first_error(&said), panic);
    }

    #[test]
    fn what_is_no_error_of_cargo_is_told_as_it_is() {
        let said = "\nit was killed\n";
        assert_eq!(first_error(said), said.trim());
        assert_eq!(first_error(""), "");
    }
}
