//! An imitation of the HTTP API: routes a request by the routes of `template.yaml`, and sends the
//! function the event that AWS would send, as JSON.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use lambda_runtime::Context;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use service::FUNCTIONS;
use shared::lambda::{Function, Service};

use crate::document::{API, ApiDocument, RFC_API};
use crate::routing::{EmptyRest, ROUTES, Routes};
use crate::{Answer, Client, HttpRequest, NOW, World, block_on};

/// The service in this process.
pub struct Gateway {
    pub world: World,
    /// The functions that have started, by name: as in Lambda, they live on after an event.
    started: RefCell<HashMap<&'static str, Rc<dyn Service>>>,
    /// AWS sends form bodies as base64, `sam local` as text.
    pub base64: bool,
    pub empty_rest: EmptyRest,
    pub routes: Arc<Routes>,
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
        Self {
            routes: Arc::clone(&ROUTES),
            ..Self::serving(world, FUNCTIONS, Arc::clone(document))
        }
    }

    /// A gateway to other functions, with the routes that they would have, and their document.
    pub fn serving(
        world: World,
        functions: &'static [Function],
        document: Arc<ApiDocument>,
    ) -> Self {
        Self {
            world,
            started: RefCell::default(),
            base64: true,
            empty_rest: EmptyRest::Taken,
            routes: Arc::new(Routes::of_functions(functions)),
            functions,
            document,
        }
    }

    /// Sends an event to the function that the gateway would choose for its method and path.
    pub fn invoke(&self, event: &Value) -> Answer {
        let http = &event["requestContext"]["http"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (method, path) = (text(&http["method"]), text(&event["rawPath"]));
        let route = self.routes.choose(&method, &path, self.empty_rest);
        let name = &route.expect("a fallback").function;
        let mut functions = self.functions.iter();
        let function = functions.find(|function| function.name == name);
        self.invoke_function(function.expect("a function of this gateway"), event)
    }

    /// Sends an event to this function.
    pub fn invoke_function(&self, function: &Function, event: &Value) -> Answer {
        let response = self.ask(function, event);
        let answer = answer(&response.expect("an event that the function can read"));
        self.document.check(function, event, &answer);
        answer
    }

    /// What the function answers to an event, whatever kind it is of; or why it does not.
    #[expect(clippy::missing_errors_doc, reason = "as its first line says")]
    pub fn ask(&self, function: &Function, event: &Value) -> Result<Value, String> {
        let service = self.started(function);
        let event = serde_json::to_vec(event).unwrap();
        let answer = service.answer(&event, Context::default());
        let answer = block_on(answer);
        let answer = answer.map_err(|why| format!("{}: {}", why.error_type, why.error_message));
        answer.map(|answer| serde_json::from_slice(&answer).unwrap())
    }

    fn started(&self, function: &Function) -> Rc<dyn Service> {
        let mut started = self.started.borrow_mut();
        let service = started.entry(function.name).or_insert_with(|| {
            let service = block_on(self.world.start(function));
            Rc::from(service)
        });
        Rc::clone(service)
    }

    /// The event of a request.
    pub fn event(&self, request: &HttpRequest) -> Value {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let path = &*percent_decode_str(path).decode_utf8_lossy();
        let route = self.routes.choose(&request.method, path, self.empty_rest);
        let source_ip = request.source_ip.as_deref().unwrap_or("203.0.113.7");
        let mut event = json!({
            "version": "2.0",
            "routeKey": route.map_or("$default", |route| &route.key),
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
            let as_text = !self.base64 || is_text(&event["headers"]);
            let text = std::str::from_utf8(body).ok().filter(|_| as_text);
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

/// Does the gateway send this body as it is? AWS documents no list; this one was observed.
fn is_text(headers: &Value) -> bool {
    let media_type = headers["content-type"].as_str().unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let text = ["json", "xml", "javascript"].map(|kind| format!("application/{kind}"));
    media_type.starts_with("text/") || text.iter().any(|text| text == media_type)
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
