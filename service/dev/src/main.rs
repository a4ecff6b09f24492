//! `make dev`: builds the service, serves it, and does both anew after a save.
//!
//! This process owns the port. The service is another one, which is given the socket as its standard input: while
//! there is none, requests wait in the socket's queue. The service ends by itself when a file was saved, before it
//! answers another request. If it cannot be built, or ends otherwise, this process answers with the reason.

mod database;
mod processes;
mod ring;
mod said;
mod settings;
mod unavailable;

use std::convert::Infallible;
use std::env;
use std::io::{self, IsTerminal};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use dev::NOT_CONFIGURED;
use dev::saved::{Files, Saved};

use self::database::Database;
use self::processes::Processes;
use self::said::{Failed, first_error};
use self::settings::{SIGNING_KEYS, Settings, Variables};

/// Why `make dev` ends.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(String);

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

impl Failure {
    /// A file that cannot be used.
    fn file(name: &str, error: &io::Error) -> Self {
        Self(format!("{name}: {error}"))
    }
}

/// Variables that name files which the functions read.
const NAMED: [&str; 2] = ["CLIENTS_FILE", "USERS_FILE"];

fn main() {
    let processes = match Processes::ending_with_signals() {
        Ok(processes) => processes,
        Err(error) => {
            eprintln!("make dev: {error}");
            std::process::exit(1)
        }
    };
    let Err(failure) = run(&processes);
    eprintln!("make dev: {failure}");
    processes.exit(1)
}

fn run(processes: &Processes) -> Result<Infallible, Failure> {
    let settings = Settings::read()?;
    let named = NAMED.into_iter().filter_map(|name| settings.get(name));
    let named: Vec<String> = named.collect();
    let files = Files::and(named.clone());
    // Taken before anything is built or started.
    let listener = listen(settings.port)?;
    let mut dev = Dev {
        processes,
        listener,
        named,
        prepared: false,
        has_served: false,
        database: None,
        ring: Variables::new(),
    };
    // How often the service said in a row that a file was saved, where this process saw none.
    let mut unseen = 0;
    loop {
        let before = files.now();
        if let Some(said) = dev.round(&before)? {
            let reason = first_error(&said);
            unavailable::until_a_save(&dev.listener, &files, &before, &reason)?;
        }
        unseen = if files.now() == before { unseen + 1 } else { 0 };
        if unseen > 1 {
            return Err(Failure("it was changed itself; start it again".to_owned()));
        }
    }
}

fn listen(port: u16) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", port)).map_err(|error| {
        Failure(format!(
            "port {port}: {error}; stop what listens there, or choose another: make dev PORT=9001"
        ))
    })?;
    // Neither this process nor the service waits for a connection alone.
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// What stays while the service is built and started anew.
struct Dev<'a> {
    processes: &'a Processes,
    listener: TcpListener,
    /// The files that variables name.
    named: Vec<String>,
    /// True once there is all that the settings ask for besides the service.
    prepared: bool,
    /// True once the service has served until a save.
    has_served: bool,
    database: Option<Database>,
    /// The ring, if it is kept in a file.
    ring: Variables,
}

impl Dev<'_> {
    /// Builds the service and runs it until a file is saved. Returns what was said if it could not be built, or
    /// ended by itself.
    fn round(&mut self, before: &Saved) -> Result<Option<String>, Failure> {
        // Read each time: the development values may have been saved.
        let settings = match Settings::read() {
            Ok(settings) => settings,
            Err(failure) => {
                eprintln!("make dev: {failure}");
                return Ok(Some(failure.to_string()));
            }
        };
        if let Some(failed) = self.build(&settings)? {
            return Ok(Some(failed.said));
        }
        if !self.prepared {
            self.prepare(&settings)?;
            self.prepared = true;
        }
        let mut service = Command::new(built("serve")?);
        service.args([
            before.text(),
            if self.has_served { "again" } else { "first" },
        ]);
        service.args(&self.named).envs(self.variables(&settings));
        service.stdin(OwnedFd::from(self.listener.try_clone()?));
        let mut process = self.processes.start(service.stderr(Stdio::piped()))?;
        match said::until_it_ends(self.processes, &mut process)? {
            None => {
                self.has_served = true;
                Ok(None)
            }
            // No save would mend the environment.
            Some(failed) if failed.code == Some(NOT_CONFIGURED.into()) && !self.has_served => {
                Err(Failure("what is wrong is above".to_owned()))
            }
            Some(failed) => Ok(Some(failed.said)),
        }
    }

    /// Builds the programs that the settings ask for.
    fn build(&self, settings: &Settings) -> Result<Option<Failed>, Failure> {
        let mut programs = vec![("service", "serve")];
        if settings.database.is_some() {
            programs.push(("local-dynamodb", "local-dynamodb"));
        }
        if settings.database.is_some() || settings.algorithm.is_some() {
            programs.push(("users", "users"));
        }
        if !programs
            .iter()
            .all(|(_, name)| built(name).is_ok_and(|program| program.exists()))
        {
            println!("make dev: the first build takes a minute or two; requests wait");
        }
        let mut cargo = Command::new("cargo");
        cargo.arg("build").stderr(Stdio::piped());
        for (package, program) in programs {
            cargo.args(["--package", package, "--bin", program]);
        }
        if io::stderr().is_terminal() {
            cargo.args(["--color", "always"]);
        }
        let cargo = self.processes.start(&mut cargo);
        let mut cargo = cargo.map_err(|error| Failure(format!("cargo: {error}")))?;
        said::until_it_ends(self.processes, &mut cargo)
    }

    /// Starts the local DynamoDB and makes the first key of a ring, if the settings ask for them.
    fn prepare(&mut self, settings: &Settings) -> Result<(), Failure> {
        if let Some(file) = &settings.database {
            let program = built("local-dynamodb")?;
            self.database = Some(Database::start(&program, file, settings, self.processes)?);
        }
        let users = built("users")?;
        if let Some(algorithm) = settings.algorithm {
            let mut command = Command::new(&users);
            command.args(["keys", "generate", "--algorithm", algorithm]);
            command.envs(self.variables(settings));
            if settings.get(SIGNING_KEYS).is_some() {
                command.stdout(Stdio::null());
                self.make_key(&mut command)?;
            } else {
                self.ring = ring::kept(algorithm, |file| {
                    self.make_key(command.arg("--json").stdout(file))
                })?;
            }
        }
        if let Some(database) = &self.database {
            database.announce(&users, settings);
        }
        Ok(())
    }

    fn make_key(&self, command: &mut Command) -> Result<(), Failure> {
        let mut made = self.processes.start(command)?;
        if self.processes.wait(&mut made)?.success() {
            return Ok(());
        }
        let failed = "there is no key to sign with; why is above";
        Err(Failure(failed.to_owned()))
    }

    /// What every process that is started is given.
    fn variables(&self, settings: &Settings) -> Variables {
        let of_database = self
            .database
            .iter()
            .flat_map(|database| &database.variables);
        let all = self.ring.iter().chain(&settings.variables);
        let all = all.chain(of_database);
        all.map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// A program that was built: all are in the folder of this one.
fn built(name: &str) -> Result<PathBuf, Failure> {
    Ok(env::current_exe()?.with_file_name(name))
}
