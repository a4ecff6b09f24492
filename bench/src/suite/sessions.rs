//! Sessions and clients on DynamoDB: what each kind of request asks of it, and its CPU time. The token
//! function makes the tokens.

use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::Value;

use super::functions::{Functions, named};
use super::logins::login_event;
use super::rings::{bearing, with};
use super::{LOGIN, PASSWORD, REFRESH, SESSIONS, Suite, VERIFIED, json};
use crate::candidate::{Candidate, Request};
use crate::error::Error;
use crate::logins::Counted;
use crate::running::Running;

/// How many requests of a kind are counted, after one that warms the function up.
const COUNTED: usize = 40;
/// The client of `events/clients.json` that has a secret.
const CLIENT: &str = "client_id=c_example&client_secret=cs_for-development-only";

/// What a login answers with.
struct Tokens {
    access: String,
    refresh: String,
}

impl Suite {
    /// Adds every kind of request.
    pub(super) fn sessions(&mut self, functions: &Functions<'_>) -> Result<(), Error> {
        let [login, read, revoke, introspect] = [
            functions.login,
            functions.read,
            functions.revoke,
            functions.introspect,
        ]
        .map(lasting);
        let event = json(Path::new(LOGIN))?;
        let refresh = |tokens: &Tokens| {
            let form = format!("grant_type=refresh_token&refresh_token={}", tokens.refresh);
            form_event(&event, "/token", &form)
        };
        let logins = || Ok::<_, Error>(login_request(&event));
        self.session("a login that begins a session", &login, logins)?;
        self.session(REFRESH, &login, || Ok(refresh(&tokens(&login, &event)?)))?;
        let replayed = tokens(&login, &event)?;
        self.session("a refresh, its answer was lost", &login, || {
            Ok(refresh(&replayed))
        })?;
        let own = format!("grant_type=client_credentials&{CLIENT}");
        let own = form_event(&event, "/token", &own);
        self.session("a client's own token", &login, || Ok(own.clone()))?;
        self.session("a revocation", &revoke, || {
            let token = tokens(&login, &event)?.refresh;
            Ok(form_event(&event, "/revoke", &format!("token={token}")))
        })?;
        let access = tokens(&login, &event)?.access;
        let asked = format!("{CLIENT}&token={access}");
        let asked = form_event(&event, "/introspect", &asked);
        self.session("an introspection", &introspect, || Ok(asked.clone()))?;
        let checked = bearing(&access)?;
        self.session(VERIFIED, &read, || Ok(checked.clone()))?;
        let read = with(&read, "TOKEN_CHECK", "session");
        self.session("GET /users/me/, TOKEN_CHECK=session", &read, || {
            Ok(checked.clone())
        })
    }

    fn session(
        &mut self,
        name: &str,
        candidate: &Candidate,
        mut request: impl FnMut() -> Result<Request, Error>,
    ) -> Result<(), Error> {
        let before = vec![request()?];
        let counted = (0..COUNTED).map(|_| request()).collect::<Result<_, _>>()?;
        self.counted.push(Counted {
            candidate: named("", &format!("{SESSIONS}{name}"), candidate.clone()),
            before,
            counted,
        });
        Ok(())
    }
}

/// With sessions and clients.
fn lasting(candidate: &Candidate) -> Candidate {
    let candidate = with(candidate, "REFRESH_IDLE_DAYS", "30");
    with(&candidate, "CLIENTS", "check")
}

fn login_request(event: &Value) -> Request {
    Request::ok(login_event(event, Ipv4Addr::LOCALHOST, "johndoe", PASSWORD))
}

fn tokens(login: &Candidate, event: &Value) -> Result<Tokens, Error> {
    let mut running = Running::start(login)?.0;
    let answer = running.api.invoke(&login_request(event))?;
    let tokens = Tokens::read(&answer.body);
    tokens.ok_or_else(|| Error::Function(format!("{}: no refresh_token", login.name)))
}

impl Tokens {
    /// The tokens in a login's response to the gateway.
    fn read(response: &[u8]) -> Option<Self> {
        let response: Value = serde_json::from_slice(response).ok()?;
        let body: Value = serde_json::from_str(response["body"].as_str()?).ok()?;
        let text = |name: &str| Some(body[name].as_str()?.to_owned());
        Some(Self {
            access: text("access_token")?,
            refresh: text("refresh_token")?,
        })
    }
}

fn form_event(event: &Value, path: &str, form: &str) -> Request {
    let mut event = event.clone();
    event["rawPath"] = path.into();
    event["body"] = form.into();
    event["isBase64Encoded"] = false.into();
    Request::ok(event.to_string())
}
