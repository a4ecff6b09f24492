//! A closed loop of load, for `make load`: each connection sends its next request when the last one is
//! answered. Prints what came back, in JSON.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use bench::clock::{ms_between, now};
use bench::http::{Message, parse};
use bench::stats::{from_usize, percentile};
use clap::Parser;
use serde_json::{Value, json};

/// An answer that takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends one request over and over, over connections that stay open.
#[derive(Debug, Parser)]
#[command(name = "load")]
struct Args {
    /// Where to: http://HOST:PORT/PATH
    url: String,
    /// How many connections ask at the same time
    #[arg(long, value_name = "N", default_value_t = 1)]
    connections: usize,
    /// Begin no request after so many seconds
    #[arg(long, value_name = "N", default_value_t = 10)]
    seconds: u64,
    /// A header, as in HTTP: "name: value"
    #[arg(long = "header", value_name = "LINE")]
    headers: Vec<String>,
    /// POST this form; otherwise it is a GET
    #[arg(long, value_name = "FORM")]
    form: Option<String>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    println!("{}", run(&args)?.json());
    Ok(())
}

/// What came back.
#[derive(Debug, Default)]
struct Answers {
    statuses: BTreeMap<String, usize>,
    errors: BTreeMap<String, usize>,
    millis: Vec<f64>,
    seconds: f64,
}

fn run(args: &Args) -> Result<Answers> {
    let (host, request) = request(args)?;
    let start = now();
    let end = start + Duration::from_secs(args.seconds);
    let mut all = Answers::default();
    thread::scope(|scope| {
        let ask = || scope.spawn(|| ask_until(end, host, request.as_bytes()));
        let asking: Vec<_> = (0..args.connections).map(|_| ask()).collect();
        for answers in asking {
            let ended = |_| Error::other("a connection's thread ended early");
            all.add(answers.join().map_err(ended)?);
        }
        Ok::<_, Error>(())
    })?;
    all.seconds = (now() - start).as_secs_f64();
    Ok(all)
}

/// The host and port to connect to, and the request (RFC 9112 3).
fn request(args: &Args) -> Result<(&str, String)> {
    let address = args.url.strip_prefix("http://");
    let (host, path) = address
        .and_then(|address| address.split_once('/'))
        .ok_or_else(|| Error::other(format!("{}: not http://HOST:PORT/PATH", args.url)))?;
    let method = args.form.as_ref().map_or("GET", |_| "POST");
    let mut text = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\n");
    for header in &args.headers {
        text += header;
        text += "\r\n";
    }
    let body = args.form.as_ref().map(|form| {
        let length = form.len();
        let kind = "application/x-www-form-urlencoded";
        format!("content-type: {kind}\r\ncontent-length: {length}\r\n\r\n{form}")
    });
    text += body.as_deref().unwrap_or("\r\n");
    Ok((host, text))
}

/// One connection's work. An error ends the connection, and another one takes its place.
fn ask_until(end: Instant, host: &str, request: &[u8]) -> Answers {
    let mut answers = Answers::default();
    while now() < end {
        if let Err(error) = answers.ask_on_one_connection(end, host, request) {
            *answers.errors.entry(error.to_string()).or_default() += 1;
        }
    }
    answers
}

impl Answers {
    fn ask_on_one_connection(&mut self, end: Instant, host: &str, request: &[u8]) -> Result<()> {
        let mut stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        while now() < end {
            let start = now();
            stream.write_all(request)?;
            let answer = read(&mut stream)?;
            self.millis.push(ms_between(start, now()));
            let status = answer.start.split(' ').nth(1).unwrap_or_default();
            *self.statuses.entry(status.to_owned()).or_default() += 1;
            let close = |value: &str| value.eq_ignore_ascii_case("close");
            if answer.header("connection").is_some_and(close) {
                break;
            }
        }
        Ok(())
    }

    fn add(&mut self, other: Self) {
        for (into, from) in [
            (&mut self.statuses, other.statuses),
            (&mut self.errors, other.errors),
        ] {
            for (name, count) in from {
                *into.entry(name).or_default() += count;
            }
        }
        self.millis.extend(other.millis);
    }

    fn json(&self) -> Value {
        json!({
            "statuses": self.statuses,
            "errors": self.errors,
            "per_second": from_usize(self.millis.len()) / self.seconds,
            "p50_ms": percentile(&self.millis, 50),
            "p90_ms": percentile(&self.millis, 90),
            "p99_ms": percentile(&self.millis, 99),
            "max_ms": percentile(&self.millis, 100),
        })
    }
}

/// The answer to the one request that is on its way.
fn read(stream: &mut TcpStream) -> Result<Message> {
    let (mut received, mut part) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let length = stream.read(&mut part)?;
        if length == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        received.extend_from_slice(&part[..length]);
        if let Some((answer, _)) = parse(&received)? {
            return Ok(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener};

    use super::*;

    /// Answers the requests of each connection with these, in turn, and then closes it.
    fn serve(answers: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                for answer in answers {
                    let Ok(request) = read(&mut stream) else {
                        break; // the load is over
                    };
                    assert_eq!(request.start, "POST /token?a=b HTTP/1.1");
                    assert_eq!(request.header("x-b"), Some("c"));
                    assert_eq!(request.body, b"username=alice");
                    thread::sleep(Duration::from_millis(20));
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            }
        });
        address
    }

    fn load(answers: &'static [&'static str]) -> Answers {
        let url = format!("http://{}/token?a=b", serve(answers));
        let mut args = vec!["load", &url, "--seconds", "1", "--connections", "1"];
        args.extend(["--header", "x-b: c", "--form", "username=alice"]);
        run(&Args::parse_from(args)).unwrap()
    }

    #[test]
    fn counts_and_times_what_comes_back_on_one_connection_after_the_other() {
        let answers = load(&[
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        ]);
        let (good, bad) = (answers.statuses["200"], answers.statuses["503"]);
        assert!(good > 5 && good - bad <= 1, "{answers:?}");
        assert!(answers.errors.is_empty(), "{answers:?}");
        let report = answers.json();
        let figure = |name: &str| report[name].as_f64().unwrap();
        assert!((1.0..=50.0).contains(&figure("per_second")), "{report}");
        assert!(figure("p50_ms") >= 20.0, "{report}");
        assert!(figure("p50_ms") <= figure("max_ms"), "{report}");
    }

    #[test]
    fn a_connection_that_ends_early_is_an_error_each_time() {
        let answers = load(&["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"]);
        assert!(answers.statuses["200"] > 5, "{answers:?}");
        assert!(!answers.errors.is_empty(), "{answers:?}");
    }

    #[test]
    fn a_wrong_url_is_named() {
        let args = Args::parse_from(["load", "127.0.0.1"]);
        let error = run(&args).unwrap_err().to_string();
        assert_eq!(error, "127.0.0.1: not http://HOST:PORT/PATH");
    }
}
