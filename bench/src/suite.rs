//! What is measured: the floors, this project's functions, an older build of them, and the peers.

mod functions;
mod logins;
mod names;
mod node;
mod peer;
mod refusals;
mod rings;
mod sessions;

use std::fs;
use std::path::{Path, PathBuf};

use argon2::{Argon2, Params, PasswordHasher};
use serde_json::Value;
use tempfile::TempDir;

use crate::args::SuiteArgs;
use crate::candidate::{Candidate, Effort, Request};
use crate::cgroup::Quotas;
use crate::dynamodb::{Server, Watch};
use crate::error::{Context, Error};
use crate::logins::{Counted, Mixed};
use crate::machine::commit;
use crate::results::Figure;
use crate::tls::Identity;

pub use names::*;

const TUTORIAL: &str = "shared/src/domain/users/tutorial.json";
const ENVIRONMENT: &str = "events/env.json";
const READ: &str = "events/users-me.json";
const LOGIN: &str = "events/token.json";
/// The password of the tutorial's users, which everybody knows.
const PASSWORD: &str = "secret";

/// Names and values of an environment.
pub type Variables = Vec<(String, String)>;

/// The candidates, and what they need while they are measured.
pub struct Suite {
    /// In the order of a round.
    pub candidates: Vec<Candidate>,
    /// The kinds of logins on DynamoDB, of each build, and of requests about sessions.
    pub counted: Vec<Counted>,
    /// The kinds of refused logins, of each build.
    pub refused: Vec<Mixed>,
    /// Figures that are known before anything is measured: the sizes of the programs that are
    /// deployed and of tokens, each with its candidate's name.
    pub known: Vec<(String, Figure, f64)>,
    /// What could not be measured, and why.
    pub notes: Vec<String>,
    folder: TempDir,
    users_command: PathBuf,
    dynamodb: Option<DynamoDb>,
    share: Option<Quotas>,
}

/// A build has a server of its own: two that count logins differently would disturb each other.
struct DynamoDb {
    program: PathBuf,
    servers: Vec<Server>,
    identity: Identity,
    watch: Watch,
}

impl Suite {
    /// Finds every program and starts a local DynamoDB for each build.
    pub fn prepare(args: &SuiteArgs) -> Result<Self, Error> {
        let mut suite = Self {
            candidates: Vec::new(),
            counted: Vec::new(),
            refused: Vec::new(),
            known: Vec::new(),
            notes: Vec::new(),
            folder: tempfile::tempdir().context("a folder for a while")?,
            users_command: args.users.clone().map_or_else(beside_this_program, Ok)?,
            dynamodb: None,
            share: None,
        };
        suite.quota(args.cpu_share);
        match &args.dynamodb {
            Some(program) => suite.dynamodb = Some(DynamoDb::new(program)?),
            None => suite.note("nothing is measured on DynamoDB: no --dynamodb"),
        }
        let floors = args
            .floors
            .clone()
            .map_or_else(where_cargo_lambda_builds, Ok)?;
        suite.floors(&floors)?;
        suite.functions("", &args.functions)?;
        if let Some(before) = &args.before {
            suite.note(format!(
                "`before` is the build of commit {}",
                commit(before)
            ));
            suite.functions(BEFORE, before)?;
        }
        match &args.peer {
            Some(python) => suite.peer(python)?,
            None => suite.note("FastAPI is not measured: no --peer"),
        }
        match &args.node {
            Some(node) => suite.node(node)?,
            None => suite.note("no peer in Node.js is measured: no --node"),
        }
        Ok(suite)
    }

    /// Counts the requests to the local DynamoDB, if there is one.
    #[must_use]
    pub fn watch(&self) -> Option<&Watch> {
        self.dynamodb.as_ref().map(|dynamodb| &dynamodb.watch)
    }

    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn quota(&mut self, percent: f64) {
        match Quotas::new(percent) {
            Ok(quotas) => self.share = Some(quotas),
            Err(why) => self.note(format!(
                "nothing is measured at {percent} % of a CPU: {why}"
            )),
        }
    }

