//! The command line and its help.

#![expect(
    clippy::doc_markdown,
    reason = "clap prints these comments as they are, backticks too"
)]

use std::num::{NonZeroU16, NonZeroUsize};

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::clients::args::ClientsArgs;
use crate::keys::args::KeysArgs;
use crate::name;

/// The users of the service, in its DynamoDB table.
#[derive(Debug, Parser)]
#[command(name = "users", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Args {
    /// The table [default: the variable USERS_TABLE]
    #[arg(
        long,
        global = true,
        help_heading = "Table and output",
        value_name = "NAME"
    )]
    pub table: Option<String>,
    /// The deployed stack, whose table is NAME-users
    #[arg(
        long,
        global = true,
        help_heading = "Table and output",
        value_name = "NAME",
        conflicts_with = "table"
    )]
    pub stack: Option<String>,
    /// A local server instead of AWS [default: the variable AWS_ENDPOINT_URL_DYNAMODB,
    /// or AWS_ENDPOINT_URL]
    #[arg(
        long,
        global = true,
        help_heading = "Table and output",
        value_name = "URL"
    )]
    pub endpoint_url: Option<String>,
    /// Print JSON, errors too: {"error": "..."} on standard error
    #[arg(long, global = true, help_heading = "Table and output")]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Region and credentials are those of the AWS CLI: variables, ~/.aws, AWS_PROFILE, aws sso login.
A local server on localhost needs neither.

Exit codes:
  0  done
  1  failed: the table cannot be reached, an import has conflicts, ...
  2  what was asked for is not right: an option, a name, a password, a scope
  3  no such user, client or session
  4  the user exists already

Examples:
  users --stack lambda-oauth2-scopes add johndoe --scopes \"me items\"
  users --table dev-users --endpoint-url http://127.0.0.1:8000 list
  USERS_TABLE=dev-users users show johndoe --json";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the table: on a local server, or to try things out on AWS
    ///
    /// A deployed stack has its table already, with backups and deletion protection.
    #[command(after_help = "Example:
  users --table dev-users --endpoint-url http://127.0.0.1:8000 create-table

The table of the private keys (users keys --help) is of the same kind:
  users --table dev-keys --endpoint-url http://127.0.0.1:8000 create-table")]
    CreateTable,
    /// Move the password hashes of a table of an earlier version into items of their own
    ///
    /// Earlier versions kept a user's hash with the user, where every function could read it. Until
    /// this has run, nobody can log in (503); tokens and sessions go on.
    #[command(after_help = "Example:
  users --stack lambda-oauth2-scopes upgrade-table

It can be stopped at any point and run again.")]
    UpgradeTable,
    /// Add a user; asks for the password
    #[command(after_help = "Examples:
  users add johndoe --scopes \"me items\" --full-name \"John Doe\"
  pass show johndoe | users add johndoe --password-stdin

A name must be its own NFKC case-folded form (johndoe, not JohnDoe) without spaces or invisible
characters, so that no two users look alike. Jane@Example.com is jane@example.com, here and at login. A password must score 3 or 4 with zxcvbn, which is
told the user's name, e-mail address and full name.")]
    Add(AddArgs),
    /// List the users, in no order
    #[command(after_help = "Examples:
  users list
  users list --limit 20
  users list --limit 20 --after johndoe
  users list --json | jq -r 'select(.disabled) | .username'")]
    List {
        /// Stop after so many users, and say how to go on
        #[arg(long, value_name = "N")]
        limit: Option<NonZeroUsize>,
        /// Go on after this user, the last one of another list
        #[arg(long, value_name = "NAME", value_parser = name::typed)]
        after: Option<String>,
    },
    /// Show a user, and the failed logins if any are counted
    #[command(after_help = "Example:
  users show johndoe

