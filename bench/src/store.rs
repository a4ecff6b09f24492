//! A local DynamoDB behind a proxy, which speaks TLS as AWS does and counts what AWS would bill.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full};
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, HOST};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio_rustls::TlsAcceptor;

use crate::server::{self, Request, Response, Server};

/// The tables of the users and of the private keys.
pub const TABLES: [&str; 2] = ["users", "keys"];
/// A signature that a local DynamoDB does not verify.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
    SignedHeaders=host;x-amz-date, Signature=0";

/// The local server and the proxy; dropping it ends both.
pub struct Store {
    /// The counter of the proxy.
    pub watch: Watch,
    pub direct: Direct,
    proxy: Server,
    _server: Child,
}

impl Store {
    /// Starts the program `local-dynamodb` with its database in a file.
    pub async fn start(program: &Path, file: &Path, tls: TlsAcceptor) -> Result<Self> {
        let free = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
        let mut command = Command::new(program);
        command.arg(free.port().to_string()).arg(file).args(TABLES);
        let mut server = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut ready = String::new();
        let output = server.stdout.take().context("no output")?;
        BufReader::new(output).read_line(&mut ready).await?;
        ensure!(!ready.is_empty(), "{} did not start", program.display());
        let (direct, watch) = (Direct::new(&format!("http://{free}")), Watch::default());
        Ok(Self {
            proxy: proxy(&direct, &watch, Some(tls)).await?,
            watch,
            direct,
            _server: server,
        })
    }

    /// The URL of the proxy, for functions and commands.
    pub fn url(&self) -> String {
        format!("https://{}:{}", server::HOST, self.proxy.0.port())
    }
}

/// Requests, each of which the function waits for; read units; write units, billed on demand.
pub type Units = [f64; 3];

/// A counter of the units since the last [`Watch::take`].
#[derive(Debug, Clone, Default)]
pub struct Watch(Arc<Mutex<Units>>);

impl Watch {
    /// Returns the units and starts again from 0.
    pub fn take(&self) -> Units {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, more: Units) {
        let mut units = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (units, more) in units.iter_mut().zip(more) {
            *units += more;
        }
    }
}

/// A DynamoDB without a proxy.
#[derive(Debug, Clone)]
pub struct Direct {
    http: Client<HttpConnector, Full<Bytes>>,
    url: String,
}

impl Direct {
    pub fn new(url: &str) -> Self {
        let http = Client::builder(TokioExecutor::new()).build_http();
        let url = url.to_owned();
        Self { http, url }
    }

