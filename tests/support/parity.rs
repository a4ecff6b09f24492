//! Compares the service with what FastAPI answered: `parity/cases.jsonl`, one case a line.
//!
//! A case holds a request, FastAPI's response, and in `ours` a deliberate difference from it.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Sha256, Sha384, Sha512};

use crate::{Answer, Client, HttpRequest, KEY, read};

#[derive(Deserialize)]
pub struct Case {
    pub name: String,
    pub tier: String,
    request: Request,
    response: Expected,
    #[serde(default)]
    ours: Map<String, Value>,
    #[serde(default)]
    compare: String,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    path: String,
    headers: Map<String, Value>,
    body: Option<Value>,
    token: Option<Value>,
}

#[derive(Deserialize)]
struct Expected {
    status: u16,
    headers: HashMap<String, String>,
    body: String,
    jwt: Option<Value>,
}

impl Case {
    /// Is the token minted with the service's key?
    pub fn needs_key(&self) -> bool {
        self.request
            .token
            .as_ref()
            .is_some_and(|token| token["key"] == "SECRET_KEY")
    }
}

/// The cases of these tiers.
pub fn cases(tiers: &[&str]) -> Vec<Case> {
    let cases = read("tests/parity/cases.jsonl");
    let cases = cases
        .lines()
        .map(|line| serde_json::from_str(line).expect("a case"));
    cases
        .filter(|case: &Case| tiers.contains(&case.tier.as_str()))
        .collect()
}

/// Runs every case and panics with the names of those that failed. Returns how many passed.
pub fn run(client: &impl Client, key: Option<&str>, cases: &[Case]) -> usize {
    let mut runner = Runner {
        client,
        key,
        logins: HashMap::new(),
    };
    let mut failed = Vec::new();
    for case in cases {
        // Only the cache of logins is not UnwindSafe, and a panic leaves it intact.
        let outcome = catch_unwind(AssertUnwindSafe(|| runner.check(case)));
        if outcome.is_err() {
            failed.push(case.name.as_str());
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} cases failed: {failed:?}",
        failed.len(),
        cases.len()
    );
    cases.len()
}

struct Runner<'a, C> {
    client: &'a C,
    key: Option<&'a str>,
    logins: HashMap<String, String>,
}

