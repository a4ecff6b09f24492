//! The service in this process, behind the gateway of `service`, as a test sees it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;
use std::sync::Arc;

use flate2::read::GzDecoder;
use lambda_http::http::{HeaderName, HeaderValue};
use lambda_runtime::Context;
use serde_json::Value;
use service::FUNCTIONS;
use service::gateway::routing::Routes;
use service::gateway::{Received, response};
use shared::lambda::{Function, Service};

use crate::document::{API, ApiDocument, RFC_API};
use crate::{Answer, Client, HttpRequest, NOW, World, block_on, parsed_template};

/// The service in this process.
pub struct Gateway {
    pub world: World,
    /// The functions that have started, by name: as in Lambda, they live on after an event.
    started: RefCell<HashMap<&'static str, Rc<dyn Service>>>,
    pub gateway: service::gateway::Gateway,
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
        let routes = Routes::of_template(parsed_template());
        Self {
            gateway: service::gateway::Gateway::new(routes),
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
            gateway: service::gateway::Gateway::new(Routes::of_functions(functions)),
            functions,
            document,
        }
    }

    /// Sends an event to the function that the gateway would choose for its method and path.
    pub fn invoke(&self, event: &Value) -> Answer {
        let http = &event["requestContext"]["http"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (method, path) = (text(&http["method"]), text(&event["rawPath"]));
        let route = self.gateway.route(&method, &path);
        self.invoke_function(self.function(&route.expect("a fallback").function), event)
    }

    /// Sends an event to this function.
    pub fn invoke_function(&self, function: &Function, event: &Value) -> Answer {
        let payload = self.ask(function, event);
        let payload = payload.expect("an event that the function can read");
        let response = response::of_payload(payload.to_string().as_bytes());
        let answer = answer(&response.expect("an answer that the gateway can read"));
        self.document.check(function, event, &answer);
        answer
    }

    /// What the function answers to an event, whatever kind it is of; or why it does not.
    #[expect(clippy::missing_errors_doc, reason = "as its first line says")]
    pub fn ask(&self, function: &Function, event: &Value) -> Result<Value, String> {
        block_on(self.asked(function, event))
    }

    async fn asked(&self, function: &Function, event: &Value) -> Result<Value, String> {
        let service = self.started(function).await;
        let event = serde_json::to_vec(event).unwrap();
        let answer = service.answer(&event, Context::default()).await;
        let answer = answer.map_err(|why| format!("{}: {}", why.error_type, why.error_message));
        answer.map(|answer| serde_json::from_slice(&answer).unwrap())
    }

    async fn started(&self, function: &Function) -> Rc<dyn Service> {
        if let Some(service) = self.started.borrow().get(function.name) {
            return Rc::clone(service);
        }
        let service: Rc<dyn Service> = Rc::from(self.world.start(function).await);
        let mut started = self.started.borrow_mut();
        started.insert(function.name, Rc::clone(&service));
        service
    }

    fn function(&self, name: &str) -> &'static Function {
        let mut functions = self.functions.iter();
        let function = functions.find(|function| function.name == name);
        function.expect("a function of this gateway")
    }

    /// The event of a request.
    pub fn event(&self, request: &HttpRequest) -> Value {
        self.gateway.event(&received(request))
    }
}

impl Client for Gateway {
    fn send(&self, request: &HttpRequest) -> Answer {
        let invoked = Cell::new(None);
        let invoke = async |name: &str, event: &Value| {
            let function = self.function(name);
            let payload = self.asked(function, event).await.expect("an answer");
            invoked.set(Some((function, event.clone())));
            Some(payload.to_string().into_bytes())
        };
        let response = block_on(self.gateway.answer(&received(request), invoke));
        let answer = answer(&response);
        if let Some((function, event)) = invoked.take() {
            self.document.check(function, &event, &answer);
        }
        answer
    }

    fn now(&self) -> u64 {
        NOW
    }
}

/// A request as it comes over HTTP.
pub fn received(request: &HttpRequest) -> Received {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let headers = request.headers.iter().map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_bytes(value).unwrap())
    });
    let source_ip = request.source_ip.as_deref().unwrap_or("203.0.113.7");
    Received {
        method: request.method.clone(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers.collect(),
        body: request.body.clone().unwrap_or_default(),
        source_ip: source_ip.to_owned(),
        id: "test".to_owned(),
    }
}

/// A response as a client sees it, its gzip decompressed.
pub fn answer(response: &response::Response) -> Answer {
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| {
        let value = String::from_utf8(value.as_bytes().to_vec()).unwrap();
        (name.to_string(), value)
    });
    Answer {
        status: response.status().as_u16(),
        headers: headers.collect(),
        body: decompress(response.body()),
    }
}

fn decompress(bytes: &[u8]) -> String {
    let mut text = String::new();
    match GzDecoder::new(bytes).read_to_string(&mut text) {
        Ok(_) => text,
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
