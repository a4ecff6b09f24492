//! A proxy between the service and DynamoDB: it records the requests, and injects faults.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use httparse::{EMPTY_HEADER, Status, parse_headers};
use serde_json::Value;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is passed on.
    None,
    /// Answered with this status and this error.
    Answer(u16, &'static str),
    /// Answered with this body.
    Says(&'static str),
    /// The same, but only the next one.
    SaysOnce(&'static str),
    /// Read, and never answered.
    BlackHole,
    /// Read; then only the writing half of the connection is closed.
    HalfClosed,
    /// The connection is closed without a word.
    Closed,
    /// Half an answer comes, and no more.
    Cut,
    /// Something that is not HTTP.
    Garbage,
    /// Passed on after this long.
    Slow(Duration),
    /// The answer comes byte by byte, with this long between them.
    Dribble(Duration),
}

/// A request that came through: the operation and its body.
pub type Recorded = (String, Value);

/// A running proxy. Its clones share the fault and the recorded requests.
#[derive(Clone)]
pub struct Proxy {
    pub address: SocketAddr,
    fault: Arc<Mutex<Fault>>,
    recorded: Arc<Mutex<Vec<Recorded>>>,
}

impl Proxy {
    /// Passes everything on to `upstream`, until told otherwise.
    pub fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            fault: Arc::new(Mutex::new(Fault::None)),
            recorded: Arc::default(),
        };
        let serving = proxy.clone();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let serving = serving.clone();
                thread::spawn(move || while serving.one(&connection, upstream).is_ok() {});
            }
        });
        proxy
    }

    pub fn inject(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    /// The requests since the last call.
    pub fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.recorded.lock().unwrap())
    }

    /// One request and its answer; an error ends the connection.
    fn one(&self, mut connection: &TcpStream, upstream: SocketAddr) -> io::Result<()> {
        let request = message(&mut connection)?;
        self.record(&request);
        let fault = *self.fault.lock().unwrap();
        let pass_on = || -> io::Result<Vec<u8>> {
            let mut upstream = TcpStream::connect(upstream)?;
            upstream.write_all(&request)?;
            message(&mut upstream)
        };
        match fault {
            Fault::None => connection.write_all(&pass_on()?),
            Fault::Slow(wait) => {
                thread::sleep(wait);
                connection.write_all(&pass_on()?)
            }
            Fault::Answer(status, error) => connection.write_all(answer(status, error).as_bytes()),
            Fault::Says(body) => connection.write_all(message_of("200 OK", body).as_bytes()),
            Fault::SaysOnce(body) => {
                self.inject(Fault::None);
                connection.write_all(message_of("200 OK", body).as_bytes())
            }
            Fault::Garbage => connection.write_all(b"SSH-2.0-nonsense\r\n\r\n"),
            Fault::BlackHole => hold(connection),
            Fault::HalfClosed => {
                connection.shutdown(Shutdown::Write)?;
                hold(connection)
            }
            Fault::Closed => Err(io::ErrorKind::ConnectionReset.into()),
            Fault::Cut => {
                let answer = pass_on()?;
                connection.write_all(&answer[..answer.len() - 4])?;
                hold(connection)
            }
            Fault::Dribble(wait) => {
                for byte in pass_on()? {
                    connection.write_all(&[byte])?;
                    thread::sleep(wait);
                }
                Ok(())
            }
        }
    }

    fn record(&self, request: &[u8]) {
        let text = String::from_utf8_lossy(request);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        let target = head
            .lines()
            .find_map(|line| line.strip_prefix("x-amz-target: DynamoDB_20120810."));
        let recorded = (
            target.unwrap_or_default().to_owned(),
            serde_json::from_str(body).unwrap_or_default(),
        );
        self.recorded.lock().unwrap().push(recorded);
    }
}

fn answer(status: u16, error: &str) -> String {
    let body =
        format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{error}","message":"injected"}}"#);
    message_of(&format!("{status} Injected"), &body)
}

fn message_of(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Waits until the other side gives up.
fn hold(mut connection: &TcpStream) -> io::Result<()> {
    io::copy(&mut connection, &mut io::sink())?;
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// A whole HTTP message, whose length is in its head.
fn message(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        if length(&message)?.is_some_and(|length| message.len() >= length) {
            return Ok(message);
        }
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => message.extend_from_slice(&buffer[..read]),
        }
    }
}

/// How long a message is in all; `None` until its head is complete.
fn length(message: &[u8]) -> io::Result<Option<usize>> {
    let Some(line) = message.windows(2).position(|two| two == b"\r\n") else {
        return Ok(None);
    };
    let mut headers = [EMPTY_HEADER; 64];
    let parsed = parse_headers(&message[line + 2..], &mut headers).map_err(io::Error::other)?;
    let Status::Complete((head, headers)) = parsed else {
        return Ok(None);
    };
    let mut headers = headers.iter();
    let length = headers.find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| str::from_utf8(header.value).ok()?.parse().ok());
    Ok(Some(line + 2 + head + length.unwrap_or(0)))
}
