//! As much of HTTP/1.1 (RFC 9112) as the Runtime API and DynamoDB need.

use std::io::{Error, ErrorKind, Result};

use httparse::{EMPTY_HEADER, Header, Status, parse_chunk_size, parse_headers};

/// More headers than any of these messages has.
const MOST_HEADERS: usize = 64;

/// A request or a response.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// The request line or the status line.
    pub start: String,
    headers: Vec<(String, String)>,
    /// The content, without the framing of its chunks.
    pub body: Vec<u8>,
}

impl Message {
    /// The first header of this name, which must be given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The bytes to pass on, with a `Content-Length` in the place of chunks.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{}\r\n", self.start).into_bytes();
        let framing = ["transfer-encoding", "content-length"];
        for (name, value) in &self.headers {
            if !framing.contains(&name.as_str()) {
                bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
        }
        let length = format!("content-length: {}\r\n\r\n", self.body.len());
        bytes.extend_from_slice(length.as_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// The first message of what was received, and its length; `None` until it is complete.
pub fn parse(received: &[u8]) -> Result<Option<(Message, usize)>> {
    let Some(line) = received.windows(2).position(|two| two == b"\r\n") else {
        return Ok(None);
    };
    let start = str::from_utf8(&received[..line])
        .map_err(invalid)?
        .to_owned();
    let rest = &received[line + 2..];
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let Status::Complete((head, headers)) = parse_headers(rest, &mut headers).map_err(invalid)?
    else {
        return Ok(None);
    };
    let headers = headers.iter().map(owned).collect::<Result<_>>()?;
    let mut message = Message {
        start,
        headers,
        body: Vec::new(),
    };
    let rest = &rest[head..];
    let chunked = message
        .header("transfer-encoding")
        .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    let body = if chunked {
        dechunk(rest)?
    } else {
        let length = message.header("content-length").unwrap_or("0");
        let length: usize = length.parse().map_err(invalid)?;
        rest.get(..length).map(|body| (body.to_vec(), length))
    };
    Ok(body.map(|(body, used)| {
        message.body = body;
        (message, line + 2 + head + used)
    }))
}

fn owned(header: &Header<'_>) -> Result<(String, String)> {
    let value = str::from_utf8(header.value).map_err(invalid)?;
    Ok((header.name.to_ascii_lowercase(), value.trim().to_owned()))
}

/// The content of chunks (RFC 9112 7.1) and the length of all of them; trailers are not supported.
fn dechunk(received: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let size = parse_chunk_size(&received[at..]).map_err(|_| invalid("no chunk size"))?;
        let Status::Complete((line, size)) = size else {
            return Ok(None);
        };
        let (start, size) = (at + line, usize::try_from(size).map_err(invalid)?);
        let Some(chunk) = received.get(start..start + size + 2) else {
            return Ok(None);
        };
        at = start + size + 2;
        if size == 0 {
            return Ok(Some((body, at)));
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

fn invalid(problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POST: &[u8] =
        b"POST /a/response HTTP/1.1\r\nContent-Length: 4\r\nX-B:  c \r\n\r\nbodyGET";

    #[test]
    fn takes_one_message_and_leaves_the_next() {
        let (message, used) = parse(POST).unwrap().unwrap();
        assert_eq!(message.start, "POST /a/response HTTP/1.1");
        assert_eq!(
            (message.header("x-b"), message.header("b")),
            (Some("c"), None)
        );
        assert_eq!(
            (message.body.as_slice(), &POST[used..]),
            (&b"body"[..], &b"GET"[..])
        );
    }

    #[test]
    fn half_a_message_is_none_yet() {
        let whole = POST.len() - b"GET".len();
        for length in 0..whole {
            assert_eq!(parse(&POST[..length]).unwrap(), None, "{length}");
        }
        let chunked =
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbod\r\n1\r\ny\r\n0\r\n\r\n";
        for length in 0..chunked.len() {
            assert_eq!(parse(&chunked[..length]).unwrap(), None, "{length}");
        }
        let (message, used) = parse(chunked).unwrap().unwrap();
        assert_eq!(
            (message.body.as_slice(), used),
            (&b"body"[..], chunked.len())
        );
    }

    #[test]
    fn a_message_is_passed_on_with_its_headers_and_its_body() {
        let (message, _) = parse(POST).unwrap().unwrap();
        let expected = b"POST /a/response HTTP/1.1\r\nx-b: c\r\ncontent-length: 4\r\n\r\nbody";
        assert_eq!(message.to_bytes(), expected);
    }

    #[test]
    fn refuses_what_is_not_http() {
        for wrong in [
            &b"GET / HTTP/1.1\r\nno header\r\n\r\n"[..],
            b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"\xff\r\n\r\n",
        ] {
            assert!(parse(wrong).is_err());
        }
    }
}
