//! Reads the claims of a received token, and checks that they hold now.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::header::Header;
use super::{Claims, InvalidToken};
use crate::domain::accounts::Stamp;
use crate::domain::scope::Scopes;
use crate::domain::tokens::keys::Issuer;

/// How many seconds a token may be from the future: the clocks of two machines differ by some.
const LEEWAY: f64 = 5.0;

/// The claims of a received token. If one of them has the wrong type or is `null`, the token is
/// invalid.
#[derive(Deserialize)]
pub(super) struct Payload {
    sub: String,
    #[serde(default)]
    username: Option<Value>,
    exp: f64,
    #[serde(default, deserialize_with = "not_null")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "not_null")]
    iat: Option<f64>,
    #[serde(default, deserialize_with = "not_null")]
    jti: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    aud: Option<Value>,
    #[serde(default)]
    iss: Option<Value>,
    #[serde(default)]
    client_id: Option<Value>,
    #[serde(default, deserialize_with = "not_null")]
    scope: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    scopes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "not_null")]
    stamp: Option<Stamp>,
    #[serde(default, deserialize_with = "not_null")]
    sid: Option<String>,
}

impl Payload {
    /// What the token says, if it holds at this time, `None` for any, and, where there is an issuer, is one of its access
    /// tokens.
    pub(super) fn check(
        self,
        header: &Header,
        issuer: Option<&Issuer>,
        now: Option<Duration>,
    ) -> Result<Claims, InvalidToken> {
        match issuer {
            Some(issuer) => self.check_issuer(header, issuer)?,
            // RFC 7519 4.1.3: a service that `aud` does not name must refuse the token. Without an
            // issuer this service has no name, so it refuses every `aud`.
            None if self.aud.is_some() => return Err(InvalidToken::Audience),
            None => {}
        }
        if let Some(now) = now {
            self.check_times(now)?;
        }
        Ok(Claims {
            scopes: self.scopes(),
            username: issuer.map(|_| {
                let name = self.username.as_ref().and_then(Value::as_str);
                name.unwrap_or(&self.sub).to_owned()
            }),
            sub: self.sub,
            stamp: self.stamp,
            sid: self.sid,
            client: self
                .client_id
                .as_ref()
                .and_then(Value::as_str)
                .map(str::to_owned),
            exp: seconds(self.exp),
            iat: self.iat.map(seconds),
            jti: self.jti,
            own: issuer.is_some(),
        })
    }

    /// RFC 9068 4, and all claims that its 2.2 requires.
    fn check_issuer(&self, header: &Header, issuer: &Issuer) -> Result<(), InvalidToken> {
        if !header.is_access_token() {
            return Err(InvalidToken::Type);
        }
        let name = self.username.as_ref().is_none_or(Value::is_string);
        let client = name && self.client_id.as_ref().is_some_and(Value::is_string);
        if !client || self.iat.is_none() || self.jti.is_none() || self.scope.is_none() {
            return Err(InvalidToken::Malformed);
        }
        if self.iss.as_ref().and_then(Value::as_str) != Some(&issuer.url) {
            return Err(InvalidToken::Issuer);
        }
        let named = match &self.aud {
            Some(Value::String(one)) => *one == issuer.audience,
            Some(Value::Array(many)) => {
                let strings = many.iter().all(Value::is_string);
                strings && many.iter().any(|one| *one == issuer.audience.as_str())
            }
            _ => false,
        };
        named.then_some(()).ok_or(InvalidToken::Audience)
    }

    fn check_times(&self, now: Duration) -> Result<(), InvalidToken> {
        let now = now.as_secs_f64().trunc();
        // RFC 7519 4.1.4: "on or after which the JWT MUST NOT be accepted".
        if now >= self.exp.trunc() {
            return Err(InvalidToken::Expired);
        }
        let latest = now + LEEWAY;
        if [self.nbf, self.iat]
            .into_iter()
            .flatten()
            .any(|start| start.trunc() > latest)
        {
            return Err(InvalidToken::NotYetValid);
        }
        Ok(())
    }

    /// If both claims are there, `scope` counts, because FastAPI's page reads that one.
    fn scopes(&self) -> Scopes {
        match (&self.scope, &self.scopes) {
            (Some(text), _) => Scopes::from_claim(text),
            (None, Some(list)) => Scopes::from_tokens(list),
            (None, None) => Scopes::default(),
        }
    }
}

/// Whole seconds of a `NumericDate` (RFC 7519 2).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates"
)]
fn seconds(date: f64) -> u64 {
    date as u64
}

fn not_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
