//! `JWT_SECRET_KEY`, `JWT_SECRET_KEY_PREVIOUS`, `ACCEPT_HS256_UNTIL`, `ACCESS_TOKEN_EXPIRE_MINUTES`,
//! `TOKEN_CHECK`: how tokens are signed and verified.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};

use super::keys::{self, RingConfig};
use super::reader::{ConfigError, Reader};
use super::shared_key::{Key, REMEDY};
use super::state::{Parts, State};
use super::store::StoreConfig;
use crate::domain::access::{Guard, Holders};
use crate::domain::tokens::keys::Issuer;
use crate::domain::tokens::{Published, Signer, Verifier};

const DEFAULT_EXPIRE_MINUTES: u32 = 30;

/// The variable of the key that is shared with other services. Without it a ring of keys signs.
const KEY: &str = "JWT_SECRET_KEY";
/// The variable of a key whose tokens are valid as well, while the key is being changed.
const PREVIOUS: &str = "JWT_SECRET_KEY_PREVIOUS";
/// The variable of the time until which `KEY` is accepted beside a ring, which then signs.
const UNTIL: &str = "ACCEPT_HS256_UNTIL";
/// The variable of what is asked of the store for each token.
const CHECK: &str = "TOKEN_CHECK";
/// What is wrong with `UNTIL` if there is no ring. The name of the ring's variable follows.
const NO_RING: &str = "set, so a ring of keys signs, but there is none; name it in";

/// What a guard verifies tokens with.
#[derive(Debug)]
pub struct VerifierConfig {
    pub(super) shared: Option<Key>,
    pub(super) previous: Option<Key>,
    pub(super) until: Option<Duration>,
    published: PublishedConfig,
}

/// What everybody may know of the tokens.
#[derive(Debug)]
pub struct PublishedConfig {
    ring: Option<RingConfig>,
    issuer: Option<Issuer>,
    lifetime: Duration,
}

/// What signs tokens.
#[derive(Debug)]
pub struct SignerConfig {
    pub(super) signs: Signs,
    pub(super) issuer: Option<Issuer>,
    pub(super) lifetime: Duration,
}

/// One key, or one of a ring.
#[derive(Debug)]
pub enum Signs {
    /// HS256.
    Shared(Key),
    /// The ring's active key.
    Ring(RingConfig),
}

impl State for Guard {
    type Config = (VerifierConfig, StoreConfig, Checks);

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        let verifier = VerifierConfig::read(reader);
        (verifier, StoreConfig::read(reader), Checks::read(reader))
    }

    async fn open(config: Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        let (verifier, store, checks) = config;
        let holders = match checks {
            Checks::User => Holders::Users(parts.users(store).await?),
            Checks::Session => Holders::Sessions(parts.sessions(store).await?),
        };
        Ok(Self {
            verifier: verifier.open(parts).await?,
            holders,
            clock: Arc::clone(&parts.clock),
        })
    }
}

/// What is asked of the store for each token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checks {
    /// Its user.
    User,
    /// Its user and its session, so that it ends when that one does.
    Session,
}

impl Checks {
    fn read(reader: &mut Reader<'_>) -> Self {
        match reader.get(CHECK).as_deref() {
            None | Some("user") => return Self::User,
            Some("session") if keys::is_dynamodb(reader) => return Self::Session,
            Some("session") => reader.problem(
                CHECK,
                "session needs USER_STORE=dynamodb: in memory each function has its own sessions",
            ),
            Some(other) => reader.problem(
                CHECK,
                format_args!("unknown check {other:?}; it can be: user, session"),
            ),
        }
        Self::User
    }
}

impl VerifierConfig {
    fn read(reader: &mut Reader<'_>) -> Self {
        let until = until(reader);
        let shared = Key::read_if_set(KEY, reader);
        let previous = Key::read_if_set(PREVIOUS, reader);
        let mut published = PublishedConfig::read(reader);
        if shared.is_some() && until.is_none() {
            published.ring = None;
        }
        let config = Self {
            shared,
            previous,
            until,
            published,
        };
        config.check(reader);
        config
    }

