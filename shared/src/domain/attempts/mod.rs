//! How often a login may fail: counted per account and per source address, before any hashing.
//!
//! An attempt counts as a failure from its begin; one that succeeds is taken back. So attempts
//! that run at the same time cannot pass the limit together.

mod memory;

use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::store::Asking;

pub use memory::MemoryAttempts;

/// Failures are counted for this long, from the first of them.
pub const WINDOW: Duration = Duration::from_mins(15);
/// The wait after as many failures as are allowed; it doubles with each more.
pub const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
pub const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// How many failures are free; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `LOGIN_FAILURES_PER_ACCOUNT`
    pub per_account: u32,
    /// `LOGIN_FAILURES_PER_ADDRESS`
    pub per_address: u32,
}

/// May an attempt go on?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Yes, and it is counted.
    Admitted,
    /// No, for this long.
    Wait(Duration),
}

/// Counts attempts by key. Times are since the epoch.
pub trait Attempts: Send + Sync {
    /// Counts an attempt, if one is allowed now.
    fn begin<'a>(&'a self, key: &'a str, limit: u32, now: Duration) -> Asking<'a, Admission>;

    /// Takes one attempt back.
    fn take_back<'a>(&'a self, key: &'a str) -> Asking<'a, ()>;

    /// Forgets all attempts.
    fn forget<'a>(&'a self, key: &'a str, now: Duration) -> Asking<'a, ()>;
}

/// The key of an account's attempts. A hash: a name that does not exist may be a password, typed
/// into the wrong field.
#[must_use]
pub fn account_key(username: &str) -> String {
    use std::fmt::Write;
    let mut key = "account#".to_owned();
    for byte in Sha256::digest(username) {
        // Writing to a String cannot fail.
        let _ = write!(key, "{byte:02x}");
    }
    key
}

/// The key of an address's attempts. An IPv6 subscriber has a /64 to choose from.
#[must_use]
pub fn address_key(source_ip: &str) -> String {
    match source_ip.parse() {
        Ok(IpAddr::V4(address)) => format!("address#{address}"),
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => format!("address#{address}"),
            None => format!("address#{:016x}/64", address.to_bits() >> 64),
        },
        Err(_) => "address#unknown".to_owned(),
    }
}

/// How long to wait after this many failures.
#[must_use]
pub fn wait(failures: u32, limit: u32) -> Duration {
    let doublings = failures.saturating_sub(limit).min(16);
    (FIRST_WAIT * (1 << doublings)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_to_15_minutes() {
        let waits = [10, 11, 12, 13, 14, 15, 16, 1000, u32::MAX]
            .map(|failures| wait(failures, 10).as_secs());
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900, 900, 900]);
        assert_eq!(wait(1, 10), FIRST_WAIT);
    }

    #[test]
    fn an_accounts_key_does_not_show_the_name() {
        let key = account_key("johndoe");
        assert_eq!(key.len(), "account#".len() + 64);
        assert!(!key.contains("john"));
        assert_ne!(key, account_key("JohnDoe"));
        assert_eq!(
            account_key(""),
            "account#e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        for (source_ip, key) in [
            ("203.0.113.7", "address#203.0.113.7"),
            ("::ffff:203.0.113.7", "address#203.0.113.7"),
            ("2001:db8:1:2::1", "address#20010db800010002/64"),
            ("2001:db8:1:2:ffff::9", "address#20010db800010002/64"),
            ("2001:db8:1:3::1", "address#20010db800010003/64"),
            ("", "address#unknown"),
            ("203.0.113.7, 198.51.100.1", "address#unknown"),
        ] {
            assert_eq!(address_key(source_ip), key, "{source_ip}");
        }
    }
}
