//! DynamoDB in this process: dynoxide, on a free port, in memory.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use aws_sdk_dynamodb::config::Credentials;
use dynoxide::Database;
use local_dynamodb::tables;
use service::function;
use shared::aws::table::{self, Table};
use shared::aws::{Aws, ROOTS};
use shared::domain::accounts::{Account, tutorial};
use shared::domain::sessions::store::SessionStore;
use shared::domain::store::Patience;

use crate::proxy::Proxy;
use crate::world::PATIENT;
use crate::{Gateway, NOW, World, block_on, world};

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

/// Starts an empty database.
pub fn start() -> SocketAddr {
    serve(
        Database::memory().unwrap(),
        TcpListener::bind("127.0.0.1:0").unwrap(),
    )
}

/// Starts an empty database as `make dev` does.
pub fn start_as_make_dev() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let database = Database::memory().unwrap();
    thread::spawn(move || local_dynamodb::serve(database, listener, || true).unwrap());
    address
}

/// Starts a database with the tutorial's users.
pub fn start_filled() -> SocketAddr {
    start_with(tutorial().unwrap().into_values())
}

/// Starts a database with these users.
pub fn start_with(users: impl IntoIterator<Item = Account>) -> SocketAddr {
    let address = start();
    block_on(async {
        let table = connect(format!("http://{address}"), "users");
        fill(&table, users).await;
    });
    address
}

/// Adds the clients of `events/clients.json`, and lets the functions check them.
pub fn checking_clients(world: World, address: SocketAddr) -> World {
    let table = connect(format!("http://{address}"), "users");
    block_on(tables::add_clients(&table)).unwrap();
    names_table(world, address).with("CLIENTS", "check")
}

/// A table at this URL, with the time limits that the functions have.
pub fn connect(url: String, name: &str) -> Table {
    connect_with(ROOTS.to_vec(), Patience::default(), url, name)
}

/// The same, with other root certificates and other time limits.
pub fn connect_with(roots: Vec<u8>, patience: Patience, url: String, name: &str) -> Table {
    let aws = Aws {
        region: "us-east-1".to_owned(),
        credentials: Credentials::new("test", "test", None, None, "tests"),
        endpoint: Some(url),
        fips: false,
        dual_stack: false,
        roots,
        patience,
    };
    Table::new(name.to_owned(), aws).unwrap()
}

/// Adds users, who must have hashes, to a table; makes the table if there is none.
pub async fn fill(table: &Table, users: impl IntoIterator<Item = Account>) {
    table::create(table).await.unwrap();
    for account in users {
        tables::add(table, account, NOW).await.unwrap();
    }
}

/// A world with the tutorial's users in DynamoDB at this address.
pub fn world_at(address: SocketAddr, patience: Patience) -> World {
    let connect = || {
        connect_with(
            ROOTS.to_vec(),
            patience,
            format!("http://{address}"),
            "users",
        )
    };
    let world = world().users(connect());
    let sessions: Arc<dyn SessionStore> = Arc::new(connect());
    World {
        patience,
        sessions: Some(sessions),
        ..world
    }
}

/// The same, with a database of its own.
pub fn world_on_dynamodb() -> World {
    world_at(start_filled(), PATIENT)
}

/// Starts a function as a cold start does, with DynamoDB at this address.
pub fn cold_start(name: &str, address: SocketAddr) {
    cold_start_in(world(), name, address);
}

/// The same, with a ring of keys in the place of the shared key.
pub fn cold_start_with_ring(name: &str, address: SocketAddr) {
    let world = world().without("JWT_SECRET_KEY");
    cold_start_in(world.with("SIGNING_KEYS", "dynamodb:keys"), name, address);
}

fn cold_start_in(world: World, name: &str, address: SocketAddr) {
    let world = names_table(world.own_stores(), address).with("ROUTE_SCOPES", "GET /reports: me");
    let patience = Patience::default();
    drop(block_on(
        World { patience, ..world }.start(function(name).unwrap()),
    ));
}

/// With the variables of a table at this address.
pub fn names_table(world: World, address: SocketAddr) -> World {
    world
        .with("USER_STORE", "dynamodb")
        .with("USERS_TABLE", "users")
        .with("AWS_REGION", "us-east-1")
        .with("AWS_ACCESS_KEY_ID", "test")
        .with("AWS_SECRET_ACCESS_KEY", "test")
        .with("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{address}"))
}

/// The service on a database of its own, behind a proxy.
pub fn behind_proxy(per_account: u32, per_address: u32) -> (Gateway, Proxy) {
    let proxy = Proxy::start(start_filled());
    let world = world_at(proxy.address, Patience::default()).limits(per_account, per_address);
    (Gateway::new(world), proxy)
}
