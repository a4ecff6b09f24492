//! Reads the header of a received token (RFC 7515 4).

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use super::InvalidToken;
use super::unique::UniqueNames;

/// What a token says of its signature. Before the signature is verified, nothing of it is believed.
/// Keys, and addresses of keys, that are in a header (`jwk`, `jku`, `x5c`, `x5u`) are never read.
pub(super) struct Header {
    alg: Option<String>,
    /// The name of the key.
    pub(super) kid: Option<String>,
    typ: Option<String>,
}

impl Header {
    /// Refuses `crit`: it names extensions that a service must understand, and this one knows none
    /// (RFC 7515 4.1.11). `b64` is such an extension (RFC 7797 6). A `kid` must be a string
    /// (RFC 7515 4.1.4). `jsonwebtoken` ignores a name whose value is `null`.
    pub(super) fn read(token: &str) -> Result<Self, InvalidToken> {
        let header = token.split('.').next().unwrap_or_default();
        let header = URL_SAFE_NO_PAD
            .decode(header)
            .map_err(|_| InvalidToken::Malformed)?;
        let header: UniqueNames<Map<String, Value>> =
            serde_json::from_slice(&header).map_err(|_| InvalidToken::Malformed)?;
        let UniqueNames(header) = header;
        let not_understood = ["crit", "b64"]
            .iter()
            .any(|name| header.contains_key(*name));
        if not_understood || !header.get("kid").is_none_or(Value::is_string) {
            return Err(InvalidToken::Malformed);
        }
        let text = |name| header.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            alg: text("alg"),
            kid: text("kid"),
            typ: text("typ"),
        })
    }

    /// One of RFC 7518 3.1; `none` is not among them.
    pub(super) fn algorithm(&self) -> Result<Algorithm, InvalidToken> {
        let name = self.alg.as_deref().ok_or(InvalidToken::Malformed)?;
        Algorithm::from_str(name).map_err(|_| InvalidToken::Algorithm)
    }

    /// Is it an access token, and no other kind of JWT (RFC 9068 2.1 and 4, RFC 8725 3.11)?
    pub(super) fn is_access_token(&self) -> bool {
        let typ = self.typ.as_deref().unwrap_or_default();
        let known = ["at+jwt", "application/at+jwt"];
        known.iter().any(|known| typ.eq_ignore_ascii_case(known))
    }
}
