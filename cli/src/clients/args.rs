//! The command line of `users clients`, and its help.

#![expect(
    clippy::doc_markdown,
    reason = "clap prints these comments as they are, backticks too"
)]

use clap::{Args, Subcommand};

/// What to do with the clients.
#[derive(Debug, Args)]
pub struct ClientsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ClientsCommand,
}

/// What to do with the clients.
#[derive(Debug, Subcommand)]
pub enum ClientsCommand {
    /// Add a client; prints its id and its secret, which is never shown again
    #[command(after_help = "Examples:
  users clients add reports --scopes \"items\"
  users clients add \"Our app\" --public --scopes \"me items\"
  users clients add gateway --grants \"\" --introspect

A confidential client has a secret, and asks for tokens of its own: its grant is client_credentials.
A public one, an app in a browser or on a phone, can keep none: its grants are password and
refresh_token. --grants names others of these three.")]
    Add(AddArgs),
    /// List the clients, in no order
    #[command(after_help = "Examples:
  users clients list
  users clients list --json | jq -r 'select(.disabled) | .client_id'

It reads the whole table.")]
    List,
    /// Show a client, but no secret
    #[command(after_help = "Example:
  users clients show c_Zm9vYmFyYmF6cXV4")]
    Show {
        /// The client's id
        id: String,
    },
    /// Change what a client is called, or what it may do
    #[command(after_help = "Examples:
  users clients set c_Zm9vYmFyYmF6cXV4 --scopes \"items\" --name \"Nightly reports\"
  users clients set c_Zm9vYmFyYmF6cXV4 --introspect true

A scope that is taken away is gone at once from the client's own tokens, and with the next refresh from
its users'.")]
    Set {
        /// The client's id
        id: String,
        /// What is changed.
        #[command(flatten)]
        changes: Changes,
    },
    /// Give a client a new secret, which is never shown again
    #[command(after_help = "Examples:
  users clients rotate-secret c_Zm9vYmFyYmF6cXV4
  users clients rotate-secret c_Zm9vYmFyYmF6cXV4 --drop-old

The newest of the old ones is valid as well until the next rotation, so that the client has time to
change.")]
    RotateSecret {
        /// The client's id
        id: String,
        /// Let the new one alone be valid, and end the client's own tokens: somebody else knows the old one
        #[arg(long)]
        drop_old: bool,
    },
    /// Refuse a client; its own tokens end at once
    #[command(after_help = "Example:
  users clients disable c_Zm9vYmFyYmF6cXV4

Its own tokens stay ended when it is enabled. Its users' sessions cannot be refreshed while it is disabled; their
access tokens end by themselves.")]
    Disable {
        /// The client's id
        id: String,
    },
    /// Let a disabled client in again
    #[command(after_help = "Example:
  users clients enable c_Zm9vYmFyYmF6cXV4")]
    Enable {
        /// The client's id
        id: String,
    },
    /// Remove a client for good; asks first
    #[command(after_help = "Examples:
  users clients remove c_Zm9vYmFyYmF6cXV4
  users clients remove c_Zm9vYmFyYmF6cXV4 --yes")]
    Remove {
        /// The client's id
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Print a new secret and what is kept of it, for a clients file (CLIENTS_FILE)
    #[command(after_help = "Example:
  users clients secret

A clients file: [{\"id\": \"reports\", \"secrets\": [what is kept], \"grants\": [\"client_credentials\"],
\"scopes\": [\"items\"]}]. No table is needed.")]
    Secret,
}

/// A new client.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// What people call it; the id is made
    pub name: String,
    /// It cannot keep a secret, and gets none
    #[arg(long)]
    pub public: bool,
    /// How it may ask for tokens, with spaces between the grants; "" for not at all
    #[arg(long)]
    pub grants: Option<String>,
    /// All scopes that its tokens may carry, with spaces between them
    #[arg(long, default_value = "", hide_default_value = true)]
    pub scopes: String,
    /// Let it ask about tokens that are not its own: an API, a gateway
    #[arg(long)]
    pub introspect: bool,
}

/// What is changed of a client; the rest stays.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct Changes {
    /// What people call it
    #[arg(long)]
    pub name: Option<String>,
    /// How it may ask for tokens, with spaces between the grants; "" for not at all
    #[arg(long)]
    pub grants: Option<String>,
    /// All scopes that its tokens may carry, with spaces between them; "" for none
    #[arg(long)]
    pub scopes: Option<String>,
    /// May it ask about tokens that are not its own?
    #[arg(long, value_name = "true|false")]
    pub introspect: Option<bool>,
}
