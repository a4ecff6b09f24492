//! `users keys`: the keys that sign tokens, in a private ring and a public one.
//!
//! | module | holds |
//! |---|---|
//! | [`args`] | the command line and its help |
//! | [`store`] | which rings they are, and how one is changed |
//! | [`tables`] | the two items of DynamoDB |
//! | [`output`] | what is shown of a ring |

pub mod args;
pub mod output;
pub mod store;
pub mod tables;

use std::time::Duration;

use jsonwebtoken::Algorithm;
use shared::config;
use shared::domain::tokens::keys::issuer::BadIssuer;
use shared::domain::tokens::keys::keyring::FRESH;
use shared::domain::tokens::keys::ring::{LEAD, SHORT_LEAD};
use shared::domain::tokens::keys::rotation::Refused;
use shared::domain::tokens::keys::{Issuer, Key, Ring};

use self::args::{GenerateArgs, KeysArgs, KeysCommand};
use self::output::{New, Shown};
use self::store::place;
use self::tables::Tables;
use crate::args::Args;
use crate::error::Error;
use crate::items::now;
use crate::output::{Output, date, note};
use crate::variable;

/// What to do without keys.
const NO_KEYS: &str = "there are no keys yet; make the first with: users keys generate";

/// A ring, and how to tell of it.
struct Keys {
    tables: Tables,
    /// The stack whose keys they are, if one was named.
    stack: Option<String>,
    /// How long a token is valid.
    lifetime: Duration,
    now: Duration,
    out: Output,
}

/// Does what the command line says.
pub async fn run(args: &Args, keys: &KeysArgs, out: Output) -> Result<(), Error> {
    let place = place(args, keys.signing_keys.as_deref());
    if let (None, KeysCommand::Generate(generate), true) = (&place, &keys.command, out.json) {
        return print_new(generate, out);
    }
    let lifetime = config::token_lifetime(&variable);
    let ring = Keys {
        lifetime: lifetime.map_err(|error| Error::Usage(error.to_string()))?,
        tables: Tables::at(args, place.as_deref()).await?,
        stack: args.stack.clone(),
        now: Duration::from_secs(now()),
        out,
    };
    match &keys.command {
        KeysCommand::Generate(args) => ring.generate(args).await,
        KeysCommand::Rotate { now, algorithm } => ring.rotate(*now, *algorithm).await,
        KeysCommand::List => ring.list().await,
        KeysCommand::Retire { kid } => ring.retire(kid).await,
        KeysCommand::Revoke { kid } => ring.revoke(kid).await,
    }
}

impl Keys {
    async fn generate(&self, args: &GenerateArgs) -> Result<(), Error> {
        let change = |ring: &mut Ring| {
            let issuer = issuer(args, ring, self.stack.as_deref())?;
            let changed = issuer != ring.issuer;
            ring.issuer = issuer;
            let made = ring.generate(args.algorithm, self.now);
            Ok((made.map_err(|refused| refusal(&refused, ring))?, changed))
        };
        let (ring, (made, changed)) = self.tables.change(change).await?;
        let key = ring.active(self.now).or(ring.next(self.now));
        let key = key.map(named).unwrap_or_default();
        let issuer = ring.issuer.as_ref();
        let issuer = issuer.map_or_else(
            || "without an issuer".to_owned(),
            |issuer| format!("for {}", issuer.url),
        );
        let done = match (made, changed) {
            (true, _) => format!("{key}: signs now, {issuer}"),
            (false, false) => format!("{key}: there already, {issuer}; no other was made"),
            (false, true) => format!(
                "{key}: signs {issuer} now; tokens from before are refused within {} minutes",
                minutes(FRESH)
            ),
        };
        self.done(&ring, done)
    }

    async fn rotate(&self, soon: bool, algorithm: Option<Algorithm>) -> Result<(), Error> {
        let lead = if soon { SHORT_LEAD } else { LEAD };
        let change = |ring: &mut Ring| {
            let changed = ring.rotate(lead, algorithm, self.now);
            changed.map_err(|refused| refusal(&refused, ring))
        };
        let (ring, changed) = self.change(change).await?;
        let Some(next) = ring.next(self.now) else {
            return Err(Error::Failed(NO_KEYS.to_owned()));
        };
        let (key, time) = (named(next), date(next.sign_from.as_secs()));
        let sooner = if soon {
            ""
        } else {
            "; sooner: users keys rotate --now"
        };
        self.done(
            &ring,
            if changed {
                format!("{key}: signs from {time}; everybody can read it until then")
            } else {
                format!("{key}: signs from {time} already; no other was made{sooner}")
            },
        )
    }

    async fn list(&self) -> Result<(), Error> {
        let ring = self.tables.read().await?;
        let (ring, published) = ring.ok_or_else(|| Error::Failed(NO_KEYS.to_owned()))?;
        let shown = Shown::of(&ring, published, self.now, self.lifetime);
        self.out.print(&shown, &shown)?;
        if !published && !self.out.json {
            note(
                "the public keys are not those of these keys; to write them anew: users keys generate",
            );
        }
        Ok(())
    }

