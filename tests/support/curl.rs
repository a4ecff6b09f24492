//! Sends requests to a service over HTTP with `curl`, which everybody has.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use shared::domain::clock::{Clock, SystemClock};

use crate::{Answer, Client, HttpRequest};

/// A running service.
pub struct Curl {
    /// Without a slash at its end.
    pub base_url: String,
}

impl Client for Curl {
    fn send(&self, request: &HttpRequest) -> Answer {
        let mut command = Command::new("curl");
        command.args([
            "--silent",
            "--show-error",
            "--include",
            "--path-as-is",
            "--globoff",
            "--http1.1",
        ]);
        command.args(["--max-time", "60", "--suppress-connect-headers"]);
        command.args(["--noproxy", "127.0.0.1,localhost"]);
        // Leaves out curl's own headers, except for Host and Content-Length.
        command.args([
            "--header",
            "Accept:",
            "--header",
            "User-Agent:",
            "--header",
            "Expect:",
        ]);
        if request.body.is_some() {
            command.args(["--header", "Content-Type:", "--data-binary", "@-"]);
        }
        for (name, value) in &request.headers {
            if name == "accept-encoding" {
                command.arg("--compressed"); // curl decompresses the answer
            }
            let line = if value.is_empty() {
                format!("{name};")
            } else {
                format!("{name}: ")
            };
            let line = [line.as_bytes(), value].concat();
            command
                .arg("--header")
                .arg(std::ffi::OsStr::from_bytes(&line));
        }
        match request.method.as_str() {
            "HEAD" => command.arg("--head"),
            method => command.args(["--request", method]),
        };
        command.arg(format!("{}{}", self.base_url, request.path));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("curl is installed");
        let mut stdin = child.stdin.take().unwrap();
        let body = request.body.clone().unwrap_or_default();
        // In a thread, since a server may answer before it has read everything.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&body)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.stdout.is_empty(),
            "{} {}: {errors}",
            request.method,
            self.base_url
        );
        parse(&String::from_utf8_lossy(&output.stdout))
    }

    fn now(&self) -> u64 {
        SystemClock.now().as_secs()
    }
}

/// Reads the answer, and skips heads with a status of 1xx that come before it (RFC 9110 15.2).
fn parse(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .unwrap_or_default();
    if status.starts_with('1') {
        return parse(body);
    }
    let headers = lines.filter_map(|line| line.split_once(':'));
    Answer {
        status: status
            .parse()
            .unwrap_or_else(|_| panic!("no status: {head}")),
        headers: headers
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}
