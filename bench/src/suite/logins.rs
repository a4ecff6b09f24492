//! Logins on DynamoDB, of every kind. The source address and the password decide the kind.

use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::Value;

use super::functions::named;
use super::{KNOWN, LIMITED, LOGIN, LOGINS, Suite, json};
use crate::candidate::{Candidate, Request};
use crate::error::Error;
use crate::logins::Counted;

/// How many requests of a kind are counted.
const COUNTED: usize = 5;
/// More failures than any kind has. Without a limit, a login would not count at all.
const HIGH: u32 = 1_000;

/// A kind of login.
struct Kind {
    name: &'static str,
    per_account: u32,
    before: &'static [Login],
    counted: Login,
}

struct Login {
    username: &'static str,
    password: &'static str,
    origin: Origin,
    status: u16,
}

/// Where a login comes from.
enum Origin {
    /// The one address of its kind.
    Same,
    /// An address that nothing has come from yet.
    New,
}

const KINDS: [Kind; 5] = [
    Kind {
        name: KNOWN,
        per_account: HIGH,
        before: &[right(Origin::Same)],
        counted: right(Origin::Same),
    },
    Kind {
        name: "right password, first time from its address",
        per_account: HIGH,
        before: &[right(Origin::New)],
        counted: right(Origin::New),
    },
    Kind {
        name: "wrong password, known address",
        per_account: HIGH,
        before: &[right(Origin::Same), wrong(Origin::Same)],
        counted: wrong(Origin::Same),
    },
    Kind {
        name: "wrong password, stranger's address",
        per_account: HIGH,
        before: &[wrong(Origin::New)],
        counted: wrong(Origin::New),
    },
    // Another account, on which the failures of the kinds above are not counted. The wait that the
    // first one begins is much longer than this takes.
    Kind {
        name: LIMITED,
        per_account: 1,
        before: &[alices(400)],
        counted: alices(429),
    },
];

const fn right(origin: Origin) -> Login {
    Login {
        username: "johndoe",
        password: "secret",
        origin,
        status: 200,
    }
}

const fn wrong(origin: Origin) -> Login {
    Login {
        password: "wrong",
        status: 400,
        ..right(origin)
    }
}

const fn alices(status: u16) -> Login {
    Login {
        username: "alice",
        status,
        ..wrong(Origin::Same)
    }
}

impl Suite {
    /// Adds the kinds of a build whose candidate for POST /token on DynamoDB this is.
    pub(super) fn logins(&mut self, set: &str, login: &Candidate) -> Result<(), Error> {
        let event = json(Path::new(LOGIN))?;
        let mut addresses = Addresses::default();
        for kind in &KINDS {
            let (name, own) = (format!("{LOGINS}{}", kind.name), addresses.another());
            let mut request = |login: &Login| {
                let address = match login.origin {
                    Origin::Same => own,
                    Origin::New => addresses.another(),
                };
                Request {
                    event: login_event(&event, address, login.username, login.password),
                    status: login.status,
                }
            };
            self.counted.push(Counted {
                before: kind.before.iter().map(&mut request).collect(),
                counted: (0..COUNTED).map(|_| request(&kind.counted)).collect(),
                candidate: limited(named(set, &name, login.clone()), kind.per_account),
            });
        }
        Ok(())
    }
}

/// The event of a login from this address.
pub(super) fn login_event(event: &Value, from: Ipv4Addr, name: &str, password: &str) -> String {
    let mut event = event.clone();
    event["requestContext"]["http"]["sourceIp"] = from.to_string().into();
    let form = format!("grant_type=password&username={name}&password={password}&scope=me");
    event["body"] = form.into();
    event["isBase64Encoded"] = false.into();
    event.to_string()
}

fn limited(mut candidate: Candidate, per_account: u32) -> Candidate {
    let limits = [
        ("LOGIN_FAILURES_PER_ACCOUNT", per_account),
        ("LOGIN_FAILURES_PER_ADDRESS", HIGH),
    ];
    let limits = limits.map(|(name, limit)| (name.to_owned(), limit.to_string()));
    candidate.environment.extend(limits);
    candidate
}

/// Addresses of the network that RFC 2544 sets aside for benchmarks, each of them once.
#[derive(Default)]
struct Addresses(u32);

impl Addresses {
    fn another(&mut self) -> Ipv4Addr {
        self.0 += 1;
        Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() + self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_login_has_its_own_address_and_form_and_else_is_the_event() {
        let event = json!({"rawPath": "/token", "body": "eA==", "isBase64Encoded": true});
        let login = login_event(&event, Ipv4Addr::LOCALHOST, "a", "b");
        let login: Value = serde_json::from_str(&login).unwrap();
        let expected = json!({
            "rawPath": "/token",
            "requestContext": {"http": {"sourceIp": "127.0.0.1"}},
            "body": "grant_type=password&username=a&password=b&scope=me",
            "isBase64Encoded": false,
        });
        assert_eq!(login, expected);
    }

    #[test]
    fn no_address_comes_twice() {
        let mut addresses = Addresses::default();
        let three = [(); 3].map(|()| addresses.another().to_string());
        assert_eq!(three, ["198.18.0.1", "198.18.0.2", "198.18.0.3"]);
    }
}
