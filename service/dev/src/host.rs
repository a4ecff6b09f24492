//! Which requests come from this machine's own pages and programs.
//!
//! A page of any site can send requests to a server on loopback. Where the site's name leads to 127.0.0.1 it can
//! read the answers, too (DNS rebinding); the `Host` of such a request is the site's name.

use std::net::Ipv4Addr;

/// True if the value of a `Host` header names this machine.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.to_ascii_lowercase();
    let address = name.parse::<Ipv4Addr>();
    name == "localhost"
        || name.ends_with(".localhost")
        || name == "[::1]"
        || address.is_ok_and(|address| address.is_loopback())
}

/// Why a request with another `Host` is refused, and the way out.
#[must_use]
pub fn refusal(port: u16) -> String {
    format!(
        "make dev answers this machine alone: its Host must be localhost or 127.0.0.1. From another machine: ssh -L {port}:127.0.0.1:{port} THIS_MACHINE, then http://127.0.0.1:{port}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_of_this_machine_are_loopback() {
        for (host, expected) in [
            ("127.0.0.1:9000", true),
            ("127.0.0.1", true),
            ("127.1.2.3:80", true),
            ("localhost:9000", true),
            ("LOCALHOST", true),
            ("api.localhost:9000", true),
            ("[::1]:9000", true),
            ("[::1]", true),
            ("", false),
            (":9000", false),
            ("localhost.example.com", false),
            ("notlocalhost", false),
            ("127.0.0.1.example.com", false),
            ("10.0.0.1:9000", false),
            ("0.0.0.0", false),
            ("2130706433", false),
            ("localhost:9000@example.com", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }
}
