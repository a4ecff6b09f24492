//! Whose tokens they are, and for whom.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The claims `iss` and `aud` of tokens by RFC 9068, and the issuer identifier of RFC 8414.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// `iss`: an https origin without a path, such as `https://api.example.com`. Its metadata is at
    /// a path that begins with `/.well-known/`, which no stage of a gateway can be.
    pub url: String,
    /// `aud`: for which API the tokens are; the issuer itself, if nothing else is said.
    pub audience: String,
}

/// What is wrong with an issuer or an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadIssuer {
    /// It is no origin, or not one of https.
    #[error(
        "not an https origin without a path, such as https://api.example.com (http only on loopback)"
    )]
    NotAnOrigin,
    /// It is empty, or contains what a claim of this kind never does.
    #[error("not a name of visible ASCII without quotation marks")]
    Audience,
}

impl Issuer {
    /// An issuer, and for whom its tokens are.
    pub fn new(url: &str, audience: Option<&str>) -> Result<Self, BadIssuer> {
        if !is_origin(url) {
            return Err(BadIssuer::NotAnOrigin);
        }
        let audience = audience.unwrap_or(url);
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        if audience.is_empty() || !audience.bytes().all(allowed) {
            return Err(BadIssuer::Audience);
        }
        Ok(Self {
            url: url.to_owned(),
            audience: audience.to_owned(),
        })
    }
}

/// `https://host` or `https://host:port`, in lower case; `http` only where nobody else can listen
/// in.
fn is_origin(url: &str) -> bool {
    let (host_and_port, plain) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) => return false,
    };
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (host_and_port, None),
    };
    let in_brackets = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_host = if let Some(address) = in_brackets {
        address.parse::<Ipv6Addr>().is_ok()
    } else {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| allowed(byte) || b"-.".contains(&byte))
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    is_host && is_port && (!plain || is_loopback(host))
}

fn is_loopback(host: &str) -> bool {
    let octets = host.parse::<Ipv4Addr>();
    host == "localhost" || host == "[::1]" || octets.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_an_https_origin() {
        for (url, expected) in [
            ("https://api.example.com", true),
            (
                "https://abcdefghij.execute-api.eu-central-1.amazonaws.com",
                true,
            ),
            ("https://localhost:8443", true),
            ("https://[2001:db8::1]:8443", true),
            ("http://127.0.0.1:9123", true),
            ("http://localhost", true),
            ("http://[::1]:9000", true),
            ("http://api.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("https://", false),
            ("https://:443", false),
            ("https://api.example.com/", false),
            ("https://api.example.com/prod", false),
            ("https://api.example.com?a", false),
            ("https://api.example.com#a", false),
            ("https://user@api.example.com", false),
            ("https://API.example.com", false),
            ("https://api.example.com:", false),
            ("https://api.example.com:0", false),
            ("https://api.example.com:99999", false),
            ("https://[::1", false),
            ("https://a b", false),
            ("https://é", false),
            ("ftp://api.example.com", false),
            ("api.example.com", false),
            ("", false),
        ] {
            assert_eq!(Issuer::new(url, None).is_ok(), expected, "{url}");
        }
    }

    #[test]
    fn its_tokens_are_for_itself_or_for_another() {
        let url = "https://api.example.com";
        assert_eq!(Issuer::new(url, None).unwrap().audience, url);
        let other = Issuer::new(url, Some("urn:orders")).unwrap();
        assert_eq!(other.audience, "urn:orders");
        for bad in ["", "a b", "\"", "\\", "é", "a\n"] {
            assert_eq!(
                Issuer::new(url, Some(bad)),
                Err(BadIssuer::Audience),
                "{bad}"
            );
        }
    }
}
