//! A local DynamoDB with the tutorial's users, behind a proxy, the "door": it speaks TLS as AWS
//! does, sees when a function connects, and counts what AWS would bill.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::clock;
use crate::error::{Context, Error};
use crate::http::Message;
use crate::raw::receive;
use crate::results::{Figure, Round};
use crate::stats::{from_u64, from_usize};
use crate::tls::Identity;

/// The table of the local DynamoDB.
pub const TABLE: &str = "users";
/// Its table of the private keys.
pub const KEYS: &str = "keys";

/// The local server; dropping it ends it.
pub struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts the program `local-dynamodb` of tests/, with its database in this file.
    pub fn start(program: &Path, file: &Path) -> Result<Self, Error> {
        let address = free_address()?;
        let mut child = Command::new(program)
            .arg(address.port().to_string())
            .arg(file)
            .args([TABLE, KEYS])
            .stdout(Stdio::piped())
            .spawn()
            .context(program.display().to_string())?;
        let mut ready = String::new();
        if let Some(output) = child.stdout.take() {
            let read = BufReader::new(output).read_line(&mut ready);
            read.context("the local DynamoDB")?;
        }
        let server = Self { child, address };
        if ready.is_empty() {
            return Err(Error::Missing("the local DynamoDB did not start".into()));
        }
        Ok(server)
    }

    /// Where it listens, without a door.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _it_has_ended = self.child.kill();
        let _it_has_ended = self.child.wait();
    }
}

fn free_address() -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").context("a port for DynamoDB")?;
    listener.local_addr().context("a port for DynamoDB")
}

/// What came through the door since the last [`Watch::reset`].
#[derive(Debug, Clone, Default)]
pub struct Watch(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    first_connection: Option<Instant>,
    units: Units,
}

/// What DynamoDB bills on demand, for items under 1 KB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Units {
    /// All requests; the function waits for each of them.
    pub requests: u64,
    /// Read units, doubled: an eventually consistent read is half a unit.
    pub half_reads: u64,
    /// Write units: a write is one, even if its condition fails.
    pub writes: u64,
}

impl Units {
    /// The figures of one invocation, if this many made the requests.
    #[must_use]
    pub fn of_each(self, invocations: usize) -> Round {
        let each = |total| from_u64(total) / from_usize(invocations);
        vec![
            (Figure::StoreRequests, each(self.requests)),
            (Figure::ReadUnits, each(self.half_reads) / 2.0),
            (Figure::WriteUnits, each(self.writes)),
        ]
    }
}

impl Watch {
    /// Forgets what has come so far.
    pub fn reset(&self) {
        *self.seen() = Seen::default();
    }

    /// When the first connection was opened.
    #[must_use]
    pub fn first_connection(&self) -> Option<Instant> {
        self.seen().first_connection
    }

    /// What the requests would be billed.
    #[must_use]
    pub fn units(&self) -> Units {
        self.seen().units
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connected(&self) {
        let now = clock::now();
        self.seen().first_connection.get_or_insert(now);
    }

    fn requested(&self, request: &Message) {
        let target = request.header("x-amz-target").unwrap_or_default();
        let units = units(target, &request.body);
        let mut seen = self.seen();
        seen.units.requests += units.requests;
        seen.units.half_reads += units.half_reads;
        seen.units.writes += units.writes;
    }
}

fn units(target: &str, body: &[u8]) -> Units {
    let request = || serde_json::from_slice(body).unwrap_or_default();
    let (half_reads, writes) = match target.rsplit('.').next() {
        Some("GetItem") => (half_reads(&request()), 0),
        Some("BatchGetItem") => (batch_half_reads(&request()), 0),
        Some("UpdateItem" | "PutItem" | "DeleteItem") => (0, 1),
        _ => (0, 0),
    };
    Units {
        requests: 1,
        half_reads,
        writes,
    }
}

/// Of one item, which is billed whether it exists or not.
fn half_reads(read: &Value) -> u64 {
    1 + u64::from(read["ConsistentRead"] == true)
}

/// A batch is one request, but each of its keys is billed by itself.
fn batch_half_reads(request: &Value) -> u64 {
    let tables = request["RequestItems"].as_object().into_iter().flatten();
    let of_table = |(_, read): (_, &Value)| {
        let keys = read["Keys"].as_array().into_iter().flatten();
        keys.map(|_| half_reads(read)).sum::<u64>()
    };
    tables.map(of_table).sum()
}

/// Opens a door to the server and returns its port. Without an identity it speaks no TLS: for
/// programs that do not trust our certificate.
pub fn door(server: &Server, identity: Option<&Identity>, watch: &Watch) -> Result<u16, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").context("a port for DynamoDB's door")?;
    let port = listener.local_addr().context("DynamoDB's door")?.port();
    let (upstream, watch) = (server.address, watch.clone());
    let tls = identity.map(|identity| Arc::clone(&identity.server));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            watch.connected();
            let (watch, tls) = (watch.clone(), tls.clone());
            // An error here is normal: a function that ends closes its connection.
            thread::spawn(move || serve(stream, tls, upstream, &watch));
        }
    });
    Ok(port)
}

