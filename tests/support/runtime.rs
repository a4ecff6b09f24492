//! What goes over the wire between Lambda's Runtime API and a function.

use std::io::Read;

use serde_json::Value;

/// A request that the function sent.
pub struct Sent {
    pub line: String,
    pub head: String,
    pub body: Value,
}

/// Reads a request of the function.
pub fn receive(stream: &mut impl Read) -> Sent {
    let mut bytes = Vec::new();
    loop {
        let mut more = [0; 4096];
        let count = stream.read(&mut more).unwrap();
        assert!(count > 0, "the function hung up");
        bytes.extend(&more[..count]);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() == length.map_or(0, |length| length.parse().unwrap()) {
            let line = text.lines().next().unwrap().to_owned();
            let body = serde_json::from_str(body).unwrap_or_default();
            return Sent { line, head, body };
        }
    }
}

/// A response of the Runtime API.
pub fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

/// An event, with more headers.
pub fn event(body: &str, headers: &str) -> String {
    let headers = format!(
        "lambda-runtime-aws-request-id: 8476a536\r\nlambda-runtime-deadline-ms: 1542409706888\r\n{headers}"
    );
    response("200 OK", &headers, body)
}

/// What follows an answer.
pub fn accepted() -> String {
    response("202 Accepted", "", "")
}
