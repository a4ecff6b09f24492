//! Which rings they are, and how one is changed.

use shared::aws::table::Table;
use shared::domain::tokens::keys::Ring;

use super::json;
use super::tables::Tables;
use crate::args::Args;
use crate::error::Error;
use crate::{connect, variable};

/// How often a change is tried while others change the same ring.
const MOST_RACES: usize = 5;

/// The place that the command line or the environment names, as the functions read it.
pub fn place(args: &Args, signing_keys: Option<&str>) -> Option<String> {
    let of_stack = args.stack.as_ref();
    let of_stack = of_stack.map(|stack| format!("dynamodb:{stack}-keys"));
    let place = signing_keys.map(str::to_owned).or(of_stack);
    place.or_else(|| variable("SIGNING_KEYS"))
}

impl Tables {
    /// The tables at this place.
    pub async fn at(args: &Args, place: Option<&str>) -> Result<Self, Error> {
        let name = place.and_then(|place| place.strip_prefix("dynamodb:"));
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            // It is not repeated, since it may be a ring, private parts included.
            return Err(Error::Usage(
                "which keys? name the deployed stack with --stack NAME, or a table with --signing-keys dynamodb:TABLE (or the variable SIGNING_KEYS)\n  keys that need no table: users keys generate --json"
                    .to_owned(),
            ));
        };
        let users = connect::table(args).await?;
        let client = users.client.clone();
        let name = name.to_owned();
        Ok(Self {
            users,
            keys: Table { client, name },
            stack: args.stack.clone(),
        })
    }

    /// The private ring as it is now, and whether the public one is its public part; `None` if there
    /// is none yet.
    pub async fn read(&self) -> Result<Option<(Ring, bool)>, Error> {
        let Some(text) = self.private().await? else {
            return Ok(None);
        };
        let ring = self.parse(&text)?;
        let public = self.public().await?;
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

    fn parse(&self, text: &str) -> Result<Ring, Error> {
        let name = &self.keys.name;
        Ring::from_json(text).map_err(|error| {
            Error::Failed(format!(
                "the private keys in the table {name:?} cannot be read: {error}\n  put back a copy of them; or remove them and make new ones, which ends all tokens: users keys generate"
            ))
        })
    }
}
