//! A function without a runtime library: the Runtime API over a plain socket.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::http::{Message, parse};

/// Answers events until the connection ends.
pub fn serve(mut answer: impl FnMut() -> &'static str) -> io::Result<()> {
    let api = runtime_api()?;
    let mut stream = TcpStream::connect(&api)?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(16 * 1024);
    let next = format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: {api}\r\n\r\n");
    loop {
        stream.write_all(next.as_bytes())?;
        let event = receive(&mut stream, &mut buffer)?;
        let id = event.header("lambda-runtime-aws-request-id").unwrap_or("");
        let body = answer();
        let length = body.len();
        let post = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: {api}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(post.as_bytes())?;
        receive(&mut stream, &mut buffer)?;
    }
}

#[expect(clippy::disallowed_methods, reason = "where Lambda says it is")]
fn runtime_api() -> io::Result<String> {
    std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(io::Error::other)
}

/// Reads one message; what comes after it stays in the buffer.
pub fn receive(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<Message> {
    loop {
        if let Some((message, used)) = parse(buffer)? {
            buffer.drain(..used);
            return Ok(message);
        }
        let mut chunk = [0; 16 * 1024];
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => buffer.extend_from_slice(&chunk[..read]),
        }
    }
}
