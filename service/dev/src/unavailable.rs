//! The answer to every request while the service cannot be built or started.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use dev::host;
use dev::saved::{Files, PAUSE, Saved};

/// How long a request may take to come.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of a request that are read.
const MOST: usize = 64 * 1024;

/// Answers 503 and the reason, until something is saved.
pub fn until_a_save(
    listener: &TcpListener,
    files: &Files,
    before: &Saved,
    reason: &str,
) -> io::Result<()> {
    let port = listener.local_addr()?.port();
    while files.now() == *before {
        match listener.accept() {
            Ok((stream, _)) => {
                let reason = reason.to_owned();
                // A client that hangs up gets no answer.
                thread::spawn(move || answer(stream, port, &reason).ok());
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn answer(mut stream: TcpStream, port: u16, reason: &str) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = head(&mut stream)?;
    let (status, text) = if host(&head).is_some_and(|host| host::is_loopback(&host)) {
        let reason = format!("make dev cannot run the service as it was saved last:\n\n{reason}");
        ("503 Service Unavailable", reason)
    } else {
        ("403 Forbidden", host::refusal(port))
    };
    let (length, kind) = (text.len() + 1, "text/plain; charset=utf-8");
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(format!("{head}{text}\n").as_bytes())?;
    // Closed with a part of the request unread, the connection would be reset before the answer is read.
    stream.shutdown(std::net::Shutdown::Write)?;
    io::copy(&mut stream, &mut io::sink()).map(drop)
}

/// The head of a request.
fn head(stream: &mut TcpStream) -> io::Result<String> {
    let (mut head, mut more) = (Vec::new(), [0; 4096]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < MOST {
        match stream.read(&mut more)? {
            0 => break,
            read => head.extend_from_slice(&more[..read]),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The value of its `Host`.
fn host(head: &str) -> Option<String> {
    let mut headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let host = headers.find(|(name, _)| name.eq_ignore_ascii_case("host"));
    host.map(|(_, value)| value.trim().to_owned())
}