fn serve(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    upstream: SocketAddr,
    watch: &Watch,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        None => forward(stream, upstream, watch),
        Some(config) => {
            let connection = ServerConnection::new(config).map_err(io::Error::other)?;
            forward(StreamOwned::new(connection, stream), upstream, watch)
        }
    }
}

/// Passes on one request after another: the functions never send a second one before the answer.
fn forward(mut front: impl Read + Write, upstream: SocketAddr, watch: &Watch) -> io::Result<()> {
    let mut back = TcpStream::connect(upstream)?;
    back.set_nodelay(true)?;
    let (mut from_front, mut from_back) = (Vec::new(), Vec::new());
    loop {
        let request = receive(&mut front, &mut from_front)?;
        watch.requested(&request);
        back.write_all(&request.to_bytes())?;
        let response = receive(&mut back, &mut from_back)?;
        front.write_all(&response.to_bytes())?;
        front.flush()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_reads_and_writes_in_the_units_that_are_billed() {
        let get = |body: &str| units("DynamoDB_20120810.GetItem", body.as_bytes());
        assert_eq!(get(r#"{"ConsistentRead":true}"#).half_reads, 2);
        assert_eq!(get(r#"{"ConsistentRead":false}"#).half_reads, 1);
        assert_eq!(get("").half_reads, 1);
        let update = units("DynamoDB_20120810.UpdateItem", b"");
        assert_eq!((update.half_reads, update.writes), (0, 1));
        let other = units("DynamoDB_20120810.DescribeEndpoints", b"");
        assert_eq!((other.requests, other.half_reads, other.writes), (1, 0, 0));
    }

    #[test]
    fn a_batch_is_one_request_and_each_of_its_keys_is_billed() {
        let batch = |body: &str| units("DynamoDB_20120810.BatchGetItem", body.as_bytes());
        let four =
            r#""Keys":[{"pk":{"S":"a"}},{"pk":{"S":"b"}},{"pk":{"S":"c"}},{"pk":{"S":"d"}}]"#;
        let users = |more: &str| {
            batch(&format!(
                r#"{{"RequestItems":{{"users":{{{four}{more}}}}}}}"#
            ))
        };
        let strong = users(r#","ConsistentRead":true"#);
        assert_eq!(
            (strong.requests, strong.half_reads, strong.writes),
            (1, 8, 0)
        );
        assert_eq!(users(r#","ConsistentRead":false"#).half_reads, 4);
        assert_eq!(users("").half_reads, 4);
        let two = r#"{"RequestItems":{"a":{"Keys":[{}],"ConsistentRead":true},"b":{"Keys":[{}]}}}"#;
        assert_eq!(batch(two).half_reads, 3, "each table says how it is read");
        let nothing = batch("");
        assert_eq!((nothing.requests, nothing.half_reads), (1, 0));
    }

    #[test]
    fn a_watch_remembers_the_first_connection() {
        let watch = Watch::default();
        watch.connected();
        let first = watch.first_connection();
        watch.connected();
        assert!(first.is_some() && watch.first_connection() == first);
        watch.reset();
        assert_eq!(watch.first_connection(), None);
    }
}
