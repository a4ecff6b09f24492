//! How often a login may fail: counted per account and per source address, before any hashing.
//!
//! An attempt counts as a failure as soon as it begins, and is taken back if it succeeds. So
//! attempts that run at the same time cannot exceed the limit together
//! (docs/adr/0007-attempts-count-before-they-fail.md).

mod memory;

use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::store::Asking;

pub use memory::MemoryAttempts;

/// How long failures are remembered: from the first one, or, once the limit is reached, from the
/// end of the latest wait.
pub const WINDOW: Duration = Duration::from_mins(15);
/// The wait once the limit is reached; each further failure doubles it.
pub const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
pub const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// How many failures are allowed without a wait; 0 means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `LOGIN_FAILURES_PER_ACCOUNT`
    pub per_account: u32,
    /// `LOGIN_FAILURES_PER_ADDRESS`
    pub per_address: u32,
}

/// Whether an attempt may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may go on, and has been counted.
    Admitted,
    /// It may not; another is allowed after this time.
    Wait(Duration),
}

/// Counts attempts by key. `now` is the time since the epoch.
pub trait Attempts: Send + Sync {
    /// Counts an attempt, if one is allowed now.
    fn begin<'a>(&'a self, key: &'a str, limit: u32, now: Duration) -> Asking<'a, Admission>;

    /// Takes back one attempt that was counted.
    fn take_back<'a>(&'a self, key: &'a str) -> Asking<'a, ()>;

    /// Forgets all attempts of this key.
    fn forget<'a>(&'a self, key: &'a str, now: Duration) -> Asking<'a, ()>;
}

/// The key of an account's attempts. It has a hash of the name, because a name that does not exist
/// may be a password, typed into the wrong field.
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

/// The key of an address's attempts. All addresses of an IPv6 /64 network share one key, because a
/// single subscriber can use any of them.
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

/// How long to wait after this many failures, if they have reached the limit.
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
