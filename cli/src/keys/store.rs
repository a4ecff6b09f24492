//! Where rings are kept, and how one is changed.

use shared::aws::table::Table;
use shared::domain::keys::Ring;

use super::files::Files;
use super::json;
use super::tables::Tables;
use crate::args::Args;
use crate::error::Error;
use crate::{connect, variable};

/// How often a change is tried while others change the same ring.
const MOST_RACES: usize = 5;

/// Where the two rings are.
#[derive(Debug)]
pub enum Home {
    /// In DynamoDB.
    Tables(Tables),
    /// In files.
    Files(Files),
}

impl Home {
    /// The place that the command line or the environment names, as the functions read it.
    pub async fn of(args: &Args, place: Option<&str>) -> Result<Self, Error> {
        let stack = args.stack.as_ref();
        let of_stack = stack.map(|stack| format!("dynamodb:{stack}-keys"));
        let place = place.map(str::to_owned).or(of_stack);
        let place = place
            .or_else(|| variable("SIGNING_KEYS"))
            .unwrap_or_default();
        match place.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::Files(Files::new(path))),
            Some(("dynamodb", name)) if !name.is_empty() => {
                let (users, name) = (connect::table(args).await?, name.to_owned());
                let client = users.client.clone();
                let (keys, stack) = (Table { client, name }, stack.cloned());
                Ok(Self::Tables(Tables { users, keys, stack }))
            }
            // It is not repeated, since it may be a ring, private parts included.
            _ => Err(Error::Usage(
                "which keys? name the deployed stack with --stack NAME, or a place with --signing-keys (or the variable SIGNING_KEYS): file:PATH or dynamodb:TABLE"
                    .to_owned(),
            )),
        }
    }

    /// The private ring as it is now, and whether the public one is its public part; `None` if there
    /// is none yet.
    pub async fn read(&self) -> Result<Option<(Ring, bool)>, Error> {
        let Some(text) = self.private().await? else {
            return Ok(None);
        };
        let ring = self.parse(&text)?;
        let public = match self {
            Self::Tables(tables) => tables.public().await?,
            Self::Files(files) => files.public()?,
        };
        let expected = json(&ring.public())?;
        let published = public.is_some_and(|public| public.trim_end() == expected);
        Ok(Some((ring, published)))
    }

    /// Changes the ring, an empty one if there is none, and writes it and its public part. If others
    /// change it at the same time, the change is made again to what they have written.
    pub async fn change<T>(
        &self,
        change: impl Fn(&mut Ring) -> Result<T, Error>,
    ) -> Result<(Ring, T), Error> {
        let _lock = match self {
            Self::Tables(_) => None,
            Self::Files(files) => files.lock()?,
        };
        for _ in 0..MOST_RACES {
            let before = self.private().await?;
            let ring = before.as_deref().map(|text| self.parse(text));
            let mut ring = ring.transpose()?.unwrap_or_default();
            let done = change(&mut ring)?;
            if self.write(before.as_deref(), &ring).await? {
                return Ok((ring, done));
            }
        }
        Err(Error::Failed(format!(
            "somebody else changed the keys {MOST_RACES} times meanwhile; nothing was changed, run it again"
        )))
    }

    async fn private(&self) -> Result<Option<String>, Error> {
        match self {
            Self::Tables(tables) => tables.private().await,
            Self::Files(files) => files.private(),
        }
    }

    /// Answers `false` if the private ring is no longer what it was before.
    async fn write(&self, before: Option<&str>, ring: &Ring) -> Result<bool, Error> {
        match self {
            Self::Tables(tables) => tables.write(before, ring).await,
            Self::Files(files) => files.write(ring).map(|()| true),
        }
    }

    fn parse(&self, text: &str) -> Result<Ring, Error> {
        let place = match self {
            Self::Tables(tables) => format!("the table {:?}", tables.keys.name),
            Self::Files(files) => files.shown(),
        };
        Ring::from_json(text).map_err(|error| {
            Error::Failed(format!(
                "the private keys in {place} cannot be read: {error}\n  put back a copy of them; or remove them and make new ones, which ends all tokens: users keys generate"
            ))
        })
    }
}
