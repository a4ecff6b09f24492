//! Files that everybody may read and every cache may keep.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use lambda_http::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use lambda_http::{Body, Request, Response};
use serde::Serialize;

use super::error::ApiError;
use super::json::JSON;
use crate::http::request::error::RequestError;

/// Unless the file says otherwise, after 300 seconds a cache asks again, and mostly gets a 304.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// Files by their paths. If there are none, every path is 404.
#[derive(Default)]
pub struct Files(pub Vec<(&'static str, File)>);

impl Files {
    /// The file at the request's path.
    pub fn response(&self, request: &Request) -> Result<Response<Body>, ApiError> {
        let path = request.uri().path();
        let found = self.0.iter().find(|(known, _)| *known == path);
        let (_, file) = found.ok_or(RequestError::NotFound)?;
        file.response(request.headers())
    }
}

/// A file. It is kept compressed, because nearly every client accepts that.
pub struct File {
    content_type: HeaderValue,
    cached: HeaderValue,
    etag: HeaderValue,
    gzip: Cow<'static, [u8]>,
}

impl File {
    /// Compresses a text, quickly: a client waits for it.
    pub fn new(content_type: &'static str, text: &str) -> io::Result<Self> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes())?;
        Ok(Self::from_gzip(content_type, encoder.finish()?))
    }

    /// Compresses a value in JSON.
    pub fn json(value: &impl Serialize) -> io::Result<Self> {
        Self::new(JSON, &serde_json::to_string(value)?)
    }

    /// Takes content that is compressed already.
    pub fn from_gzip(content_type: &'static str, gzip: impl Into<Cow<'static, [u8]>>) -> Self {
        let gzip = gzip.into();
        Self {
            content_type: HeaderValue::from_static(content_type),
            cached: CACHED,
            etag: etag(&gzip),
            gzip,
        }
    }

    /// The same file with another `Cache-Control` than `public, max-age=300`.
    #[must_use]
    pub fn cached(self, cache_control: &'static str) -> Self {
        let cached = HeaderValue::from_static(cache_control);
        Self { cached, ..self }
    }

    /// Answers 304 if the client has the file (RFC 9110 13.1.2), and otherwise the file, compressed
    /// if the client accepts that (RFC 9110 12.5.3).
    pub fn response(&self, request: &HeaderMap) -> Result<Response<Body>, ApiError> {
        let mut response = Response::new(Body::Empty);
        let headers = response.headers_mut();
        headers.insert(ETAG, self.etag.clone());
        headers.insert(CACHE_CONTROL, self.cached.clone());
        headers.insert(VARY, HeaderValue::from(ACCEPT_ENCODING));
        if is_known(request, &self.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        if accepts_gzip(request) {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            *response.body_mut() = Body::Binary(self.gzip.to_vec());
        } else {
            *response.body_mut() = self.identity().map_err(ApiError::internal)?;
        }
        Ok(response)
    }

    fn identity(&self) -> io::Result<Body> {
        let mut bytes = Vec::new();
        GzDecoder::new(&*self.gzip).read_to_end(&mut bytes)?;
        let text = String::from_utf8(bytes).map(Body::Text);
        Ok(text.unwrap_or_else(|binary| Body::Binary(binary.into_bytes())))
    }
}

/// What gzip ends with (RFC 1952 2.3.1): the CRC and the length of what was compressed. A digest of half a
/// megabyte would make a cold start wait. The tag is weak, because the file has the same one compressed or
/// not (RFC 9110 8.8.1).
fn etag(gzip: &[u8]) -> HeaderValue {
    let end = gzip.last_chunk::<8>().map_or(&[][..], |end| &end[..]);
    let tag = URL_SAFE_NO_PAD.encode(end);
    let none = HeaderValue::from_static("W/\"\"");
    HeaderValue::from_str(&format!("W/\"{tag}\"")).unwrap_or(none)
}

/// Does the client have the file? Tags are compared without their `W/` (RFC 9110 8.8.3.2).
fn is_known(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let own = etag.to_str().map(opaque).unwrap_or_default();
    elements(request, &IF_NONE_MATCH).any(|tag| tag == "*" || opaque(tag) == own)
}

/// Does the client accept `gzip`, or else `*`, with a weight above 0 (RFC 9110 12.5.3)?
fn accepts_gzip(request: &HeaderMap) -> bool {
    let weight = |coding: &str| {
        elements(request, &ACCEPT_ENCODING).find_map(|element| {
            let (name, weight) = element.split_once(';').unwrap_or((element, "q=1"));
            let weight = weight.trim().to_ascii_lowercase();
            let weight = weight
                .strip_prefix("q=")
                .and_then(|q| q.parse::<f32>().ok());
            name.trim()
                .eq_ignore_ascii_case(coding)
                .then_some(weight.unwrap_or(0.0))
        })
    };
    weight("gzip")
        .or_else(|| weight("*"))
        .is_some_and(|weight| weight > 0.0)
}

/// The elements of a list in a header (RFC 9110 5.6.1). A value that is not ASCII is skipped.
fn elements<'a>(request: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = request.get_all(name).into_iter();
    let values = values.filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    fn file() -> File {
        File::new("text/plain", "hello").unwrap()
    }

    #[test]
    fn is_compressed_for_who_asks() {
        for (accept, expected) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("gzip, deflate, br, zstd", true),
            ("*", true),
            ("br;q=1.0, *;q=0.1", true),
            ("", false),
            ("br", false),
            ("identity", false),
            ("gzip;q=0", false),
            ("gzip; Q=0.000, *", false),
            ("gzip;q=x", false),
            ("gzip;q=NaN", false),
            ("gzipped", false),
        ] {
            let response = file().response(&request(ACCEPT_ENCODING, accept)).unwrap();
            let encoding = response.headers().get(CONTENT_ENCODING);
            assert_eq!(encoding.is_some(), expected, "{accept}");
            match response.body() {
                Body::Text(text) => assert!(!expected && text == "hello", "{accept}"),
                Body::Binary(gzip) => {
                    let mut text = String::new();
                    GzDecoder::new(&gzip[..]).read_to_string(&mut text).unwrap();
                    assert!(expected && text == "hello", "{accept}");
                }
                other => panic!("{accept}: {other:?}"),
            }
        }
        let response = file().response(&HeaderMap::new()).unwrap();
        assert!(matches!(response.body(), Body::Text(_)));
        assert_eq!(response.headers()[VARY], "accept-encoding");
    }

    #[test]
    fn is_not_sent_to_who_has_it() {
        let etag = file().etag.to_str().unwrap().to_owned();
        assert!(etag.starts_with("W/\"") && etag.len() == 15, "{etag}");
        let strong = etag.trim_start_matches("W/");
        for (known, status) in [
            (etag.as_str(), 304),
            (strong, 304),
            (&format!("\"a\", {etag}"), 304),
            ("*", 304),
            ("\"a\"", 200),
            ("", 200),
            (strong.trim_matches('"'), 200),
        ] {
            let response = file().response(&request(IF_NONE_MATCH, known)).unwrap();
            assert_eq!(response.status(), status, "{known}");
            assert_eq!(response.headers()[ETAG], etag, "{known}");
            assert_eq!(matches!(response.body(), Body::Empty), status == 304);
        }
    }

    #[test]
    fn another_text_has_another_etag() {
        assert_ne!(file().etag, File::new("text/plain", "hallo").unwrap().etag);
    }
}
