//! The command line of `users keys`, and its help.

#![expect(
    clippy::doc_markdown,
    reason = "clap prints these comments as they are, backticks too"
)]

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use jsonwebtoken::Algorithm;

/// Which keys, and what to do with them.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// Where the private keys are: dynamodb:TABLE; the public ones are in the table of the users
    /// [default: the tables of --stack, or the variable SIGNING_KEYS]
    #[arg(long, global = true, value_name = "PLACE")]
    pub signing_keys: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: KeysCommand,
}

/// What to do with the keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make the first key, which signs at once; or say whose tokens the keys sign
    #[command(after_help = "Examples:
  users --stack lambda-oauth2-scopes keys generate --issuer https://api.example.com
  users keys generate --json --algorithm ES256 >keys.json

Without a place --json prints new keys and keeps none: what the variables SIGNING_KEYS and PUBLIC_KEYS hold
where no table is read. Where a key signs already, no other is made: run it again to change issuer or audience, or to write
the public keys anew. Tokens of another issuer are not accepted any more.")]
    Generate(GenerateArgs),
    /// Make another key, which signs in three hours: until then everybody has read it
    ///
    /// API Gateway's JWT authorizer may keep the public keys that it has read for two hours.
    #[command(after_help = "Examples:
  users --stack lambda-oauth2-scopes keys rotate
  users --stack lambda-oauth2-scopes keys rotate --now

Nobody is logged out: the key before stays published until its last token has expired.")]
    Rotate {
        /// Let it sign in a minute, which this service's own functions need; also if it is there
        /// already
        #[arg(long)]
        now: bool,
        /// The algorithm of a new key [default: the one that signs now]
        #[arg(long, value_name = "ALGORITHM", value_parser = algorithm())]
        algorithm: Option<Algorithm>,
    },
    /// List the keys, the newest first
    #[command(after_help = "Examples:
  users --stack lambda-oauth2-scopes keys list
  users --stack lambda-oauth2-scopes keys list --json | jq -r '.keys[] | select(.state == \"active\") | .kid'

No private part is shown.")]
    List,
    /// Take a key out that signs nothing: one that is next, or one without valid tokens
    ///
    /// A key that was replaced is not published any more when its last token has expired, and is
    /// forgotten a year later: nobody has to retire it.
    #[command(after_help = "Example:
  users --stack lambda-oauth2-scopes keys retire lPc4

How long tokens are valid is the variable ACCESS_TOKEN_EXPIRE_MINUTES, or 30: set it as it is in the
stack.")]
    Retire {
        /// The key's kid, or how it begins
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
    /// Trust a key no more, and no token that it has signed: another one signs at once
    #[command(after_help = "Example:
  users --stack lambda-oauth2-scopes keys revoke lPc4

For a key that somebody else may know. The functions read the keys again every 5 minutes; until all
of them have done so, some accept its tokens, some refuse new ones.")]
    Revoke {
        /// The key's kid, or how it begins
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
}

/// The first key, and whose tokens the keys sign.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// The algorithm of the first key [default: RS256, the only one for API Gateway's JWT authorizer]
    #[arg(long, value_name = "ALGORITHM", value_parser = algorithm())]
    pub algorithm: Option<Algorithm>,
    /// Whose tokens they are: the API's origin. They are then those of RFC 9068
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// For which API they are [default: the issuer]
    #[arg(long, value_name = "NAME")]
    pub audience: Option<String>,
    /// Nobody's: tokens like FastAPI's
    #[arg(long, conflicts_with_all = ["issuer", "audience"])]
    pub no_issuer: bool,
}

fn algorithm() -> impl TypedValueParser<Value = Algorithm> {
    PossibleValuesParser::new(["RS256", "ES256", "EdDSA"]).try_map(|name| name.parse::<Algorithm>())
}
