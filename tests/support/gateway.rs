//! An imitation of the HTTP API: routes a request as `template.yaml` does, and sends the function
//! the event that AWS would send, as JSON.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Map, Value, json};
use shared::http::without_slash;
use shared::lambda::{Function, Service};
use tokio::runtime::Runtime;

use crate::document::{API, ApiDocument, RFC_API};
use crate::functions::FUNCTIONS;
use crate::{Answer, Client, HttpRequest, NOW, World};

/// The service in this process.
pub struct Gateway {
    pub world: World,
    /// The functions that have started, by name: as in Lambda, they live on after an event.
    started: RefCell<HashMap<&'static str, Rc<dyn Service>>>,
    /// One runtime for all requests, since it owns the connections to the store.
    runtime: Runtime,
    /// AWS sends form bodies as base64, `sam local` as text.
    pub base64: bool,
    functions: &'static [Function],
    document: Arc<ApiDocument>,
}

impl Gateway {
    /// A gateway to all functions of the service.
    pub fn new(world: World) -> Self {
        let rfc = world
            .variables
            .get("API_DIALECT")
            .is_some_and(|dialect| dialect == "rfc");
        let document = if rfc { &RFC_API } else { &API };
        Self::serving(world, &FUNCTIONS, Arc::clone(document))
    }

    /// A gateway to other functions, with their document.
    pub fn serving(
        world: World,
        functions: &'static [Function],
        document: Arc<ApiDocument>,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        Self {
            world,
            started: RefCell::default(),
            runtime,
            base64: true,
            functions,
            document,
        }
    }

    /// Sends an event to the function that the gateway would choose for its path.
    pub fn invoke(&self, event: &Value) -> Answer {
        let path = event["rawPath"].as_str().unwrap_or_default();
        self.invoke_function(self.choose(path), event)
    }

    /// Sends an event to this function.
    pub fn invoke_function(&self, function: &Function, event: &Value) -> Answer {
        let payload =
            serde_json::from_value(event.clone()).expect("an event that the function can read");
        let payload = LambdaEvent::new(payload, Context::default());
        let service = self.started(function);
        let response = self.runtime.block_on(service.answer(payload));
        let answer = answer(&serde_json::to_value(response).unwrap());
        self.document.check(function, event, &answer);
        answer
    }

    fn choose(&self, path: &str) -> &'static Function {
        let functions = self.functions.iter();
        let fitting = functions.filter_map(|function| Some((fit(function, path)?, function)));
        let best = fitting.max_by_key(|(fit, _)| *fit);
        let mut functions = self.functions.iter();
        let fallback = || functions.find(|function| function.route.path().is_none());
        let chosen = best.map(|(_, function)| function).or_else(fallback);
        chosen.expect("a fallback")
    }

    fn started(&self, function: &Function) -> Rc<dyn Service> {
        let mut started = self.started.borrow_mut();
        let service = started.entry(function.name).or_insert_with(|| {
            let service = self.runtime.block_on(self.world.start(function));
            Rc::from(service)
        });
        Rc::clone(service)
    }

    fn event(&self, request: &HttpRequest) -> Value {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let source_ip = request.source_ip.as_deref().unwrap_or("203.0.113.7");
        let mut event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers(request),
            "requestContext": {
                "http": {"method": request.method, "path": path, "sourceIp": source_ip},
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

/// A function's response as a client sees it: its base64 decoded, its gzip decompressed.
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

/// How well a function's route fits a path; `None` if it does not. The largest one wins: the path
/// itself, then the longest `{proxy+}`, and of two equally long ones that with more literal
/// segments.
fn fit(function: &Function, path: &str) -> Option<(bool, usize, usize)> {
    let own: Vec<&str> = without_slash(function.route.path()?).split('/').collect();
    let sent: Vec<&str> = path.split('/').collect();
    let literal = |segment: &&&str| !segment.starts_with('{');
    let fits = own.len() <= sent.len()
        && own.iter().zip(&sent).all(|(own, sent)| {
            if literal(&own) {
                own == sent
            } else {
                !sent.is_empty()
            }
        });
    let literals = own.iter().filter(literal).count();
    fits.then_some((own.len() == sent.len(), own.len(), literals))
}

/// The headers as AWS sends them: names in lower case, a repeated header joined with commas (RFC
/// 9110 5.3), bytes as Latin-1.
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
