//! DynamoDB for `make dev USER_STORE=dynamodb`: dynoxide on a port, its database in a file, with
//! the users' table, in which the tutorial's and the clients of events/clients.json are, and the table
//! of the private keys.
//!
//!     local-dynamodb PORT FILE USERS KEYS

use std::env;
use std::net::TcpListener;
use std::process::ExitCode;
use std::thread;

use dynoxide::Database;
use shared::aws::table;
use shared::domain::store::StoreError;
use shared::domain::users::{Account, Stamp, tutorial};
use tests::block_on;
use tests::dynamodb::{add_clients, connect, fill, serve};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, file, name, keys] = arguments.as_slice() else {
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
    let address = serve(database, listener);
    let filled = block_on(async {
        table::create(&connect(format!("http://{address}"), keys)).await?;
        let table = connect(format!("http://{address}"), name);
        // Added to a new table only: whoever changed or removed them later did so on purpose.
        if table::create(&table).await? {
            fill(&table, tutorial().unwrap().into_values().map(stamped)).await;
            add_clients(&table).await;
        }
        Ok::<_, StoreError>(())
    });
    if let Err(error) = filled {
        return failed(&format!("{file}: {error}; remove the file to begin anew"));
    }
    println!("local-dynamodb: table {name} on http://{address}, kept in {file}");
    loop {
        thread::park();
    }
}

/// As `users add` makes them, so that a logout ends their tokens.
fn stamped(mut account: Account) -> Account {
    account.user.stamp = Some(Stamp::random());
    account
}

fn failed(problem: &str) -> ExitCode {
    eprintln!("local-dynamodb: {problem}");
    ExitCode::FAILURE
}
