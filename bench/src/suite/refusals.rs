//! Logins that are refused for what they say, each for another reason. The users are in memory, so
//! none of them has a hash of another scheme: a users file cannot have one.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::json;

use super::functions::named;
use super::logins::login_event;
use super::{FASTAPI, LOGIN, OWASP, PASSWORD, Parameters, REFUSALS, Suite, hash, json, text};
use crate::candidate::{Candidate, Request};
use crate::error::{Context, Error};
use crate::logins::Mixed;

/// Weaker than what the functions make: a hash from before somebody raised the policy.
const WEAKER: Parameters = [8_192, 1, 1];
const WRONG: &str = "wrong";

/// A kind of refusal.
struct Kind {
    name: &'static str,
    username: &'static str,
    /// `None`: there is no such user.
    hash: Option<Parameters>,
    /// With the right password a login is refused only because the user is disabled.
    password: &'static str,
}

const KINDS: [Kind; 5] = [
    Kind {
        name: "unknown user",
        username: "nobody",
        hash: None,
        password: WRONG,
    },
    Kind {
        name: "wrong password",
        username: "default",
        hash: Some(OWASP),
        password: WRONG,
    },
    Kind {
        name: "disabled user, right password",
        username: "disabled",
        hash: Some(OWASP),
        password: PASSWORD,
    },
    Kind {
        name: "wrong password, weaker hash",
        username: "weaker",
        hash: Some(WEAKER),
        password: WRONG,
    },
    Kind {
        name: "wrong password, stronger hash",
        username: "stronger",
        hash: Some(FASTAPI),
        password: WRONG,
    },
];

impl Suite {
    /// Adds the refusals of a build, of which this is a login in memory.
    pub(super) fn refusals(&mut self, set: &str, login: &Candidate) -> Result<(), Error> {
        let file = self.folder.path().join("refused.json");
        fs::write(&file, users()?).context(file.display().to_string())?;
        let mut candidate = named(set, "refused logins", login.clone());
        // Only the rfc dialect refuses a disabled user who knows the password.
        let variables = [
            ("TUTORIAL_USERS", "false"),
            ("API_DIALECT", "rfc"),
            ("USERS_FILE", &file.display().to_string()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        candidate.environment.extend(variables);
        let event = json(Path::new(LOGIN))?;
        let request = |kind: &Kind| Request {
            event: login_event(&event, Ipv4Addr::LOCALHOST, kind.username, kind.password),
            status: 400,
        };
        let kinds = KINDS
            .iter()
            .map(|kind| (kind.full_name(set), request(kind)));
        self.refused.push(Mixed {
            candidate,
            kinds: kinds.collect(),
        });
        Ok(())
    }
}

impl Kind {
    fn full_name(&self, set: &str) -> String {
        let of = self
            .hash
            .map(|parameters| format!(", {}", text(parameters)));
        format!("{set}{REFUSALS}{}{}", self.name, of.unwrap_or_default())
    }
}

/// The users of all kinds, as a users file.
fn users() -> Result<String, Error> {
    let mut users = Vec::new();
    for kind in &KINDS {
        if let Some(parameters) = kind.hash {
            users.push(json!({
                "username": kind.username,
                "password_hash": hash(parameters)?,
                "scopes": ["me"],
                "disabled": kind.password == PASSWORD,
            }));
        }
    }
    Ok(json!(users).to_string())
}
