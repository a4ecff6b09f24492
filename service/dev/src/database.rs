//! The local DynamoDB: a process of its own, which lives on when the service is built anew.

use std::fs::{self, File, TryLockError};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::Failure;
use crate::processes::Processes;
use crate::settings::{Settings, Variables};

/// The table of the private keys.
pub const KEYS: &str = "keys";
const USERS: &str = "users";
const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";

/// A database that runs.
pub struct Database {
    /// What the functions and the `users` command need to use it.
    pub variables: Variables,
    /// Locked as long as this process runs.
    _port: File,
}

impl Database {
    /// Starts the program on a file, and returns once it answers.
    pub fn start(
        program: &Path,
        file: &Path,
        settings: &Settings,
        processes: &Processes,
    ) -> Result<Self, Failure> {
        let (kept, port) = port(file)?;
        let users = settings
            .get("USERS_TABLE")
            .unwrap_or_else(|| USERS.to_owned());
        let mut command = Command::new(program);
        command.arg(port.to_string()).arg(file).args([&users, KEYS]);
        let mut child =
            processes.start(command.envs(&settings.variables).stdout(Stdio::piped()))?;
        let mut ready = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut ready)?;
        }
        if ready.is_empty() {
            processes.wait(&mut child)?;
            return Err(Failure(
                "the local DynamoDB did not start; what it said is above".to_owned(),
            ));
        }
        ends_with(child, processes.clone());
        let own = [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("USERS_TABLE", &users),
        ];
        let own = own
            .into_iter()
            .filter(|(name, _)| settings.get(name).is_none());
        let mut variables: Variables = own
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        variables.insert(ENDPOINT.to_owned(), format!("http://127.0.0.1:{port}"));
        Ok(Self {
            variables,
            _port: kept,
        })
    }

    /// What a second terminal needs.
    pub fn announce(&self, users: &Path, settings: &Settings) {
        let value = |name| {
            self.variables
                .get(name)
                .cloned()
                .or_else(|| settings.get(name))
        };
        let named = [ENDPOINT, "USERS_TABLE", "SIGNING_KEYS"].into_iter();
        let named = named.filter_map(|name| Some(format!("{name}={}", quoted(&value(name)?))));
        println!(
            "\nThe users are in DynamoDB. In another terminal:\n\n  export {}\n  {} list",
            named.collect::<Vec<_>>().join(" "),
            quoted(&users.display().to_string())
        );
    }
}

/// Without the database nothing works.
fn ends_with(mut child: Child, processes: Processes) {
    thread::spawn(move || {
        let ended = processes.wait(&mut child);
        let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
        eprintln!("make dev: the local DynamoDB ended by itself ({how})");
        processes.exit(1);
    });
}

/// The port of the last run, so that what a terminal was told then still works; another one if it is in use. The
/// file that keeps it is locked, so that two `make dev` do not share a database unnoticed.
fn port(database: &Path) -> Result<(File, u16), Failure> {
    let path: PathBuf = database.with_extension("port");
    let shown = path.display().to_string();
    let failed = |error| Failure::file(&shown, &error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = File::options();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Failure(format!(
                "{} is used by another make dev; end that one, or take another file: make dev DYNAMODB_FILE=.dev/second.sqlite",
                database.display()
            )));
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let mut kept = String::new();
    // Whatever else it says, any port will do.
    let _unreadable = file.read_to_string(&mut kept);
    let port = free_port(kept.trim().parse().unwrap_or(0)).map_err(failed)?;
    let written = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| file.set_len(0))
        .and_then(|()| writeln!(file, "{port}"));
    written.map_err(failed)?;
    Ok((file, port))
}

fn free_port(wanted: u16) -> std::io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", wanted));
    listener
        .or_else(|_| TcpListener::bind(("127.0.0.1", 0)))?
        .local_addr()
        .map(|address| address.port())
}

/// A text as a shell takes it for one word.
fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@%+".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_that_of_the_last_run_and_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("new/deeper/dynamodb.sqlite");
        let (first, port_of_first) = port(&database).unwrap();
        let refused = port(&database).err().unwrap();
        assert!(
            refused.0.contains("is used by another make dev"),
            "{refused}"
        );
        drop(first);
        let (second, port_of_second) = port(&database).unwrap();
        assert_eq!(port_of_second, port_of_first);
        drop(second);
        let _in_use = TcpListener::bind(("127.0.0.1", port_of_first)).unwrap();
        let (_, another) = port(&database).unwrap();
        assert_ne!(another, port_of_first);
    }

    #[test]
    fn a_word_of_a_shell() {
        for (text, expected) in [
            ("/a/b-c", "/a/b-c"),
            ("/a b", "'/a b'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
