//! The variables that the processes are given besides this one's own: development values, where the users and the
//! keys are.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;

use dev::variable;

use crate::Failure;

/// The values of development, which the environment can replace. Plain `cargo lambda watch` has them, too.
const VALUES: &str = "events/dev.env";

/// With these a ring of keys signs, which `users keys` makes.
const OF_A_RING: [&str; 3] = ["RS256", "ES256", "EdDSA"];

/// Variables that are the path of a file.
const PATHS: [&str; 3] = ["CLIENTS_FILE", "SSL_CERT_FILE", "USERS_FILE"];

/// Where the private keys are.
pub const SIGNING_KEYS: &str = "SIGNING_KEYS";

/// What loopback is called, so that no proxy is asked for it.
const LOOPBACK: &str = "127.0.0.1,localhost,::1";

/// Variables.
pub type Variables = BTreeMap<String, String>;

/// What `make dev` was asked for.
#[derive(Debug)]
pub struct Settings {
    /// The port to listen on.
    pub port: u16,
    /// What every process that is started gets.
    pub variables: Variables,
    /// The file of the local DynamoDB, if the users are in one.
    pub database: Option<PathBuf>,
    /// The algorithm of the ring's keys; without one a shared key signs, with HS256.
    pub algorithm: Option<&'static str>,
}

impl Settings {
    /// Reads the environment and the development values.
    pub fn read() -> Result<Self, Failure> {
        let port = port(&variable("PORT").unwrap_or_else(|| "9000".to_owned()))?;
        let text = fs::read_to_string(VALUES).map_err(|error| Failure::file(VALUES, &error))?;
        let mut variables = values(&text);
        variables.retain(|name, _| variable(name).is_none());
        for name in PATHS {
            let path = variable(name).map(|path| expanded(&path));
            variables.extend(path.map(|path| (name.to_owned(), path)));
        }
        for name in ["NO_PROXY", "no_proxy"] {
            let others = variable(name).filter(|names| !names.is_empty());
            let names = others.map_or_else(String::new, |names| format!("{names},"));
            variables.insert(name.to_owned(), names + LOOPBACK);
        }
        let mut settings = Self {
            port,
            variables,
            database: None,
            algorithm: algorithm()?,
        };
        let on_dynamodb = settings.get("USER_STORE").as_deref() == Some("dynamodb");
        if on_dynamodb && settings.get("AWS_ENDPOINT_URL_DYNAMODB").is_none() {
            let file = variable("DYNAMODB_FILE").filter(|file| !file.is_empty());
            let file =
                file.map_or_else(|| ".dev/dynamodb.sqlite".to_owned(), |file| expanded(&file));
            settings.database = Some(file.into());
        }
        settings.keys(on_dynamodb);
        Ok(settings)
    }

    /// A variable as a process that is started has it.
    pub fn get(&self, name: &str) -> Option<String> {
        let set = self.variables.get(name).cloned();
        set.or_else(|| variable(name))
            .filter(|value| !value.is_empty())
    }

    /// With DynamoDB the ring is in a second table; else `ring` reads it when it has been made.
    fn keys(&mut self, on_dynamodb: bool) {
        if self.algorithm.is_none() {
            return;
        }
        if on_dynamodb && self.get(SIGNING_KEYS).is_none() {
            let place = format!("dynamodb:{}", crate::database::KEYS);
            self.variables.insert(SIGNING_KEYS.to_owned(), place);
        }
        // The one of the development values would sign instead.
        if variable("JWT_SECRET_KEY").is_none() {
            self.variables
                .insert("JWT_SECRET_KEY".to_owned(), String::new());
        }
    }
}

fn port(text: &str) -> Result<u16, Failure> {
    let port = text.parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| {
        Failure(format!(
            "PORT={text} is no port; choose one from 1 to 65535"
        ))
    })
}

fn algorithm() -> Result<Option<&'static str>, Failure> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let asked = match set("JWT_ALGORITHM") {
        None => return Ok(None),
        Some(asked) if asked == "HS256" => return Ok(None),
        Some(asked) => asked,
    };
    let known = OF_A_RING.into_iter().find(|known| *known == asked);
    let unknown = || {
        let all = OF_A_RING.join(", ");
        Failure(format!(
            "JWT_ALGORITHM={asked} is not known; it can be: HS256, {all}"
        ))
    };
    let known = known.ok_or_else(unknown)?;
    if set("JWT_SECRET_KEY").is_some() && set("ACCEPT_HS256_UNTIL").is_none() {
        return Err(Failure(format!(
            "JWT_SECRET_KEY and JWT_ALGORITHM={known} are both set, and a shared key signs with HS256: leave one out; or, to try a change from one to the other, set ACCEPT_HS256_UNTIL, too"
        )));
    }
    Ok(Some(known))
}

/// The variables of a file with a line `NAME=value` for each; quotes around a value are left out.
fn values(text: &str) -> Variables {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    let unquoted = |value: &str| value.trim_matches('"').to_owned();
    pairs
        .map(|(name, value)| (name.to_owned(), unquoted(value)))
        .collect()
}

/// A path whose `~` is the home: not every shell does that within `NAME=~/x`.
fn expanded(path: &str) -> String {
    let below_home = path.strip_prefix("~/").zip(env::home_dir());
    below_home.map_or_else(
        || path.to_owned(),
        |(below, home)| home.join(below).display().to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_development_values_are_read_as_cargo_lambda_reads_them() {
        let text = "# A comment\n\nA=1\nB=\"x y, z=1\"\nC=\n";
        let expected = [("A", "1"), ("B", "x y, z=1"), ("C", "")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(values(text), Variables::from(expected));
    }

    #[test]
    fn a_tilde_is_the_home() {
        let home = env::home_dir().unwrap().display().to_string();
        for (path, expected) in [
            ("~/a b.json", format!("{home}/a b.json")),
            ("/a/~/b", "/a/~/b".to_owned()),
        ] {
            assert_eq!(expanded(path), expected);
        }
    }

    #[test]
    fn a_port_is_a_number_from_1_to_65535() {
        for (text, expected) in [
            ("9000", Some(9000)),
            ("0", None),
            ("65536", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(port(text).ok(), expected, "{text}");
        }
    }
}