    async fn retire(&self, kid: &str) -> Result<(), Error> {
        let change = |ring: &mut Ring| {
            let retired = ring.retire(kid, self.now, self.lifetime);
            retired.map_err(|refused| refusal(&refused, ring))
        };
        let (ring, key) = self.change(change).await?;
        let what = if key.sign_from > self.now {
            "withdrawn before it signed"
        } else {
            "removed; all its tokens have expired"
        };
        self.done(&ring, format!("{}: {what}", named(&key)))
    }

    async fn revoke(&self, kid: &str) -> Result<(), Error> {
        let change = |ring: &mut Ring| {
            let revoked = ring.revoke(kid, self.now);
            revoked.map_err(|refused| refusal(&refused, ring))
        };
        let (ring, kid) = self.change(change).await?;
        let active = ring.active(self.now).map(named).unwrap_or_default();
        let minutes = minutes(FRESH);
        self.done(
            &ring,
            format!(
                "{kid}: revoked; its tokens are refused within {minutes} minutes\n{active}: signs"
            ),
        )
    }

    /// Changes a ring that has keys.
    async fn change<T>(
        &self,
        change: impl Fn(&mut Ring) -> Result<T, Error>,
    ) -> Result<(Ring, T), Error> {
        let change = |ring: &mut Ring| match ring.keys.as_slice() {
            [] => Err(Error::Failed(NO_KEYS.to_owned())),
            _ => change(ring),
        };
        self.tables.change(change).await
    }

    /// Says what was done.
    fn done(&self, ring: &Ring, text: String) -> Result<(), Error> {
        let shown = Shown::of(ring, true, self.now, self.lifetime);
        self.out.print(&shown, text)
    }
}

/// Prints a new ring in JSON, for the variables of functions that read no table.
fn print_new(args: &GenerateArgs, out: Output) -> Result<(), Error> {
    let now = Duration::from_secs(now());
    let mut ring = Ring::default();
    ring.issuer = issuer(args, &ring, None)?;
    let made = ring.generate(args.algorithm, now);
    made.map_err(|refused| refusal(&refused, &ring))?;
    out.print(&New::of(&ring)?, "")
}

/// Whose tokens a ring is to sign: what is not said stays as it is. The keys of a stack are for many, so
/// nobody should have forgotten to say it when they are made.
fn issuer(args: &GenerateArgs, ring: &Ring, stack: Option<&str>) -> Result<Option<Issuer>, Error> {
    let before = ring.issuer.as_ref();
    let url = args.issuer.as_deref();
    if args.no_issuer {
        return Ok(None);
    }
    let Some(url) = url.or(before.map(|before| &*before.url)) else {
        return match (stack, &args.audience) {
            (_, Some(_)) => Err(Error::Usage("--audience needs --issuer URL".to_owned())),
            (Some(stack), None) if ring.keys.is_empty() => Err(no_issuer(stack)),
            _ => Ok(None),
        };
    };
    let own = before.filter(|before| before.audience != before.url);
    let audience = args.audience.as_deref().or(own.map(|own| &*own.audience));
    let issuer = Issuer::new(url, audience).map_err(|error| {
        Error::Usage(match error {
            BadIssuer::NotAnOrigin => format!("--issuer {url:?} is {error}"),
            BadIssuer::Audience => format!("--audience is {error}"),
        })
    });
    issuer.map(Some)
}

fn named(key: &Key) -> String {
    format!("{} ({:?})", key.kid, key.algorithm)
}

fn minutes(time: Duration) -> u64 {
    time.as_secs() / 60
}

/// A ring in JSON.
fn json(ring: &Ring) -> Result<String, Error> {
    let json = ring.to_json();
    json.map_err(|error| Error::Failed(format!("the keys cannot be written: {error}")))
}

fn no_issuer(stack: &str) -> Error {
    Error::Usage(format!(
        "whose tokens are they? --issuer URL is the stack's ApiUrl, which make deploy has printed; --no-issuer makes tokens like FastAPI's\n  aws cloudformation describe-stacks --stack-name {stack} --query \"Stacks[0].Outputs[?OutputKey=='ApiUrl'].OutputValue\" --output text"
    ))
}

/// Why an operation was refused, and the way out.
fn refusal(refused: &Refused, ring: &Ring) -> Error {
    let kids: Vec<_> = ring.keys.iter().map(|key| &*key.kid).collect();
    let kids = kids.join(", ");
    match refused {
        Refused::Unknown(_) | Refused::Ambiguous(_) => Error::Usage(format!(
            "{refused}; there are: {kids}\n  what they are: users keys list"
        )),
        Refused::Signs(_) => Error::Failed(format!(
            "{refused}; let another one follow first: users keys rotate"
        )),
        Refused::Needed { kid, until } => Error::Failed(format!(
            "{refused} until {}; to end them at once: users keys revoke {kid}",
            date(until.as_secs())
        )),
        Refused::Revoked(_) | Refused::Key(_) => Error::Failed(refused.to_string()),
    }
}
