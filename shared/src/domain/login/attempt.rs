//! An attempt to log in, and the keys under which its failure may be counted.

use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// How long an address stays known to an account after a right login from it.
pub const KNOWN: Duration = Duration::from_secs(30 * DAY);

/// How many failures are allowed without a wait; 0 means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `LOGIN_FAILURES_PER_ACCOUNT`: by strangers together, and by each known address.
    pub per_account: u32,
    /// `LOGIN_FAILURES_PER_ADDRESS`: by strangers from one address, at whatever accounts.
    pub per_address: u32,
}

impl Limits {
    /// The limit of what a key counts.
    #[must_use]
    pub fn of(self, key: &Key) -> u32 {
        match key.counted {
            Counted::Pair | Counted::Account => unlimited_if_0(self.per_account),
            Counted::Address => unlimited_if_0(self.per_address),
        }
    }
}

const fn unlimited_if_0(limit: u32) -> u32 {
    if limit == 0 { u32::MAX } else { limit }
}

/// What a key counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Failures at an account from an address that is known to it.
    Pair,
    /// Failures at an account from all other addresses, its strangers.
    Account,
    /// Failures of an address at accounts to which it is a stranger.
    Address,
}

/// The key of a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// What it counts.
    pub counted: Counted,
    /// The key in the store.
    pub text: String,
}

impl Key {
    /// The key of an account's strangers. It has a hash of the name, because a name that does not
    /// exist may be a password, typed into the wrong field.
    #[must_use]
    pub fn account(username: &str) -> Self {
        key(Counted::Account, format!("account#{}", sha256(username)))
    }

    /// How long failures are remembered: from the first one, or, once there are more than the limit,
    /// from the end of the latest wait. An account's are remembered for a day, so that slow guessing
    /// reaches the limit, too.
    #[must_use]
    pub const fn window(&self) -> Duration {
        match self.counted {
            Counted::Pair | Counted::Account => Duration::from_secs(DAY),
            Counted::Address => Duration::from_secs(15 * MINUTE),
        }
    }
}

/// An attempt to log in: at whose account, and where it may be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The name that was sent; there may be no such user.
    pub username: String,
    /// This account from this address.
    pub pair: Key,
    /// This account.
    pub account: Key,
    /// This address.
    pub address: Key,
    /// Does it say where it comes from? What does not can become known to no account.
    pub has_address: bool,
}

impl Attempt {
    /// The attempt of this address at this account.
    #[must_use]
    pub fn new(source_ip: &str, username: &str) -> Self {
        let name = sha256(username);
        let network = |bits| network(source_ip, bits);
        Self {
            username: username.to_owned(),
            pair: key(Counted::Pair, format!("pair#{name}#{}", network(64))),
            account: Key::account(username),
            address: key(Counted::Address, format!("address#{}", network(48))),
            has_address: source_ip.parse::<IpAddr>().is_ok(),
        }
    }
}

fn key(counted: Counted, text: String) -> Key {
    Key { counted, text }
}

fn sha256(text: &str) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(text) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// An IPv4 address, or the network of so many bits that an IPv6 address belongs to. A subscriber
/// can use every address of a /64, and a site every /64 of a /48 (RFC 6177).
fn network(source_ip: &str, bits: u32) -> String {
    let Ok(address) = source_ip.parse::<IpAddr>() else {
        return "unknown".to_owned();
    };
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let digits = (bits / 4) as usize;
            format!("{:0digits$x}/{bits}", address.to_bits() >> (128 - bits))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_shows_the_name() {
        let account = |name| Key::account(name).text;
        let key = account("johndoe");
        assert_eq!(key.len(), "account#".len() + 64);
        assert!(!key.contains("john"));
        assert_ne!(key, account("JohnDoe"));
        assert_eq!(
            account(""),
            "account#e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        let attempt = Attempt::new("203.0.113.7", "johndoe");
        assert_eq!(attempt.account.text, key);
        let name = key.trim_start_matches("account#");
        assert_eq!(attempt.pair.text, format!("pair#{name}#203.0.113.7"));
    }

    /// For what is known, a network is a /64; for what strangers share, a /48.
    #[test]
    fn an_ipv6_network_is_one_address() {
        for (source_ip, pair, address) in [
            ("203.0.113.7", "203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2::1", "20010db800010002/64", "20010db80001/48"),
            (
                "2001:db8:1:2:ffff::9",
                "20010db800010002/64",
                "20010db80001/48",
            ),
            ("2001:db8:1:3::1", "20010db800010003/64", "20010db80001/48"),
            ("2001:db8:2:3::1", "20010db800020003/64", "20010db80002/48"),
            ("", "unknown", "unknown"),
            ("203.0.113.7, 198.51.100.1", "unknown", "unknown"),
        ] {
            let attempt = Attempt::new(source_ip, "x");
            let keys = [&attempt.pair, &attempt.address].map(|key| key.text.rsplit('#').next());
            assert_eq!(keys, [Some(pair), Some(address)], "{source_ip}");
        }
    }
}