    fn floors(&mut self, folder: &Path) -> Result<(), Error> {
        for name in [FLOOR, FLOOR_RAW] {
            let floor = candidate(name, bootstrap(folder, name), READ, Effort::LIGHT)?;
            self.candidates.push(floor);
        }
        for parameters in [OWASP, FASTAPI] {
            for wiped in [false, true] {
                let program = bootstrap(folder, "argon2-reference");
                let name = argon2(parameters, wiped);
                let mut reference = candidate(&name, program, LOGIN, effort(parameters))?;
                reference.arguments = parameters.map(|number| number.to_string()).to_vec();
                reference.arguments.extend(wiped.then(|| "wiped".into()));
                self.candidates.push(reference);
            }
        }
        Ok(())
    }

    /// The variables for the tutorial's users with hashes of these parameters.
    fn users(&self, parameters: Parameters) -> Result<Variables, Error> {
        let [kib, passes, lanes] = parameters.map(|number| number.to_string());
        let file = self.folder.path().join(format!("users-{kib}.json"));
        fs::write(&file, users(parameters)?).context(file.display().to_string())?;
        let variables = [
            ("TUTORIAL_USERS", "false".to_owned()),
            ("USERS_FILE", file.display().to_string()),
            ("PASSWORD_HASH_MEMORY_KIB", kib),
            ("PASSWORD_HASH_ITERATIONS", passes),
            ("PASSWORD_HASH_PARALLELISM", lanes),
        ];
        Ok(variables
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec())
    }
}

impl DynamoDb {
    fn new(program: &Path) -> Result<Self, Error> {
        Ok(Self {
            program: program.to_owned(),
            servers: Vec::new(),
            identity: Identity::new()?,
            watch: Watch::default(),
        })
    }
}

/// The variables of a file that `sam local invoke --env-vars` takes.
pub fn variables(file: &Path) -> Result<Variables, Error> {
    let parsed = json(file)?;
    let parameters = parsed["Parameters"].as_object().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(parameters
        .map(|(name, value)| (name.clone(), text(value)))
        .collect())
}

fn users(parameters: Parameters) -> Result<String, Error> {
    let mut users = json(Path::new(TUTORIAL))?;
    let hash = hash(parameters)?;
    for user in users.as_array_mut().into_iter().flatten() {
        user["password_hash"] = hash.as_str().into();
    }
    Ok(users.to_string())
}

/// The password's hash, as a PHC string.
fn hash([kib, passes, lanes]: Parameters) -> Result<String, Error> {
    let params = Params::new(kib, passes, lanes, None);
    let params = params.map_err(|error| Error::Missing(error.to_string()))?;
    let hash = Argon2::from(params).hash_password(PASSWORD.as_bytes());
    let hash = hash.map_err(|error| Error::Missing(error.to_string()))?;
    Ok(hash.to_string())
}

fn json(file: &Path) -> Result<Value, Error> {
    let text = fs::read_to_string(file).context(file.display().to_string())?;
    serde_json::from_str(&text).context(file.display().to_string())
}

fn candidate(
    name: &str,
    program: PathBuf,
    event: &str,
    effort: Effort,
) -> Result<Candidate, Error> {
    Ok(Candidate {
        name: name.to_owned(),
        bytes: bytes(&program)?,
        program,
        request: Request::ok(fs::read_to_string(event).context(event)?),
        effort,
        ..Candidate::default()
    })
}

fn bytes(program: &Path) -> Result<u64, Error> {
    let file = fs::metadata(program);
    Ok(file.context(program.display().to_string())?.len())
}

fn effort(parameters: Parameters) -> Effort {
    match parameters {
        OWASP => Effort::LOGIN,
        _ => Effort::HEAVY_LOGIN,
    }
}

fn bootstrap(folder: &Path, function: &str) -> PathBuf {
    folder.join(function).join("bootstrap")
}

/// The command `users` in the folder of this program, where cargo puts both.
fn beside_this_program() -> Result<PathBuf, Error> {
    let program = std::env::current_exe().context("this program's own path")?;
    Ok(program.with_file_name("users"))
}

/// The folder `target/lambda`, if this program is in `target/release`.
fn where_cargo_lambda_builds() -> Result<PathBuf, Error> {
    let program = std::env::current_exe().context("this program's own path")?;
    let target = program.ancestors().nth(2).unwrap_or(Path::new("."));
    Ok(target.join("lambda"))
}