Logins from new addresses wait once so many have failed as the variable LOGIN_FAILURES_PER_ACCOUNT
says, or 10: set it as it is in the stack.")]
    Show {
        /// The user's name
        #[arg(value_parser = name::typed)]
        name: String,
    },
    /// Set a new password; asks for it
    #[command(after_help = "Examples:
  users set-password johndoe
  pass show johndoe | users set-password johndoe --password-stdin")]
    SetPassword {
        /// The user's name
        #[arg(value_parser = name::typed)]
        name: String,
        /// Where the password comes from, and how long it must be.
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Set the scopes that a user's tokens may carry
    #[command(after_help = "Examples:
  users set-scopes johndoe \"me items\"
  users set-scopes johndoe \"\"

A scope that is taken away is gone at once, from tokens that were given out too.")]
    SetScopes {
        /// The user's name
        #[arg(value_parser = name::typed)]
        name: String,
        /// All the scopes, with spaces between them; "" for none
        scopes: String,
    },
    /// Show the catalogue of scopes, or replace it
    ///
    /// With a catalogue in the table, add, set-scopes, import and clients refuse a scope that is not in it.
    /// Without one, they accept any well-formed scope.
    #[command(after_help = "Examples:
  users scopes
  users scopes \"me items orders\"
  users scopes \"\"

Users keep the scopes that they have, also those that are not in it.")]
    Scopes {
        /// All the scopes, with spaces between them; "" removes the catalogue
        scopes: Option<String>,
    },
    /// Set a user's e-mail address
    #[command(after_help = "Examples:
  users set-email johndoe john@example.com
  users set-email johndoe \"\"")]
    SetEmail {
        /// The user's name
        #[arg(value_parser = name::typed)]
        name: String,
        /// The e-mail address; "" removes it
        email: String,
    },
    /// Set a user's full name
    #[command(after_help = "Examples:
  users set-name johndoe \"John Doe\"
  users set-name johndoe \"\"

The name by which a user logs in stays.")]
    SetName {
        /// The user's name
        #[arg(value_parser = name::typed)]
        name: String,
        /// The full name; "" removes it
        full_name: String,
    },
    /// Give a user another name
    #[command(after_help = "Examples:
  users rename jane jane.doe

The user's id stays: with an issuer it is the sub of tokens, so data that other services keep by it stays the
user's. All tokens and sessions end, and the user logs in with the new name and the same password.")]
    Rename {
        /// The user's name
        #[arg(value_parser = name::typed)]
        name: String,
        /// The new name
        new: String,
    },
    /// End all tokens of a user, who may log in again
    #[command(after_help = "Example:
  users logout johndoe")]
    Logout {
        /// The user's name
        #[arg(value_parser = name::typed)]
        name: String,
    },
    /// List a user's sessions, the logins that last; or end one
    ///
    /// One that has expired, or was ended by a new password or a logout, is not shown; nor, for a
    /// moment, one that has just begun. A user has about 100 at most: a login ends the oldest.
    #[command(after_help = "Examples:
  users sessions johndoe
  users sessions johndoe --end tE6RhmPV0SkkRlcSxzzRTA
  users logout johndoe    # ends all of them, and the access tokens

