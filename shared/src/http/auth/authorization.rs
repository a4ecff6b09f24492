//! The header `Authorization`: the one place that reads it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::HeaderMap;
use lambda_http::http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;

use crate::domain::clients::Credentials;

/// The credentials in the header `Authorization`.
pub(super) enum Authorization {
    /// There is no header, or its scheme is neither `Bearer` nor `Basic`.
    Other,
    /// A bearer token (RFC 6750 2.1).
    Bearer(String),
    /// The scheme is `Bearer`, but what follows is not one token.
    MalformedBearer,
    /// The client credentials that the header may mean, in the order to try them (RFC 6749 2.3.1): both
    /// parts form-decoded, then as sent, because many libraries do not encode them. Empty if both parts
    /// are, which Swagger UI sends.
    Basic(Vec<Credentials>),
    /// The scheme is `Basic`, but what follows names no client.
    MalformedBasic,
    /// Several headers, which are several credentials. The gateway joins them with a comma, a local server
    /// may not.
    Several {
        /// True if the scheme of the first is `Bearer`.
        bearer: bool,
    },
}

impl Authorization {
    /// Reads the header as FastAPI does: the scheme may be in upper or lower case, and blanks around
    /// the credentials are ignored.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut sent = headers.get_all(AUTHORIZATION).iter();
        let header = sent.next().map_or(&b""[..], |header| header.as_bytes());
        let header = String::from_utf8_lossy(header);
        let (scheme, credentials) = header.split_once(' ').unwrap_or((&header, ""));
        let credentials = credentials.trim();
        let bearer = scheme.eq_ignore_ascii_case("bearer");
        if sent.next().is_some() {
            Self::Several { bearer }
        } else if bearer && is_b64token(credentials) {
            Self::Bearer(credentials.to_owned())
        } else if bearer {
            Self::MalformedBearer
        } else if scheme.eq_ignore_ascii_case("basic") {
            readings(credentials).map_or(Self::MalformedBasic, Self::Basic)
        } else {
            Self::Other
        }
    }
}

/// True if the request has the header, whatever is in it.
pub(super) fn is_sent(headers: &HeaderMap) -> bool {
    headers.contains_key(AUTHORIZATION)
}

/// `b64token` of RFC 6750 2.1.
fn is_b64token(text: &str) -> bool {
    let text = text.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

/// The client credentials in this base64; `None` if it names no client.
fn readings(base64: &str) -> Option<Vec<Credentials>> {
    let text = String::from_utf8(STANDARD.decode(base64).ok()?).ok()?;
    match text.split_once(':')? {
        ("", "") => Some(Vec::new()),
        ("", _) => None,
        (id, secret) => {
            let decoded = form_decoded(id, secret).into_iter();
            Some(decoded.chain([Credentials::new(id, secret)]).collect())
        }
    }
}

/// The two parts decoded, if that makes a difference.
fn form_decoded(id: &str, secret: &str) -> Option<Credentials> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text)
            .decode_utf8()
            .ok()
            .map(String::from)
    };
    let (decoded_id, decoded_secret) = (decoded(id)?, decoded(secret)?);
    let differs = decoded_id != id || decoded_secret != secret;
    differs.then(|| Credentials::new(&decoded_id, &decoded_secret))
}
