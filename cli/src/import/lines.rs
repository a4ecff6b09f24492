//! The lines of a file, read in a thread of their own, since reading from a pipe may block.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, stderr, stdin};
use std::{process, thread};

use tokio::signal::ctrl_c;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::error::Error;
use crate::output::note;

/// A longer line cannot be a user: an item of DynamoDB has at most 400 KB.
const MOST_BYTES: u64 = 400 * 1024;
/// How many lines are read ahead: enough to keep the writers busy.
const AHEAD: usize = 128;

/// A line that is not blank.
pub struct Line {
    /// Counted from 1.
    pub number: u64,
    /// The bytes of the file up to the end of this line.
    pub end: u64,
    /// The line as it is in the file, or what is wrong with it.
    pub text: Result<Vec<u8>, String>,
}

/// What comes next.
pub enum Next {
    /// A line.
    Line(Line),
    /// The file has ended.
    End,
    /// Ctrl-C was pressed.
    Stop,
}

/// Gives one line after the other.
pub struct Lines {
    /// How long the file is, if it is a file.
    pub bytes: Option<u64>,
    file: String,
    read: Receiver<io::Result<Line>>,
    stop: Receiver<()>,
}

impl Lines {
    /// Opens a file, or standard input if it is `-`.
    pub fn open(file: &str) -> Result<Self, Error> {
        let (sender, read) = channel(AHEAD);
        let mut bytes = None;
        if file == "-" {
            thread::spawn(move || send_lines(BufReader::new(stdin()), &sender));
        } else {
            let open = File::open(file).map_err(Error::io(file))?;
            let metadata = open.metadata().map_err(Error::io(file))?;
            bytes = metadata.is_file().then_some(metadata.len());
            thread::spawn(move || send_lines(BufReader::new(open), &sender));
        }
        Ok(Self {
            bytes,
            file: file.to_owned(),
            read,
            stop: on_ctrl_c(),
        })
    }

    /// The next line.
    pub async fn next(&mut self) -> Result<Next, Error> {
        tokio::select! {
            biased;
            Some(()) = self.stop.recv() => Ok(Next::Stop),
            line = self.read.recv() => match line {
                None => Ok(Next::End),
                Some(Ok(line)) => Ok(Next::Line(line)),
                Some(Err(error)) => Err(Error::io(&self.file)(error)),
            },
        }
    }
}

/// The first Ctrl-C stops the reading and lets the started writes end; the second ends the process.
fn on_ctrl_c() -> Receiver<()> {
    let (sender, stop) = channel(1);
    tokio::spawn(async move {
        if ctrl_c().await.is_ok() {
            let _ = sender.send(()).await;
            if stderr().is_terminal() {
                note("\nstopping; once more to stop at once");
            }
            let _ = ctrl_c().await;
            process::exit(1);
        }
    });
    stop
}

/// Sends lines until the file ends, reading fails, or nobody takes them any more.
fn send_lines(mut reader: impl BufRead, sender: &Sender<io::Result<Line>>) {
    let (mut number, mut end) = (0, 0);
    loop {
        let line = read_line(&mut reader, &mut end);
        number += 1;
        let line = match line {
            Ok(None) => return,
            Ok(Some(Ok(text))) if text.trim_ascii().is_empty() => continue,
            Ok(Some(text)) => Ok(Line { number, end, text }),
            Err(error) => Err(error),
        };
        let failed = line.is_err();
        if sender.blocking_send(line).is_err() || failed {
            return;
        }
    }
}

/// Reads a line; `None` at the end. A line that is too long is read to its end, but not kept.
fn read_line(
    reader: &mut impl BufRead,
    end: &mut u64,
) -> io::Result<Option<Result<Vec<u8>, String>>> {
    let mut text = Vec::new();
    let mut read = reader
        .by_ref()
        .take(MOST_BYTES)
        .read_until(b'\n', &mut text)?;
    *end += read as u64;
    if read == 0 {
        return Ok(None);
    }
    let too_long = read as u64 == MOST_BYTES && !text.ends_with(b"\n");
    while too_long && read > 0 && !text.ends_with(b"\n") {
        text.clear();
        read = reader
            .by_ref()
            .take(MOST_BYTES)
            .read_until(b'\n', &mut text)?;
        *end += read as u64;
    }
    if too_long {
        let text = format!("more than {MOST_BYTES} bytes, which no user has");
        return Ok(Some(Err(text)));
    }
    Ok(Some(Ok(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(file: &[u8]) -> Vec<(u64, u64, Result<Vec<u8>, String>)> {
        let (sender, mut lines) = channel(100);
        send_lines(file, &sender);
        drop(sender);
        let mut all = Vec::new();
        while let Some(line) = lines.blocking_recv() {
            let line = line.unwrap();
            all.push((line.number, line.end, line.text));
        }
        all
    }

    #[test]
    fn counts_lines_and_bytes_and_passes_over_blank_ones() {
        let text = |text: &str| Ok(text.as_bytes().to_vec());
        assert_eq!(
            lines(b"one\n\n \r\ntwo\r\nthree"),
            [
                (1, 4, text("one\n")),
                (4, 13, text("two\r\n")),
                (5, 18, text("three"))
            ]
        );
        assert!(lines(b"").is_empty());
        assert!(lines(b"\n\n").is_empty());
    }

    #[test]
    fn keeps_no_endless_line() {
        let file = [&vec![b'x'; 1_000_000], &b"\ntwo\n"[..]].concat();
        let lines = lines(&file);
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0]
                .2
                .as_ref()
                .is_err_and(|e| e.contains("409600 bytes"))
        );
        assert_eq!(lines[1], (2, 1_000_005, Ok(b"two\n".to_vec())));
    }
}