impl<C: Client> Runner<'_, C> {
    fn check(&mut self, case: &Case) {
        let request = self.request(&case.request);
        let answer = self.client.send(&request);
        let (name, ours) = (&case.name, case.ours.get("status"));
        match ours.and_then(Value::as_str) {
            Some("not5xx") => return assert!(answer.status < 500, "{name}: {answer:?}"),
            Some("4xx") => {
                return assert!((400..500).contains(&answer.status), "{name}: {answer:?}");
            }
            Some("canonical") => return self.check_canonical(name, &request, &answer),
            other => assert!(other.is_none(), "{name}: unknown status {other:?}"),
        }
        let expected = ours
            .and_then(Value::as_u64)
            .unwrap_or(case.response.status.into());
        assert_eq!(u64::from(answer.status), expected, "{name}: {answer:?}");
        if let Some(detail) = case.ours.get("detail") {
            assert_eq!(&answer.detail(), detail, "{name}");
        }
        if case.ours.is_empty() && case.compare != "status" {
            self.compare(case, &answer);
        }
    }

    fn compare(&self, case: &Case, answer: &Answer) {
        let (name, expected) = (&case.name, &case.response);
        let known = |header: &str| expected.headers.get(header).map(String::as_str);
        for header in ["www-authenticate", "allow"] {
            assert_eq!(answer.header(header), known(header), "{name}: {header}");
        }
        if case.request.method == "HEAD" {
            return;
        }
        assert_eq!(
            media_type(answer.header("content-type")),
            media_type(known("content-type")),
            "{name}"
        );
        match &expected.jwt {
            Some(jwt) => self.check_token(name, &answer.json(), &jwt["claims"]),
            None => assert_eq!(
                answer.json(),
                serde_json::from_str::<Value>(&expected.body).unwrap(),
                "{name}"
            ),
        }
    }

    fn check_canonical(&self, name: &str, request: &HttpRequest, answer: &Answer) {
        let path = request.path.trim_end_matches('?');
        let path = match path {
            "/token/" => "/token".to_owned(),
            path => format!("{path}/"),
        };
        let twin = self.client.send(&HttpRequest {
            path,
            ..request.clone()
        });
        assert_eq!(answer.status, twin.status, "{name}");
        assert!(
            answer.status < 300 || (400..500).contains(&answer.status),
            "{name}: {answer:?}"
        );
        assert_ne!(answer.status, 404, "{name}");
        for header in ["www-authenticate", "allow"] {
            assert_eq!(
                answer.header(header),
                twin.header(header),
                "{name}: {header}"
            );
        }
    }

    fn check_token(&self, name: &str, body: &Value, expected: &Value) {
        assert_eq!(body["token_type"], "bearer", "{name}");
        assert_eq!(body["expires_in"], 1800, "{name}");
        assert_eq!(body["scope"], expected["scope"], "{name}");
        let token = body["access_token"].as_str().unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let parts: Vec<Value> = message
            .split('.')
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        let claims = &parts[1];
        let scope = expected["scope"].as_str().unwrap();
        // With an issuer `sub` is the user's id, and the name beside it.
        let name = claims.get("username").unwrap_or(&claims["sub"]);
        assert_eq!(
            (name, &claims["scope"]),
            (&expected["sub"], &expected["scope"]),
            "{name}"
        );
        let expires = claims["exp"].as_u64().expect("exp is a whole number");
        assert!(
            expires.abs_diff(self.client.now() + 1800) <= 30,
            "{name}: {claims}"
        );
        let Some(key) = self.key else {
            return;
        };
        assert_eq!(
            signature,
            sign("HS256", key, message),
            "{name}: not signed with the key's bytes"
        );
        assert_eq!(parts[0], json!({"alg": "HS256", "typ": "JWT"}), "{name}");
        assert_eq!(
            claims["scopes"],
            json!(scope.split_whitespace().collect::<Vec<_>>()),
            "{name}"
        );
        assert!(
            claims.get("aud").is_none(),
            "{name}: FastAPI would refuse a token with an audience"
        );
    }

    fn request(&mut self, request: &Request) -> HttpRequest {
        let token = request.token.as_ref().map(|spec| self.token(spec));
        let fill = |text: &str| text.replace("{{token}}", token.as_deref().unwrap_or("{{token}}"));
        let mut headers = Vec::new();
        for (name, value) in &request.headers {
            let values = value
                .as_array()
                .cloned()
                .unwrap_or_else(|| vec![value.clone()]);
            headers.extend(
                values
                    .iter()
                    .map(|value| (name.clone(), latin_1(&fill(value.as_str().unwrap())))),
            );
        }
        HttpRequest {
            method: request.method.clone(),
            path: fill(&request.path),
            headers,
            body: request.body.as_ref().map(body),
            source_ip: None,
        }
    }

    fn token(&mut self, spec: &Value) -> String {
        let text = |name: &str| spec[name].as_str().unwrap_or_default();
        match text("kind") {
            "jwt" => self.mint(spec),
            "repeat" => {
                text("text").repeat(usize::try_from(spec["count"].as_u64().unwrap()).unwrap())
            }
            "login" => {
                let form = format!(
                    "username={}&password={}&scope={}",
                    text("username"),
                    text("password"),
                    text("scope").replace(' ', "+")
                );
                let login = || {
                    self.client.post_form("/token", &form).json()["access_token"]
                        .as_str()
                        .unwrap()
                        .into()
                };
                self.logins
                    .entry(form.clone())
                    .or_insert_with(login)
                    .clone()
            }
            other => panic!("unknown kind of token {other}"),
        }
    }

    /// Makes a token as the case says; `mutate` says what is wrong with it.
    fn mint(&self, spec: &Value) -> String {
        let text = |name: &str| spec[name].as_str().unwrap_or_default();
        let padded = spec["pad_segments"].as_bool().unwrap_or_default();
        let part = |name: &str| {
            let mut part = encode(self.fill_now(text(name)));
            while padded && !part.len().is_multiple_of(4) {
                part.push('=');
            }
            part
        };
        let key = if text("key") == "SECRET_KEY" {
            self.key.unwrap_or_default()
        } else {
            text("key")
        };
        let (header, payload) = (part("header_json"), part("payload_json"));
        let message = format!("{header}.{payload}");
        let signature = sign(text("sign"), key, &message);
        match text("mutate") {
            "" => format!("{message}.{signature}"),
            "sig_junk" => format!("{message}.{signature}!!!!"),
            "sig_truncated" => format!("{message}.{}", &signature[..signature.len() - 4]),
            "sig_removed" => format!("{message}."),
            "sig_and_dot_removed" => message,
            "tamper_payload" => format!("{header}.{}.{signature}", part("tampered_payload_json")),
            "inner_space" => format!("{message} .{signature}"),
            other => panic!("unknown mutation {other}"),
        }
    }

    /// `{{now+N}}` is N seconds from now.
    fn fill_now(&self, text: &str) -> String {
        let mut pieces = text.split("{{now");
        let mut filled = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (offset, rest) = piece.split_once("}}").expect("{{now+N}}");
            let now = self
                .client
                .now()
                .saturating_add_signed(offset.parse().expect("a number"));
            filled.push_str(&now.to_string());
            filled.push_str(rest);
        }
        filled
    }
}

