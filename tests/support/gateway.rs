//! An imitation of the HTTP API: routes a request as `template.yaml` does, sends the function the
//! event that AWS would send, in JSON.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Map, Value, json};
use shared::App;
use shared::route::without_slash;
use tokio::runtime::Runtime;

use crate::functions::{FUNCTIONS, Function};
use crate::{Answer, Client, HttpRequest, NOW, document};

/// The service in this process.
pub struct Gateway {
    pub app: App,
    /// One for all requests: it owns the connections to the store.
    runtime: Runtime,
    /// AWS sends form bodies as base64, `sam local` as text.
    pub base64: bool,
}

impl Gateway {
    pub fn new(app: App) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        Self {
            app,
            runtime,
            base64: true,
        }
    }

    /// Sends an event to the function that the gateway would choose for its path.
    pub fn invoke(&self, event: &Value) -> Answer {
        let path = event["rawPath"].as_str().unwrap_or_default();
        self.invoke_function(choose(path), event)
    }

    /// Sends an event to this function.
    pub fn invoke_function(&self, function: &Function, event: &Value) -> Answer {
        let payload =
            serde_json::from_value(event.clone()).expect("an event that the function can read");
        let payload = LambdaEvent::new(payload, Context::default());
        let response = self.runtime.block_on((function.answer)(&self.app, payload));
        let answer = answer(&serde_json::to_value(response).unwrap());
        document::check(function.route, event, &answer);
        answer
    }

    fn event(&self, request: &HttpRequest) -> Value {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let mut event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers(request),
            "requestContext": {
                "http": {"method": request.method, "path": path, "sourceIp": "203.0.113.7"},
                "requestId": "test",
                "stage": "$default",
            },
            "isBase64Encoded": false,
        });
        if let Some(body) = request.body.as_ref().filter(|body| !body.is_empty()) {
            let text = std::str::from_utf8(body).ok().filter(|_| !self.base64);
            event["isBase64Encoded"] = text.is_none().into();
            event["body"] = text
                .map_or_else(|| STANDARD.encode(body), str::to_owned)
                .into();
        }
        event
    }
}

impl Client for Gateway {
    fn send(&self, request: &HttpRequest) -> Answer {
        self.invoke(&self.event(request))
    }

    fn now(&self) -> u64 {
        NOW
    }
}

/// What the gateway makes of a function's response, and a client that takes gzip of that.
fn answer(response: &Value) -> Answer {
    let headers = response["headers"].as_object().unwrap().iter();
    let body = response["body"].as_str().unwrap_or_default();
    let body = if response["isBase64Encoded"] == true {
        decompress(&STANDARD.decode(body).unwrap())
    } else {
        body.to_owned()
    };
    Answer {
        status: response["statusCode"].as_u64().unwrap().try_into().unwrap(),
        headers: headers
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().into()))
            .collect(),
        body,
    }
}

fn decompress(bytes: &[u8]) -> String {
    let mut text = String::new();
    match GzDecoder::new(bytes).read_to_string(&mut text) {
        Ok(_) => text,
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The most specific route wins: the path itself, then the longest `{proxy+}`, then `$default`.
fn choose(path: &str) -> &'static Function {
    let base = |function: &Function| function.route.path().map(without_slash);
    let matches = |function: &&Function| {
        let rest = base(function).and_then(|base| path.strip_prefix(base));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let longest = FUNCTIONS
        .iter()
        .filter(matches)
        .max_by_key(|function| base(function).map(str::len));
    let fallback = || {
        FUNCTIONS
            .iter()
            .find(|function| function.route.path().is_none())
    };
    longest.or_else(fallback).expect("a fallback")
}

/// Names in lower case, a repeated header joined with commas, bytes as Latin-1.
fn headers(request: &HttpRequest) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, value) in &request.headers {
        let value: String = value.iter().map(|byte| char::from(*byte)).collect();
        match map.get_mut(&name.to_lowercase()) {
            Some(Value::String(known)) => {
                known.push(',');
                known.push_str(&value);
            }
            _ => {
                map.insert(name.to_lowercase(), value.into());
            }
        }
    }
    map
}
