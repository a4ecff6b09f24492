//! What the tests share: the functions behind an imitation of the gateway, and HTTP by `curl`.

pub mod curl;
pub mod document;
pub mod dynamodb;
pub mod gateway;
pub mod keys;
pub mod logs;
pub mod parity;
pub mod policy;
pub mod proxy;
pub mod runtime;
pub mod stores;
pub mod world;

use std::fs;
use std::sync::LazyLock;

use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

pub use gateway::Gateway;
pub use service::repository;
use service::template;
pub use world::{KEY, NOW, World, world};

/// A request as it goes over the wire.
#[derive(Debug, Clone, Default)]
pub struct HttpRequest {
    pub method: String,
    /// With the query, if there is one.
    pub path: String,
    /// In order; names may repeat, values need not be UTF-8.
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Option<Vec<u8>>,
    /// Where it comes from: of interest to [`Gateway`] alone.
    pub source_ip: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Sends requests to the service: in this process, or over HTTP.
pub trait Client {
    fn send(&self, request: &HttpRequest) -> Answer;

    /// Seconds since the epoch, as the service sees them.
    fn now(&self) -> u64;

    fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.send(&HttpRequest::new("GET", path).bearer(token))
    }

    fn post_form(&self, path: &str, body: &str) -> Answer {
        self.send(&HttpRequest::new("POST", path).form(body))
    }

    /// Logs johndoe in, with these scopes.
    fn login(&self, scope: &str) -> String {
        let scope = scope.replace(' ', "+");
        let answer = self.post_form(
            "/token",
            &format!("username=johndoe&password=secret&scope={scope}"),
        );
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }
}

impl HttpRequest {
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().to_vec()));
        self
    }

    #[must_use]
    pub fn bearer(self, token: Option<&str>) -> Self {
        match token {
            Some(token) => self.header("authorization", format!("Bearer {token}")),
            None => self,
        }
    }

    #[must_use]
    pub fn from(mut self, source_ip: &str) -> Self {
        self.source_ip = Some(source_ip.to_owned());
        self
    }

    #[must_use]
    pub fn form(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        self.header("content-type", "application/x-www-form-urlencoded")
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(key, _)| key == name);
        let first = values.next();
        assert!(values.next().is_none(), "{name} is there twice: {self:?}");
        first.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn detail(&self) -> Value {
        self.json()["detail"].clone()
    }
}

/// `template.yaml`, parsed.
pub fn parsed_template() -> &'static Value {
    static TEMPLATE: LazyLock<Value> = LazyLock::new(|| template::read().unwrap());
    &TEMPLATE
}

pub fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

thread_local! {
    /// One for all that a test does, since a runtime owns the connections that were opened in it: in
    /// another one, a request over such a connection would wait for its time limit.
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
}

/// Waits for a future. Between two calls nothing goes on, as in a frozen environment.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}
