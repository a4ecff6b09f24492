//! An emulated Lambda Runtime API on loopback, for one function at a time.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::candidate::Request;
use crate::clock;
use crate::error::{Context, Error};
use crate::http::{Message, parse};

/// After how many seconds without a word a function counts as broken. One whose connections are all
/// closed has either ended or opens another at once, so it gets less time.
const PATIENCE: i64 = 20;
const PATIENCE_WITHOUT_CONNECTION: i64 = 2;
/// The time limit of an invocation that the function is told.
const TIMEOUT: Duration = Duration::from_secs(10);
const PREFIX: &str = "/2018-06-01/runtime/";

/// Where a function fetches its events.
pub struct RuntimeApi {
    listener: TcpListener,
    connections: Vec<Connection>,
    /// The connection that waits for an event.
    waiting: Option<usize>,
    events: u64,
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    open: bool,
}

/// A response, and when it was complete.
pub struct Answer {
    /// From the event's first byte to the response's last.
    pub took: Duration,
    /// When the response was complete, to measure from another beginning.
    pub at: Instant,
    /// The response, as the function wrote it for the gateway.
    pub body: Vec<u8>,
}

impl RuntimeApi {
    /// Starts it on a free port.
    pub fn start() -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").context("a port for the Runtime API")?;
        Ok(Self {
            listener,
            connections: Vec::new(),
            waiting: None,
            events: 0,
        })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> Result<SocketAddr, Error> {
        self.listener.local_addr().context("the Runtime API")
    }

    /// Waits until the function asks for an event, and returns when it did.
    pub fn wait_for_next(&mut self) -> Result<Instant, Error> {
        let (connection, message) = self.receive()?;
        let at = clock::now();
        if route(&message)? != "invocation/next" {
            return Err(refused(&message));
        }
        self.waiting = Some(connection);
        Ok(at)
    }

    /// Hands an event to the function that waits for one.
    pub fn invoke(&mut self, request: &Request) -> Result<Answer, Error> {
        let Request { event, status } = request;
        self.events += 1;
        let head = event_head(self.events, event.len());
        let waiting = self.waiting.take().ok_or_else(|| {
            Error::Function("an event was to be sent before it was asked for".into())
        })?;
        let start = clock::now();
        self.send(waiting, &format!("{head}{event}"))?;
        let (connection, message) = self.receive()?;
        let at = clock::now();
        if !route(&message)?.ends_with("/response")
            || status_of(&message.body) != Some(u64::from(*status))
        {
            return Err(refused(&message));
        }
        let accepted =
            "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n";
        self.send(connection, accepted)?;
        Ok(Answer {
            took: at - start,
            at,
            body: message.body,
        })
    }

    fn send(&mut self, connection: usize, text: &str) -> Result<(), Error> {
        let mut stream = &self.connections[connection].stream;
        stream
            .write_all(text.as_bytes())
            .context("the function's connection")
    }

    /// Waits for the next message, on whichever connection it comes.
    fn receive(&mut self) -> Result<(usize, Message), Error> {
        loop {
            for (index, connection) in self.connections.iter_mut().enumerate() {
                let parsed = parse(&connection.buffer).context("what the function sent")?;
                if let Some((message, used)) = parsed {
                    connection.buffer.drain(..used);
                    return Ok((index, message));
                }
            }
            self.read().context("the function's connection")?;
        }
    }

    /// Accepts a connection, or reads from those that have something.
    fn read(&mut self) -> io::Result<()> {
        let mut open: Vec<_> = self.connections.iter_mut().filter(|c| c.open).collect();
        let mut waiting = vec![PollFd::new(&self.listener, PollFlags::IN)];
        waiting.extend(open.iter().map(|c| PollFd::new(&c.stream, PollFlags::IN)));
        let ended = open.is_empty() && self.events > 0;
        let patience = Timespec {
            tv_sec: if ended {
                PATIENCE_WITHOUT_CONNECTION
            } else {
                PATIENCE
            },
            tv_nsec: 0,
        };
        if poll(&mut waiting, Some(&patience))? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let ready: Vec<bool> = waiting.iter().map(|fd| !fd.revents().is_empty()).collect();
        for (connection, ready) in open.iter_mut().zip(&ready[1..]) {
            if *ready {
                connection.read()?;
            }
        }
        if ready[0] {
            let (stream, _) = self.listener.accept()?;
            stream.set_nodelay(true)?;
            self.connections.push(Connection {
                stream,
                buffer: Vec::with_capacity(16 * 1024),
                open: true,
            });
        }
        Ok(())
    }
}

impl Connection {
    fn read(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        let read = self.stream.read(&mut chunk)?;
        self.open = read > 0;
        self.buffer.extend_from_slice(&chunk[..read]);
        Ok(())
    }
}

/// Each event has its own trace id, as on Lambda, so that the figures show it if a function keeps
/// them (docs/adr/0021-a-runtime-loop-that-never-grows.md).
fn event_head(number: u64, length: usize) -> String {
    let deadline = (clock::since_epoch() + TIMEOUT).as_millis();
    format!(
        "HTTP/1.1 200 OK\r\n\
         Content-Type: application/json\r\n\
         Lambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-{number:012}\r\n\
         Lambda-Runtime-Deadline-Ms: {deadline}\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:bench\r\n\
         Lambda-Runtime-Trace-Id: Root=1-67449b80-{number:024x};Sampled=0\r\n\
         Content-Length: {length}\r\n\r\n"
    )
}

fn route(message: &Message) -> Result<&str, Error> {
    let path = message.start.split(' ').nth(1).unwrap_or_default();
    path.strip_prefix(PREFIX).ok_or_else(|| refused(message))
}

/// An authorizer's "yes" counts as 200.
fn status_of(body: &[u8]) -> Option<u64> {
    let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    let allowed = answer["isAuthorized"] == true;
    answer["statusCode"].as_u64().or(allowed.then_some(200))
}

fn refused(message: &Message) -> Error {
    let body = String::from_utf8_lossy(&message.body);
    Error::Function(format!("it sent {}: {body}", message.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answers_status_is_a_number_or_there_is_none() {
        let answer = br#"{"statusCode":200,"body":"Hello"}"#;
        assert_eq!(status_of(answer), Some(200));
        assert_eq!(status_of(br#"{"isAuthorized":true}"#), Some(200));
        for wrong in [
            "",
            "{}",
            r#"{"statusCode":"200"}"#,
            r#"{"isAuthorized":false}"#,
        ] {
            assert_eq!(status_of(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn an_event_has_what_a_runtime_reads() {
        let (head, _) = parse(event_head(7, 0).as_bytes()).unwrap().unwrap();
        let id = head.header("lambda-runtime-aws-request-id").unwrap();
        assert_eq!(id, "00000000-0000-4000-8000-000000000007");
        assert!(
            head.header("lambda-runtime-deadline-ms")
                .unwrap()
                .parse::<u64>()
                .unwrap()
                > 1_700_000_000_000
        );
    }
}
