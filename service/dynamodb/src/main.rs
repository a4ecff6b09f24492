//! DynamoDB for `make dev USER_STORE=dynamodb`: a database in a file, with the users' table and that of the private
//! keys. It ends with the process that started it.
//!
//!     local-dynamodb PORT FILE USERS KEYS

use std::env;
use std::fs;
use std::net::TcpListener;
use std::os::unix::process::parent_id;
use std::path::Path;
use std::process::ExitCode;
use std::thread::{self, JoinHandle};

use dynoxide::Database;
use local_dynamodb::serve;
use local_dynamodb::tables::{Unfilled, add_scopes, connect, fill, tutorial_scopes};
use shared::domain::clock::{Clock, SystemClock};
use shared::domain::store::Patience;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, file, users, keys] = arguments.as_slice() else {
        eprintln!("local-dynamodb: expected a port, a file and the names of two tables");
        return ExitCode::from(2);
    };
    let listener = match TcpListener::bind(format!("127.0.0.1:{port}")) {
        Ok(listener) => listener,
        Err(error) => return failed(&format!("port {port}: {error}")),
    };
    let database = match Database::new(file) {
        Ok(database) => database,
        Err(error) => return failed(&format!("{file}: {error}; remove the file to begin anew")),
    };
    let server = start(database, listener);
    if let Err(error) = prepare(port, file, users, keys) {
        return failed(&format!("{file}: {error}; remove the file to begin anew"));
    }
    println!("local-dynamodb: table {users} on http://127.0.0.1:{port}, kept in {file}");
    match server.join() {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => failed(&error.to_string()),
        Err(_) => failed("the server has ended"),
    }
}

fn start(database: Database, listener: TcpListener) -> JoinHandle<std::io::Result<()>> {
    let parent = parent_id();
    thread::spawn(move || serve(database, listener, move || parent_id() == parent))
}

/// Makes and fills the tables. Beside the database a file has the scopes that the tutorial's users had in the code
/// when it was used last.
fn prepare(port: &str, file: &str, users: &str, keys: &str) -> Result<(), Unfilled> {
    let url = format!("http://127.0.0.1:{port}");
    let known = Path::new(file).with_extension("scopes");
    let runtime = Builder::new_current_thread().enable_all().build();
    let unusable = |error| Unfilled::File(known.display().to_string(), error);
    runtime.map_err(unusable)?.block_on(async {
        let patience = Patience::default();
        let users = connect(url.clone(), users, patience)?;
        let keys = connect(url, keys, patience)?;
        fill(&users, &keys, SystemClock.now().as_secs()).await?;
        // Without the file they are what they were made with.
        if let Ok(known) = fs::read_to_string(&known) {
            let known: Vec<&str> = known.split_whitespace().collect();
            add_scopes(&users, &known).await?;
        }
        let now = tutorial_scopes()?.join(" ") + "\n";
        fs::write(&known, now).map_err(unusable)
    })
}

fn failed(problem: &str) -> ExitCode {
    eprintln!("local-dynamodb: {problem}");
    ExitCode::FAILURE
}
