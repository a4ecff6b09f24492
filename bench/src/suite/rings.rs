//! The algorithms that sign tokens, in memory, and a ring of keys on DynamoDB. The `users` command
//! makes the rings and the token function the tokens, as they do for a deployed stack.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::functions::{connection, named};
use super::logins::login_event;
use super::{
    HS256, LOGIN, OF_RINGS, PASSWORD, Parameters, READ, RS256, Suite, TOKEN_RING, USERS_ME_RING,
    USERS_ME_RING_SHARE, Variables, json, token_by, users_me_by,
};
use crate::candidate::{Candidate, Effort, Request};
use crate::dynamodb::{KEYS, Server};
use crate::error::{Context, Error};
use crate::results::Figure;
use crate::running::Running;
use crate::stats::from_usize;

/// The least that argon2id can be: what is left of a login is mostly the signature.
const CHEAP: Parameters = [8, 1, 1];
/// Nobody listens there, and nobody needs to.
const ISSUER: &str = "http://127.0.0.1:9";
/// A day: a token must not expire during the run.
const LIFETIME_MINUTES: &str = "1440";

impl Suite {
    /// Adds every algorithm; these are the functions in memory, with the shared key.
    pub(super) fn algorithms(&mut self, read: &Candidate, login: &Candidate) -> Result<(), Error> {
        let mut login = login.clone();
        login.effort = Effort::LIGHT;
        login.environment.extend(self.users(CHEAP)?);
        // The rings have this issuer. With it, the token has the same claims as theirs.
        self.signs(HS256, &with(&login, "ISSUER", ISSUER))?;
        for algorithm in OF_RINGS {
            let [private, public] = self.ring(algorithm)?;
            let login = with(&without_shared_key(&login), "SIGNING_KEYS", &private);
            let token = self.signs(algorithm, &login)?;
            let mut read = with(&without_shared_key(read), "PUBLIC_KEYS", &public);
            read.request = bearing(&token)?;
            self.candidates
                .push(named("", &users_me_by(algorithm), read));
        }
        Ok(())
    }

    /// Adds POST /token with this algorithm, and returns one of its tokens.
    fn signs(&mut self, algorithm: &str, login: &Candidate) -> Result<String, Error> {
        let (name, token) = (token_by(algorithm), token(login)?);
        self.candidates.push(named("", &name, login.clone()));
        let bytes = from_usize(token.len());
        self.known.push((name, Figure::TokenBytes, bytes));
        Ok(token)
    }

    /// Adds the functions with a ring; these are those with the shared key, on the server that was
    /// started last.
    pub(super) fn ring_on_dynamodb(
        &mut self,
        read: &Candidate,
        login: &Candidate,
    ) -> Result<(), Error> {
        let servers = self.dynamodb.iter().flat_map(|dynamodb| &dynamodb.servers);
        let Some(url) = servers.last().map(Server::url) else {
            return Ok(());
        };
        let keys = format!("dynamodb:{KEYS}");
        self.generate(RS256, &keys, &connection(&url))?;
        let login = with(&without_shared_key(login), "SIGNING_KEYS", &keys);
        let mut read = without_shared_key(read);
        read.request = bearing(&token(&login)?)?;
        self.candidates.push(named("", USERS_ME_RING, read.clone()));
        self.at_share("", USERS_ME_RING_SHARE, &read);
        self.candidates.push(named("", TOKEN_RING, login));
        Ok(())
    }

    /// A new ring, private and public, in JSON.
    fn ring(&self, algorithm: &str) -> Result<[String; 2], Error> {
        let file = self.folder.path().join(format!("keys-{algorithm}.json"));
        let keys = format!("file:{}", file.display());
        self.generate(algorithm, &keys, &Variables::new())?;
        let read = |file: &Path| fs::read_to_string(file).context(file.display().to_string());
        Ok([read(&file)?, read(&file.with_extension("public.json"))?])
    }

    /// Makes a ring of one key, and writes it to these `SIGNING_KEYS`.
    fn generate(
        &self,
        algorithm: &str,
        keys: &str,
        variables: &[(String, String)],
    ) -> Result<(), Error> {
        let program = &self.users_command;
        let made = Command::new(program)
            .args(["keys", "generate", "--algorithm", algorithm])
            .args(["--issuer", ISSUER])
            .env_clear()
            .env("SIGNING_KEYS", keys)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .output()
            .context(program.display().to_string())?;
        if made.status.success() {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&made.stderr);
        let problem = format!("{} keys generate: {}", program.display(), why.trim());
        Err(Error::Missing(problem))
    }
}

pub(super) fn with(candidate: &Candidate, name: &str, value: &str) -> Candidate {
    let mut candidate = candidate.clone();
    let variable = (name.to_owned(), value.to_owned());
    candidate.environment.push(variable);
    candidate
}

/// A shared key would win over a ring.
fn without_shared_key(candidate: &Candidate) -> Candidate {
    let mut candidate = candidate.clone();
    candidate
        .environment
        .retain(|(name, _)| name != "JWT_SECRET_KEY");
    candidate
}

/// Logs in, and returns the access token.
fn token(login: &Candidate) -> Result<String, Error> {
    let login = with(login, "ACCESS_TOKEN_EXPIRE_MINUTES", LIFETIME_MINUTES);
    let event = json(Path::new(LOGIN))?;
    let event = login_event(&event, Ipv4Addr::LOCALHOST, "johndoe", PASSWORD);
    let answer = Running::start(&login)?.0.api.invoke(&Request::ok(event))?;
    let token = access_token(&answer.body);
    token.ok_or_else(|| Error::Function(format!("{}: no access_token", login.name)))
}

/// The token in a login's response to the gateway.
fn access_token(response: &[u8]) -> Option<String> {
    let response: Value = serde_json::from_slice(response).ok()?;
    let body: Value = serde_json::from_str(response["body"].as_str()?).ok()?;
    Some(body["access_token"].as_str()?.to_owned())
}

/// GET /users/me/ with this token.
pub(super) fn bearing(token: &str) -> Result<Request, Error> {
    let mut event = json(Path::new(READ))?;
    event["headers"]["authorization"] = format!("Bearer {token}").into();
    Ok(Request::ok(event.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_the_gateways_response() {
        let found = |response: &str| access_token(response.as_bytes());
        let response = r#"{"statusCode":200,"body":"{\"access_token\":\"a.b.c\"}"}"#;
        assert_eq!(found(response).as_deref(), Some("a.b.c"));
        for nothing in ["", "{}", r#"{"body":"{}"}"#, r#"{"body":"a"}"#] {
            assert_eq!(found(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_ring_takes_the_place_of_the_shared_key() {
        let shared = with(&Candidate::default(), "JWT_SECRET_KEY", "secret");
        let ring = with(&without_shared_key(&shared), "PUBLIC_KEYS", "{}");
        let expected = [("PUBLIC_KEYS".to_owned(), "{}".to_owned())];
        assert_eq!(ring.environment, expected);
    }
}
