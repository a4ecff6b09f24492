//! The candidates: hello worlds, this project's functions, and programs that do the same. performance.md asks for
//! them by their names.

mod events;
mod kinds;
mod peers;

use std::fs;
use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;

use crate::Args;
use crate::function::{Event, Running};
use crate::measure::{Candidate, Effort, mib};
use crate::results::Results;
use crate::seed::{self, ORIGINAL};
use crate::server;
use crate::store::{Store, TABLES};

/// The users of the small store and of the large one, where each of them has 10 sessions.
const SMALL: usize = 10;
const LARGE: usize = 10_000;
/// The effort for microseconds, and for a hash.
const LIGHT: Effort = (15, 500);
const HEAVY: Effort = (3, 20);
/// A token that outlives the run.
const LASTING: [(&str, &str); 1] = [("ACCESS_TOKEN_EXPIRE_MINUTES", "1440")];

/// The programs, and what they need while they are measured.
pub struct Suite {
    /// The candidates without a store and those on the large one.
    pub candidates: Vec<Candidate>,
    functions: PathBuf,
    folder: TempDir,
    tls: TlsAcceptor,
    large: Store,
}

impl Suite {
    /// Finds every program and fills the large store.
    pub async fn prepare(args: &Args) -> Result<Self> {
        // In memory: a commit that waits for a disk would take as long as a login.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        let (tls, pem) = server::identity()?;
        fs::write(folder.path().join("certificate.pem"), pem)?;
        let database = folder.path().join("large");
        let large = Store::start(&tool("local-dynamodb")?, &database, tls.clone()).await?;
        let mut suite = Self {
            candidates: Vec::new(),
            functions: args.functions.clone(),
            folder,
            tls,
            large,
        };
        suite.in_memory().await?;
        suite.fill_large().await?;
        suite.peers(args.python.as_deref(), args.node.as_deref())?;
        Ok(suite)
    }

    async fn in_memory(&mut self) -> Result<()> {
        let floor = |name| anyhow::Ok(Candidate::of([full(tool("../lambda")?.join(name))?]));
        let (read, login) = (self.function("UsersMe")?, self.function("Token")?);
        let [private, public] = self.ring().await?;
        let signs = login.without("JWT_SECRET_KEY").with(&LASTING);
        let signs = signs.with(&[("SIGNING_KEYS", &private)]);
        let verifies = read.without("JWT_SECRET_KEY");
        let verifies = verifies.with(&[("PUBLIC_KEYS", &public)]);
        let es256 = signs.log_in(ORIGINAL).await?.access;
        let es256 = events::bearing("users-me", &es256)?;
        let get = events::file("users-me")?;
        let post = events::login(ORIGINAL, "secret", 200)?;
        self.candidates = vec![
            floor("floor/bootstrap")?.getting("hello", LIGHT, [get.clone()]),
            read.getting("read", LIGHT, [get.clone()]),
            verifies.getting("read-es256", LIGHT, [es256]),
            floor("floor-hash/bootstrap")?.getting("hash", HEAVY, [get]),
            login.getting("login-memory", HEAVY, [post.clone()]),
            fastapi(&login)?.getting("login-fastapi", (2, 6), [post]),
        ];
        Ok(())
    }

    async fn fill_large(&mut self) -> Result<()> {
        seed::users(&self.large.direct, LARGE).await?;
        let on = |name| self.on(&self.large, name);
        let (read, login) = (on("UsersMe")?, on("Token")?);
        let signs = login.with(&kinds::ON).with(&LASTING);
        let token = signs.log_in(ORIGINAL).await?.access;
        seed::sessions(&self.large.direct, 0..LARGE, 10).await?;
        let get = events::bearing("users-me", &token)?;
        let post = events::login("user00001", "secret", 200)?;
        let read = read.getting("read-large", LIGHT, [get]);
        let login = login.getting("login-large", HEAVY, [post]);
        self.candidates.extend([read, login]);
        Ok(())
    }

    /// Starts a store with few users.
    async fn small(&self, round: usize) -> Result<Store> {
        let file = self.folder.path().join(format!("small-{round}"));
        let program = tool("local-dynamodb")?;
        let store = Store::start(&program, &file, self.tls.clone()).await?;
        seed::users(&store.direct, SMALL).await?;
        Ok(store)
    }

    /// A function as it is deployed, with the variables of events/env.json.
    fn function(&self, name: &str) -> Result<Candidate> {
        let file = format!("{name}Function/bootstrap");
        let mut function = Candidate::of([full(self.functions.join(file))?]);
        let variables = events::json("events/env.json")?["Parameters"].take();
        function.program.environment = serde_json::from_value(variables)?;
        Ok(function)
    }

