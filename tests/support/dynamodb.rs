//! DynamoDB in this process: dynoxide, on a free port, in memory.

use std::net::{SocketAddr, TcpListener};
use std::thread;

use aws_sdk_dynamodb::config::Credentials;
use dynoxide::Database;
use shared::App;
use shared::attempts::Limits;
use shared::aws::{Aws, ROOTS};
use shared::table::{self, Table};
use shared::users::{MemoryStore, User, item};

use crate::proxy::Proxy;
use crate::{Gateway, KEY, app};

/// Serves a database until the process ends.
pub fn serve(database: Database, listener: TcpListener) -> SocketAddr {
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            dynoxide::server::serve_on(listener, database).await;
        });
    });
    address
}

/// An empty database.
pub fn start() -> SocketAddr {
    serve(
        Database::memory().unwrap(),
        TcpListener::bind("127.0.0.1:0").unwrap(),
    )
}

/// A database with the tutorial's users.
pub fn start_filled() -> SocketAddr {
    let address = start();
    block_on(async {
        let table = connect(format!("http://{address}"), "users");
        let users = MemoryStore::tutorial().unwrap().into_users();
        fill(&table, users.into_values()).await;
    });
    address
}

/// A table there: with the time limits that the functions have.
pub fn connect(url: String, name: &str) -> Table {
    connect_trusting(ROOTS.to_vec(), url, name)
}

/// The same, trusting these root certificates.
pub fn connect_trusting(roots: Vec<u8>, url: String, name: &str) -> Table {
    let aws = Aws {
        region: "us-east-1".to_owned(),
        credentials: Credentials::new("test", "test", None, None, "tests"),
        endpoint: Some(url),
        fips: false,
        dual_stack: false,
        roots,
    };
    Table::new(name.to_owned(), aws).unwrap()
}

/// Adds users, whose hashes are known, to a table that is made if it is not there.
pub async fn fill(table: &Table, users: impl IntoIterator<Item = User>) {
    table::create(table).await.unwrap();
    for user in users {
        let item = item(
            &user,
            user.password_hash.as_ref().unwrap(),
            std::time::Duration::from_secs(crate::NOW),
        );
        let put = table
            .client
            .put_item()
            .table_name(&table.name)
            .set_item(Some(item));
        put.condition_expression("attribute_not_exists(pk)")
            .send()
            .await
            .unwrap();
    }
}

/// An `App` with the tutorial's users in DynamoDB at this address, and these limits.
pub fn app_at(address: SocketAddr, limits: Limits) -> App {
    let connect = || connect(format!("http://{address}"), "users");
    App {
        users: Box::new(connect()),
        attempts: Box::new(connect()),
        limits,
        ..app()
    }
}

/// The same, with a database of its own.
pub fn app_with(limits: Limits) -> App {
    app_at(start_filled(), limits)
}

/// What a cold start does, with DynamoDB at this address.
pub fn cold_start(address: SocketAddr) -> App {
    let lookup = |name: &str| match name {
        "USER_STORE" => Some("dynamodb".to_owned()),
        "USERS_TABLE" => Some("users".to_owned()),
        "JWT_SECRET_KEY" => Some(KEY.to_owned()),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        "AWS_ENDPOINT_URL_DYNAMODB" => Some(format!("http://{address}")),
        _ => None,
    };
    block_on(App::from_lookup(lookup)).unwrap()
}

/// The service on a database of its own, behind a proxy.
pub fn behind_proxy(limits: Limits) -> (Gateway, Proxy) {
    let proxy = Proxy::start(start_filled());
    (Gateway::new(app_at(proxy.address, limits)), proxy)
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
