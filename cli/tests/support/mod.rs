//! A DynamoDB in this process, and the command to run against it.

use std::io::{Read, Write, copy};
use std::net::{Shutdown, TcpListener as Listener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config};
use dynoxide::Database;
use serde_json::Value;
use shared::aws::keys::RingItem;
use shared::aws::table::{Item, Table, credentials_key, text, user_key};
use shared::domain::tokens::keys::{Ring, RingStore};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const ROOTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../shared/src/aws/amazon-roots.pem"
);
pub const GOOD_PASSWORD: &str = "correct horse battery staple\n";
pub const HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc";

/// What is told each request of a client.
type Hear = Arc<Mutex<dyn FnMut(&str) + Send>>;

/// A local DynamoDB, which serves until it is dropped.
pub struct Server {
    url: String,
    runtime: Runtime,
}

/// The result of running the command.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Server {
    pub fn without_table() -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let database = Database::memory().unwrap();
        runtime.spawn(dynoxide::server::serve_on(listener, database));
        Self { url, runtime }
    }

    pub fn with_table() -> Self {
        let server = Self::without_table();
        server.run(&["create-table"], "").succeeds();
        server
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The command, told of this server.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command
            .env("USERS_TABLE", "users")
            .env("AWS_ENDPOINT_URL_DYNAMODB", &self.url);
        command
    }

    pub fn run(&self, arguments: &[&str], input: &str) -> Run {
        finish(self.command(arguments), input)
    }

    /// Runs with `--json`, successfully.
    pub fn json(&self, arguments: &[&str], input: &str) -> Value {
        let run = self.run(&[arguments, &["--json"]].concat(), input);
        serde_json::from_str(&run.succeeds().stdout).unwrap()
    }

    /// How many users are there.
    pub fn items(&self) -> usize {
        self.run(&["list"], "").succeeds().stdout.lines().count()
    }

    /// Gives a user an attribute that this version does not know.
    pub fn set_nickname(&self, name: &str) {
        let update = self
            .client()
            .update_item()
            .table_name("users")
            .key("pk", text(user_key(name)))
            .update_expression("SET nickname = :nickname")
            .expression_attribute_values(":nickname", text("Jo"));
        self.runtime.block_on(update.send()).unwrap();
    }

    /// Adds a user like this one, by a name that the command may refuse.
    pub fn copy(&self, name: &str, other: &str) {
        for key in [user_key, credentials_key] {
            self.put(&key(other), self.item_of(&key(name)).unwrap());
        }
    }

    /// A user's item.
    pub fn item(&self, name: &str) -> Item {
        self.item_of(&user_key(name)).unwrap()
    }

    /// The item of any key, if there is one.
    pub fn item_of(&self, key: &str) -> Option<Item> {
        let get = self
            .client()
            .get_item()
            .table_name("users")
            .key("pk", text(key));
        self.runtime.block_on(get.send()).unwrap().item
    }

    /// Puts an item of this key, whatever there is.
    pub fn put(&self, key: &str, item: Item) {
        self.put_into("users", key, item);
    }

    /// Deletes the item of this key.
    pub fn delete(&self, key: &str) {
        let client = self.client();
        let delete = client
            .delete_item()
            .table_name("users")
            .key("pk", text(key));
        self.runtime.block_on(delete.send()).unwrap();
    }

    /// The same in any table.
    pub fn put_into(&self, table: &str, key: &str, mut item: Item) {
        item.insert("pk".to_owned(), text(key));
        let client = self.client();
        let put = client.put_item().table_name(table).set_item(Some(item));
        self.runtime.block_on(put.send()).unwrap();
    }

    /// The ring as the functions read it; `None` if there is none.
    pub fn ring(&self, table: &str, key: &'static str) -> Option<Ring> {
        let table = self.table(table);
        self.wait(RingItem { table, key }.read()).unwrap()
    }

    /// A table as the functions have it.
    pub fn table(&self, name: &str) -> Table {
        let (client, name) = (self.client(), name.to_owned());
        Table { client, name }
    }

    /// Waits for what this server is asked.
    pub fn wait<F: Future>(&self, asking: F) -> F::Output {
        self.runtime.block_on(asking)
    }

    /// Another URL of this server; `hear` is told each request that comes by it, before the server.
    pub fn tapped(&self, hear: impl FnMut(&str) + Send + 'static) -> String {
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = self.url.trim_start_matches("http://").to_owned();
        let hear: Hear = Arc::new(Mutex::new(hear));
        thread::spawn(move || {
            for client in listener.incoming() {
                let server = TcpStream::connect(&server).unwrap();
                pass_on(client.unwrap(), server, Arc::clone(&hear));
            }
        });
        url
    }

    fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(&self.url);
        Client::from_conf(config.build())
    }

    pub fn export(&self) -> Vec<Value> {
        json_lines(&self.run(&["export"], "").succeeds().stdout)
    }
}

impl Run {
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    pub fn says(&self, code: i32, stdout: &str, stderr: &str) {
        assert_eq!(
            (self.code, &*self.stdout, &*self.stderr),
            (code, stdout, stderr)
        );
    }

    /// Checks that it failed with this code and a short error that contains this text.
    pub fn fails(&self, code: i32, error: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.stderr.contains(error), "{error}: {self:?}");
        for dump in ["SdkError", "panicked", "backtrace", "ServiceError"] {
            assert!(!self.stderr.contains(dump), "{self:?}");
        }
    }
}

/// Passes on what a client and a server say, until one of them has ended.
fn pass_on(mut client: TcpStream, mut server: TcpStream, hear: Hear) {
    let mut answers = server.try_clone().unwrap();
    let mut back = client.try_clone().unwrap();
    thread::spawn(move || copy(&mut answers, &mut back));
    thread::spawn(move || {
        // Larger than any request of a test, so that each is heard as a whole.
        let mut buffer = vec![0; 1 << 16];
        while let Ok(read @ 1..) = client.read(&mut buffer) {
            hear.lock().unwrap()(&String::from_utf8_lossy(&buffer[..read]));
            server.write_all(&buffer[..read]).unwrap();
        }
        let _ = server.shutdown(Shutdown::Both);
    });
}

/// The command, with none of this machine's environment variables, nor its hundreds of root certificates,
/// whose reading took longer than the rest.
pub fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_users"));
    command
        .args(arguments)
        .env_clear()
        .env("SSL_CERT_FILE", ROOTS)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub fn finish(mut command: Command, input: &str) -> Run {
    let mut child = command.spawn().unwrap();
    // Writing may fail: a command that refuses its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub fn json_lines(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