/// The signature of a message, encoded as in a JWT.
pub fn sign(algorithm: &str, key: &str, message: &str) -> String {
    let (key, message) = (key.as_bytes(), message.as_bytes());
    let bytes = match algorithm {
        "none" => Vec::new(),
        "HS256" => Hmac::<Sha256>::new_from_slice(key)
            .unwrap()
            .chain_update(message)
            .finalize()
            .into_bytes()
            .to_vec(),
        "HS384" => Hmac::<Sha384>::new_from_slice(key)
            .unwrap()
            .chain_update(message)
            .finalize()
            .into_bytes()
            .to_vec(),
        "HS512" => Hmac::<Sha512>::new_from_slice(key)
            .unwrap()
            .chain_update(message)
            .finalize()
            .into_bytes()
            .to_vec(),
        other => panic!("unknown algorithm {other}"),
    };
    encode(bytes)
}

/// Base64url without padding, as a JWT encodes its parts (RFC 7515 2).
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of a service that has the same key.
pub fn minted(claims: &Value) -> String {
    let header = r#"{"typ":"JWT","alg":"HS256"}"#;
    let message = format!("{}.{}", encode(header), encode(claims.to_string()));
    let signature = sign("HS256", KEY, &message);
    format!("{message}.{signature}")
}

/// The bytes of a case's body: a text, `{"base64"}`, or `{"parts": [{"text"} | {"repeat",
/// "count"}]}`.
fn body(body: &Value) -> Vec<u8> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(text) = text(body) {
        return text.into_bytes();
    }
    if let Some(encoded) = text(&body["base64"]) {
        return STANDARD.decode(encoded).unwrap();
    }
    let parts = body["parts"].as_array().expect("parts").iter();
    let parts = parts.map(|part| {
        let count = usize::try_from(part["count"].as_u64().unwrap_or(1)).unwrap();
        text(&part["text"])
            .or_else(|| text(&part["repeat"]))
            .unwrap()
            .repeat(count)
    });
    parts.collect::<String>().into_bytes()
}

fn latin_1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|char| u8::try_from(char).expect("Latin-1"))
        .collect()
}

fn media_type(value: Option<&str>) -> Option<String> {
    value.map(|value| {
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_lowercase()
    })
}
