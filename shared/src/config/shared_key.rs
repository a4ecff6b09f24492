//! A key for HS256 that other services have, too: what is wrong with one, and what makes it easy to
//! guess.

use secrecy::{ExposeSecret, SecretString};
use tracing::warn;

use super::reader::Reader;

/// RFC 7518 3.2: a key of the same size as the hash output (256 bits) or larger MUST be used.
const MIN_KEY_BYTES: usize = 32;

/// The key of FastAPI's page, which everybody knows; `make dev` and the tests use it.
const PUBLIC_KEY: &str = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";

/// Where a good key comes from.
pub(super) const REMEDY: &str = "make one with: openssl rand -hex 32";

/// An HS256 key, and what makes it easy to guess.
#[derive(Debug)]
pub struct Key {
    variable: &'static str,
    pub(super) secret: SecretString,
    pub(super) weakness: Option<&'static str>,
}

impl Key {
    /// ASCII, at least 32 bytes. Where the users are real, a key that can be guessed stops the
    /// function: anybody could sign tokens for them.
    pub(super) fn read(variable: &'static str, reader: &mut Reader<'_>) -> Self {
        let secret: SecretString = reader.get(variable).unwrap_or_default().into();
        let (problem, weakness) = {
            let key = secret.expose_secret();
            (problem(key), weakness(key))
        };
        match (problem, weakness) {
            (Some(problem), _) => reader.problem(variable, problem),
            (None, Some(weakness)) if has_real_users(reader) => {
                reader.problem(variable, format_args!("{weakness}; {REMEDY}"));
            }
            _ => {}
        }
        let weakness = weakness.filter(|_| super::aws::is_deployed(reader));
        Self {
            variable,
            secret,
            weakness,
        }
    }

    pub(super) fn read_if_set(variable: &'static str, reader: &mut Reader<'_>) -> Option<Self> {
        reader.get(variable)?;
        Some(Self::read(variable, reader))
    }

    pub(super) fn open(self) -> SecretString {
        if let Some(weakness) = self.weakness {
            warn!("{} is {weakness}: anybody can sign tokens", self.variable);
        }
        self.secret
    }
}

fn has_real_users(reader: &Reader<'_>) -> bool {
    let store = reader.get("USER_STORE");
    store.as_deref() == Some("dynamodb") && super::aws::endpoint(reader).is_none()
}

fn problem(key: &str) -> Option<String> {
    match key.len() {
        0 => Some(format!(
            "not set; {REMEDY}, or name a ring of keys in SIGNING_KEYS"
        )),
        length if length < MIN_KEY_BYTES => Some(format!(
            "{length} bytes, but HS256 needs {MIN_KEY_BYTES} or more; {REMEDY}"
        )),
        _ if !key.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Some(format!("a character that is not visible ASCII; {REMEDY}"))
        }
        _ => None,
    }
}

fn weakness(key: &str) -> Option<&'static str> {
    let mut bytes = key.bytes();
    let first = bytes.next();
    if bytes.all(|byte| Some(byte) == first) {
        Some("one character, repeated")
    } else {
        (key == PUBLIC_KEY).then_some("the key of FastAPI's page, which everybody knows")
    }
}