    /// A function on a store, with the default limits of logins and invented credentials.
    fn on(&self, store: &Store, name: &str) -> Result<Candidate> {
        let certificate = self.folder.path().join("certificate.pem");
        let function = self.function(name)?.with(&[
            ("USER_STORE", "dynamodb"),
            ("USERS_TABLE", TABLES[0]),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &store.url()),
            ("SSL_CERT_FILE", &certificate.to_string_lossy()),
        ]);
        let function = function.without("LOGIN_FAILURES_PER_ACCOUNT");
        let mut function = function.without("LOGIN_FAILURES_PER_ADDRESS");
        function.watch = Some(store.watch.clone());
        Ok(function)
    }

    /// Counts the requests of `users` commands, in the small store and in the large one.
    pub async fn commands(&self, small: &Store, results: &mut Results) -> Result<()> {
        for command in ["show user00001", "sessions user00001", "list --limit 1"] {
            for (store, size) in [(small, "small"), (&self.large, "large")] {
                let _before = store.watch.take();
                self.users(store, command).await?;
                let requests = ("requests", store.watch.take()[0]);
                let name = format!("users-{}-{size}", &command[..4]);
                results.add(&name, vec![requests]);
            }
        }
        Ok(())
    }

    /// Adds the size of the largest function.
    pub fn largest(&self, results: &mut Results) -> Result<()> {
        let functions = fs::read_dir(&self.functions)?;
        let files = functions.filter_map(|folder| Some(folder.ok()?.path().join("bootstrap")));
        let sizes = files.filter_map(|file| mib(&file.to_string_lossy()).ok());
        results.add("largest", vec![("size", sizes.fold(0.0, f64::max))]);
        Ok(())
    }

    /// The private and the public ring of a new ES256 key, in JSON.
    async fn ring(&self) -> Result<[String; 2]> {
        let keys = format!("keys --signing-keys dynamodb:{}", TABLES[1]);
        let generate = format!("{keys} generate --algorithm ES256 --no-issuer");
        self.users(&self.large, &generate).await?;
        let ring = async |table| {
            let items = self.large.direct.items(table).await?;
            let ring = items.iter().find_map(|item| item["ring"]["S"].as_str());
            anyhow::Ok(ring.context("no ring")?.to_owned())
        };
        Ok([ring(TABLES[1]).await?, ring(TABLES[0]).await?])
    }

    /// Runs the `users` command.
    async fn users(&self, store: &Store, line: &str) -> Result<()> {
        let mut command = Command::new(tool("users")?);
        let variables = self.on(store, "Token")?.program.environment;
        command.args(line.split(' ')).env_clear().envs(variables);
        let output = command.output().await?;
        let why = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "users {line}: {why}");
        Ok(())
    }
}

/// The path of a program in the folder of this one, where cargo puts both.
fn tool(name: &str) -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// A login with the user of `FastAPI`'s page, whose hash costs 65536/3/4.
fn fastapi(login: &Candidate) -> Result<Candidate> {
    let file = full("bench/peers/users.json")?;
    Ok(login.with(&[
        ("TUTORIAL_USERS", "false"),
        ("USERS_FILE", &file),
        ("PASSWORD_HASH_MEMORY_KIB", "65536"),
        ("PASSWORD_HASH_ITERATIONS", "3"),
        ("PASSWORD_HASH_PARALLELISM", "4"),
    ]))
}

/// The tokens in a login's answer.
struct Tokens {
    access: String,
    refresh: String,
}

impl Running {
    async fn log_in(&mut self, username: &str) -> Result<Tokens> {
        let login = events::login(username, "secret", 200)?;
        let answer = self.answer(&login).await?;
        let body = answer.json["body"].as_str().context("no body")?;
        let body: Value = serde_json::from_str(body)?;
        let token = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (access, refresh) = (token("access_token"), token("refresh_token"));
        Ok(Tokens { access, refresh })
    }
}

/// The absolute path.
fn full(path: impl AsRef<Path>) -> Result<String> {
    Ok(absolute(path)?.to_string_lossy().into_owned())
}

/// Candidates derived from one another.
impl Candidate {
    fn of(command: impl Into<Vec<String>>) -> Self {
        let mut candidate = Self::default();
        candidate.program.command = command.into();
        candidate
    }

    fn with(&self, variables: &[(&str, &str)]) -> Self {
        let mut with = self.clone();
        for (name, value) in variables {
            let (name, value) = ((*name).to_owned(), (*value).to_owned());
            with.program.environment.insert(name, value);
        }
        with
    }

    fn without(&self, variable: &str) -> Self {
        let mut without = self.clone();
        without.program.environment.remove(variable);
        without
    }

    fn getting(&self, name: &str, effort: Effort, events: impl Into<Vec<Event>>) -> Self {
        let mut getting = self.clone();
        name.clone_into(&mut getting.name);
        (getting.effort, getting.events) = (effort, events.into());
        getting
    }

    async fn log_in(&self, username: &str) -> Result<Tokens> {
        Running::start(&self.program).await?.log_in(username).await
    }
}