    /// Without `until` a shared key beside the ring would be accepted for ever.
    fn check(&self, reader: &mut Reader<'_>) {
        match (&self.published.ring, &self.shared) {
            (None, None) => {
                let other = "or name a ring of keys in PUBLIC_KEYS";
                reader.problem(KEY, format_args!("not set; {REMEDY}, {other}"));
            }
            (None, Some(_)) if self.until.is_some() => {
                reader.problem(UNTIL, format_args!("{NO_RING} PUBLIC_KEYS"));
            }
            (Some(_), _) if self.previous.is_some() && reader.get(UNTIL).is_none() => {
                let problem =
                    "set, but JWT_SECRET_KEY is not; beside a ring of keys it needs an end";
                reader.problem(PREVIOUS, format_args!("{problem}, in {UNTIL}"));
            }
            _ => {}
        }
    }

    async fn open(self, parts: &Parts) -> Result<Verifier, ConfigError> {
        let ring = self.published.ring.is_some();
        let mut verifier = Verifier::new(self.published.open(parts).await?);
        if !ring {
            parts.connect().await;
        }
        for key in [self.shared, self.previous].into_iter().flatten() {
            verifier = verifier.or(&key.open());
        }
        Ok(match self.until {
            Some(end) => verifier.until(end),
            None => verifier,
        })
    }
}

/// For a function that verifies tokens, and does not ask for their users.
impl State for Verifier {
    type Config = VerifierConfig;

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        VerifierConfig::read(reader)
    }

    async fn open(config: Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        config.open(parts).await
    }
}

impl PublishedConfig {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            ring: keys::public(reader),
            issuer: keys::issuer(reader),
            lifetime: lifetime(reader),
        }
    }

    async fn open(self, parts: &Parts) -> Result<Published, ConfigError> {
        let keyring = match self.ring {
            Some(ring) => Some(parts.keyring(ring).await?),
            None => None,
        };
        Ok(Published {
            keyring,
            issuer: self.issuer,
            lifetime: self.lifetime,
            clock: Arc::clone(&parts.clock),
        })
    }
}

/// For a function that tells everybody about keys and issuer.
impl State for Published {
    type Config = PublishedConfig;

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        PublishedConfig::read(reader)
    }

    async fn open(config: Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        config.open(parts).await
    }
}

impl State for Signer {
    type Config = SignerConfig;

    fn read(reader: &mut Reader<'_>) -> Self::Config {
        SignerConfig {
            signs: Signs::read(reader),
            issuer: keys::issuer(reader),
            lifetime: lifetime(reader),
        }
    }

    async fn open(config: Self::Config, parts: &Parts) -> Result<Self, ConfigError> {
        let SignerConfig {
            signs,
            issuer,
            lifetime,
        } = config;
        Ok(match signs {
            Signs::Shared(key) => Self::shared(&key.open(), issuer, lifetime),
            Signs::Ring(ring) => Self::ring(parts.keyring(ring).await?, issuer, lifetime),
        })
    }
}

impl Signs {
    fn read(reader: &mut Reader<'_>) -> Self {
        let until = until(reader);
        if until.is_none() && reader.get(KEY).is_some() {
            return Self::Shared(Key::read(KEY, reader));
        }
        let ring = keys::private(reader);
        if ring.is_none() && until.is_some() {
            reader.problem(UNTIL, format_args!("{NO_RING} SIGNING_KEYS"));
        }
        match ring {
            Some(ring) => Self::Ring(ring),
            None => Self::Shared(Key::read(KEY, reader)),
        }
    }
}

/// Reads only `ACCESS_TOKEN_EXPIRE_MINUTES`, for the `users` command: it keeps keys as long.
pub fn token_lifetime(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Duration, ConfigError> {
    Reader::read(lookup, lifetime)
}

/// How long a token is valid.
fn lifetime(reader: &mut Reader<'_>) -> Duration {
    let minutes = reader.number("ACCESS_TOKEN_EXPIRE_MINUTES", DEFAULT_EXPIRE_MINUTES, 1);
    Duration::from_mins(minutes.into())
}

/// The end of HS256 (RFC 3339).
fn until(reader: &mut Reader<'_>) -> Option<Duration> {
    let text = reader.get(UNTIL)?;
    let time = DateTime::from_str(&text, DateTimeFormat::DateTime);
    let seconds = time.ok().and_then(|time| u64::try_from(time.secs()).ok());
    if seconds.is_none() {
        let problem = "is not a time such as 2027-01-31T00:00:00Z";
        reader.problem(UNTIL, format_args!("{text:?} {problem}"));
    }
    seconds.map(Duration::from_secs)
}