The access tokens of a session that is ended here end by themselves, or at once where TOKEN_CHECK is
session.")]
    Sessions {
        /// The user's name
        #[arg(value_parser = name::typed)]
        name: String,
        /// End this one
        #[arg(long, value_name = "SID", allow_hyphen_values = true)]
        end: Option<String>,
    },
    /// Let a disabled user in again
    #[command(after_help = "Example:
  users enable johndoe")]
    Enable {
        /// The user's name
        #[arg(value_parser = name::typed)]
        name: String,
    },
    /// Keep a user out, tokens that were given out included
    #[command(after_help = "Example:
  users disable johndoe")]
    Disable {
        /// The user's name
        #[arg(value_parser = name::typed)]
        name: String,
    },
    /// Forget a user's failed logins, so that new addresses need not wait any more
    #[command(after_help = "Example:
  users unlock johndoe")]
    Unlock {
        /// The user's name
        #[arg(value_parser = name::typed)]
        name: String,
    },
    /// Remove a user for good; asks first
    #[command(after_help = "Examples:
  users remove johndoe
  users remove johndoe --yes")]
    Remove {
        /// The user's name
        #[arg(value_parser = name::typed)]
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Add many users from a file of JSON lines
    #[command(after_help = "Examples:
  users import users.jsonl
  users --table old-users export | users --table new-users import - --keep-stamps

A line: {\"username\": \"johndoe\", \"password_hash\": \"$argon2id$v=19$...\", \"scopes\": [\"me\"],
\"disabled\": false, \"email\": null, \"full_name\": null}; stamp, created, updated and version may
follow. All tokens and sessions of a user who is added or replaced end, as after a logout.
A user that is there with the same content is passed over: after a stop, run the same import again.
A user that is there with other content is a conflict: reported, and left alone but for --replace.
A user who is disabled in the table stays disabled, whatever the file says.")]
    Import(ImportArgs),
    /// Write all users as JSON lines, password hashes included
    #[command(after_help = "Examples:
  users export users.jsonl
  users export | gzip > users.jsonl.gz

A file is made readable by you alone.")]
    Export {
        /// The file; - is standard output
        #[arg(default_value = "-")]
        file: String,
    },
    /// The keys that sign tokens: make, rotate, list, retire and revoke them
    ///
    /// There are two rings of them: the private one, by which POST /token signs, and the public one,
    /// by which everybody verifies. With --stack NAME they are in the tables NAME-keys and
    /// NAME-users.
    #[command(after_help = "Examples:
  users --stack lambda-oauth2-scopes keys generate --issuer https://api.example.com
  users --stack lambda-oauth2-scopes keys rotate

A key is named by its whole kid, or by 4 or more of its first characters.")]
    Keys(KeysArgs),
    /// The clients, which are programs that ask for tokens: add, list, change and remove them
    ///
    /// The functions ask for them where CLIENTS is check. A client has an id, and a secret if it can
    /// keep one.
    #[command(after_help = "Examples:
  users clients add reports --scopes \"items\"
  users clients rotate-secret c_Zm9vYmFyYmF6cXV4
  users clients list")]
    Clients(ClientsArgs),
    /// Print the hash of a password, for a users file (USERS_FILE); asks for the password
    #[command(after_help = "Example:
  users hash")]
    Hash {
        /// Where the password comes from, and how long it must be.
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Print the completions of a shell
    #[command(after_help = "Examples:
  users completions bash > ~/.local/share/bash-completion/completions/users
  users completions zsh > ~/.zfunc/_users
  users completions fish > ~/.config/fish/completions/users.fish")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// A new user.
#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// The user's name
    #[arg(value_parser = name::typed)]
    pub name: String,
    /// The scopes that the user's tokens may carry, with spaces between them
    #[arg(long, default_value = "", hide_default_value = true)]
    pub scopes: String,
    /// The user's e-mail address
    #[arg(long)]
    pub email: Option<String>,
    /// The user's full name
    #[arg(long)]
    pub full_name: Option<String>,
    /// Keep the user out for now
    #[arg(long)]
    pub disabled: bool,
    /// Where the password comes from, and how long it must be.
    #[command(flatten)]
    pub password: PasswordArgs,
}

/// A new password is never an argument: every process of the machine could read it.
#[derive(Debug, clap::Args)]
pub struct PasswordArgs {
    /// Read the password from standard input, one line; so it is when that is no terminal
    #[arg(long)]
    pub password_stdin: bool,
    /// How many characters a password must have [default: the variable PASSWORD_MIN_LENGTH, or 15]
    #[arg(long, value_name = "N")]
    pub min_length: Option<NonZeroU16>,
}

/// How to import.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// The file of JSON lines; - is standard input
    pub file: String,
    /// Go on after a line that is not valid
    #[arg(long)]
    pub keep_going: bool,
    /// Put the file's content in the place of other content
    #[arg(long)]
    pub replace: bool,
    /// To move a live table: keep the file's stamps, with which tokens and sessions stay valid, also
    /// those that were ended since the export
    #[arg(long)]
    pub keep_stamps: bool,
    /// How many users to write at a time
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub concurrency: u16,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn clap_finds_no_fault_with_it() {
        Args::command().debug_assert();
    }

    /// A command's subcommands, and theirs.
    fn below(command: &clap::Command) -> Vec<&clap::Command> {
        let each = command.get_subcommands();
        each.flat_map(|command| [vec![command], below(command)].concat())
            .collect()
    }

    #[test]
    fn no_argument_takes_a_password_and_every_command_has_examples() {
        for command in below(&Args::command()) {
            let help = command.get_after_help().map(ToString::to_string);
            assert!(
                help.is_some_and(|help| help.contains("Example")),
                "{command}"
            );
            for argument in command.get_arguments() {
                let takes_value = argument.get_action().takes_values();
                let name = argument.get_id().as_str();
                assert!(!(takes_value && name.contains("password")), "{name}");
            }
        }
    }
}