    /// Calls an operation.
    pub async fn call(&self, operation: &str, input: &Value) -> Result<Value> {
        let request = hyper::Request::post(&self.url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", AUTHORIZATION)
            .body(input.to_string().into())?;
        let response = self.http.request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(status.is_success(), "{operation}: {body:?}");
        Ok(serde_json::from_slice(&body)?)
    }

    /// Every item of a table.
    pub async fn items(&self, table: &str) -> Result<Vec<Value>> {
        let (mut items, mut input) = (Vec::new(), json!({"TableName": table}));
        loop {
            let mut page = self.call("Scan", &input).await?;
            if let Value::Array(some) = page["Items"].take() {
                items.extend(some);
            }
            input["ExclusiveStartKey"] = page["LastEvaluatedKey"].take();
            if input["ExclusiveStartKey"].is_null() {
                return Ok(items);
            }
        }
    }
}

async fn proxy(direct: &Direct, watch: &Watch, tls: Option<TlsAcceptor>) -> Result<Server> {
    let (direct, watch) = (direct.clone(), watch.clone());
    let pass = move |request| pass(request, direct.clone(), watch.clone());
    server::start(tls, pass).await
}

/// Passes a request on. Asks the server which units the request consumed, and takes them out of the answer, since
/// the client did not ask.
async fn pass(request: Request, to: Direct, watch: Watch) -> Result<Response> {
    let (mut head, body) = request.into_parts();
    let target = head.headers.get("x-amz-target").context("no operation")?;
    let operation = target.to_str()?.rsplit('.').next().unwrap_or_default();
    let operation = operation.to_owned();
    let mut input: Value = serde_json::from_slice(&body.collect().await?.to_bytes())?;
    if reads(&operation).is_some() {
        input["ReturnConsumedCapacity"] = "TOTAL".into();
    }
    head.uri = to.url.parse()?;
    for name in [HOST, CONTENT_LENGTH] {
        head.headers.remove(name);
    }
    let request = hyper::Request::from_parts(head, input.to_string().into());
    let (mut head, body) = to.http.request(request).await?.into_parts();
    let mut output: Value = serde_json::from_slice(&body.collect().await?.to_bytes())?;
    watch.add(units(&operation, &input, head.status, &mut output));
    head.headers.remove(CONTENT_LENGTH);
    head.headers.remove("x-amz-crc32");
    Ok(hyper::Response::from_parts(head, output.to_string().into()))
}

/// True if the operation reads items, false if it writes some; `None` if it does neither.
fn reads(operation: &str) -> Option<bool> {
    match operation {
        "GetItem" | "BatchGetItem" | "Query" | "Scan" | "TransactGetItems" => Some(true),
        "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems" => {
            Some(false)
        }
        _ => None,
    }
}

/// Takes the units out of an answer and returns them.
fn units(operation: &str, input: &Value, status: StatusCode, output: &mut Value) -> Units {
    let output = output.as_object_mut();
    let consumed = output.and_then(|output| output.remove("ConsumedCapacity"));
    let tables = match consumed {
        Some(Value::Array(tables)) => tables,
        one => one.into_iter().collect(),
    };
    let units = tables.iter().map(|table| table["CapacityUnits"].as_f64());
    // A write whose condition fails is billed, too, but its answer has no units.
    let refused = |items: &Vec<Value>| items.iter().map(|_| 2.0).sum();
    match reads(operation) {
        None => [1.0, 0.0, 0.0],
        Some(true) => [1.0, units.flatten().sum(), 0.0],
        Some(false) if status.is_success() => [1.0, 0.0, units.flatten().sum()],
        Some(false) => [
            1.0,
            0.0,
            input["TransactItems"].as_array().map_or(1.0, refused),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that reports the request's `Units` as consumed, if it is asked for them.
    async fn dynamodb(request: Request) -> Result<Response> {
        let body = request.into_body().collect().await?.to_bytes();
        let input: Value = serde_json::from_slice(&body)?;
        let mut output = json!({"Item": 1});
        if input["ReturnConsumedCapacity"] == "TOTAL" {
            output["ConsumedCapacity"] = input["Units"].clone();
        }
        let mut response = Response::new(output.to_string().into());
        if input["Refused"] == true {
            *response.status_mut() = StatusCode::BAD_REQUEST;
        }
        Ok(response)
    }

    #[tokio::test]
    async fn the_proxy_counts_what_was_consumed_and_tells_the_client_nothing_of_it() {
        let server = server::start(None, dynamodb).await.unwrap();
        let watch = Watch::default();
        let behind = Direct::new(&format!("http://{}", server.0));
        let proxy = proxy(&behind, &watch, None).await.unwrap();
        let client = Direct::new(&format!("http://{}", proxy.0));
        let [half, tables] = [
            json!({"CapacityUnits": 0.5}),
            json!([{"CapacityUnits": 1}, {"CapacityUnits": 3}]),
        ];
        let refused = json!({"Refused": true});
        let transaction = json!({"Refused": true, "TransactItems": [1, 2]});
        for (operation, input, expected) in [
            ("GetItem", json!({"Units": half}), "[1.0, 0.5, 0.0]"),
            ("BatchGetItem", json!({"Units": tables}), "[1.0, 4.0, 0.0]"),
            ("PutItem", json!({"Units": tables}), "[1.0, 0.0, 4.0]"),
            ("UpdateItem", refused, "[1.0, 0.0, 1.0]"),
            ("TransactWriteItems", transaction, "[1.0, 0.0, 4.0]"),
            ("DescribeTable", json!({"Units": half}), "[1.0, 0.0, 0.0]"),
        ] {
            let output = client.call(operation, &input).await;
            assert!(output.is_err() || output.unwrap() == json!({"Item": 1}));
            assert_eq!(format!("{:?}", watch.take()), expected, "{operation}");
        }
        assert_eq!(format!("{:?}", watch.take()), "[0.0, 0.0, 0.0]");
    }
}
