//! What each command does.

use aws_sdk_dynamodb::types::AttributeValue;
use clap::CommandFactory;
use serde_json::json;
use shared::aws::record::{self, AccountRecord, Attribute, UserRecord};
use shared::aws::table::{self, Table, USER, text, username};
use shared::domain::accounts::{Stamp, User, UserId};
use tokio::runtime::Builder;

use crate::args::{AddArgs, Args, Command, PasswordArgs};
use crate::clients::args::{ClientsArgs, ClientsCommand};
use crate::connect;
use crate::error::Error;
use crate::name::printable;
use crate::output::{self, Output, readable, sorted};
use crate::passwords::new_hash;
use crate::question::confirm;
use crate::scan::Pages;
use crate::{attempts, catalogue, clients, export, import, keys, name, sessions, store, upgrade};

/// Does what the command line says.
pub fn run(args: Args) -> Result<(), Error> {
    let out = Output { json: args.json };
    match args.command {
        Command::Hash { password } => hash(out, &password),
        Command::Clients(ClientsArgs {
            command: ClientsCommand::Secret,
        }) => clients::secret(out),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "users", &mut script);
            output::line(String::from_utf8_lossy(&script).trim_end())
        }
        _ => Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Failed(format!("no threads to work with: {error}")))?
            .block_on(start(args, out)),
    }
}

/// Keys may be in a file, so they look for a table themselves.
async fn start(args: Args, out: Output) -> Result<(), Error> {
    if let Command::Keys(keys) = &args.command {
        return keys::run(&args, keys, out).await;
    }
    let table = connect::table(&args).await?;
    let done = run_on(&table, args.command, out).await;
    done.map_err(|error| connect::of_stack(error, args.stack.as_deref(), &table))
}

async fn run_on(table: &Table, command: Command, out: Output) -> Result<(), Error> {
    match command {
        Command::CreateTable => create_table(table, out).await,
        Command::Add(args) => add(table, out, &args).await,
        Command::List { limit, after } => {
            list(table, out, limit.map_or(usize::MAX, usize::from), after).await
        }
        Command::Show { name } => show(table, out, &name).await,
        Command::SetPassword { name, password } => set_password(table, out, &name, &password).await,
        Command::SetScopes { name, scopes } => set_scopes(table, out, &name, &scopes).await,
        Command::Scopes { scopes } => show_scopes(table, out, scopes.as_deref()).await,
        Command::SetEmail { name, email } => set_text(table, out, &name, "email", &email).await,
        Command::SetName { name, full_name } => {
            set_text(table, out, &name, "full_name", &full_name).await
        }
        Command::Rename { name, new } => rename(table, out, &name, &new).await,
        Command::Logout { name } => logout(table, out, &name).await,
        Command::Enable { name } => set_disabled(table, out, &name, false).await,
        Command::Disable { name } => set_disabled(table, out, &name, true).await,
        Command::Unlock { name } => attempts::unlock(table, out, &name).await,
        Command::Remove { name, yes } => remove(table, out, &name, yes).await,
        Command::UpgradeTable => upgrade::upgrade(table, out).await,
        Command::Import(args) => import::import(table, out, args).await,
        Command::Export { file } => export::export(table, out, &file).await,
        Command::Sessions { name, end } => {
            sessions::sessions(table, out, &name, end.as_deref()).await
        }
        Command::Clients(args) => clients::run(table, out, &args.command).await,
        Command::Keys(_) | Command::Hash { .. } | Command::Completions { .. } => Ok(()),
    }
}

fn hash(out: Output, args: &PasswordArgs) -> Result<(), Error> {
    let hash = new_hash(args, &[])?.to_string();
    out.print(&json!({ "password_hash": hash }), &hash)
}

async fn create_table(table: &Table, out: Output) -> Result<(), Error> {
    let describe = table.client.describe_table().table_name(&table.name);
    let described = describe.send().await;
    let created = match described.map_err(|error| Error::of_call(&table.name, &error)) {
        Ok(_) => false,
        Err(Error::NoTable(_)) => table::create(table)
            .await
            .map_err(|error| Error::Failed(format!("the table was not made: {error}")))?,
        Err(error) => return Err(error),
    };
    let name = &table.name;
    let done = if created { "made" } else { "there already" };
    out.print(
        &json!({ "table": name, "created": created }),
        format_args!("table {name}: {done}"),
    )
}

async fn add(table: &Table, out: Output, args: &AddArgs) -> Result<(), Error> {
    name::check(&args.name).map_err(|error| Error::Usage(error.to_string()))?;
    for (option, value) in [("--email", &args.email), ("--full-name", &args.full_name)] {
        printable(option, value.as_deref())?;
    }
    let scopes = catalogue::known(table, &args.scopes).await?;
    let taken = || Error::AlreadyExists {
        name: args.name.clone(),
        table: table.name.clone(),
    };
    // Checked before the prompt, so that nobody thinks of a password in vain.
    if store::get(table, &args.name).await?.is_some() {
        return Err(taken());
    }
    let words = words(&args.name, args.email.as_deref(), args.full_name.as_deref());
    let user = User {
        id: UserId::random(),
        username: args.name.clone(),
        scopes,
        disabled: args.disabled,
        email: args.email.clone(),
        full_name: args.full_name.clone(),
        stamp: Some(Stamp::random()),
    };
    let account = AccountRecord {
        record: UserRecord {
            user,
            created: None,
            updated: None,
            version: None,
        },
        password_hash: new_hash(&args.password, &words)?.to_string(),
    };
    if !store::add(table, &account).await? {
        return Err(taken());
    }
    let added = store::find(table, &args.name).await?;
    out.user(&added, format_args!("{}: added", args.name))
}

async fn list(
    table: &Table,
    out: Output,
    limit: usize,
    after: Option<String>,
) -> Result<(), Error> {
    let mut pages = Pages::after(table, USER, after.as_deref().map(store::key));
    let (mut shown, mut unreadable, mut last) = (0, 0, None);
    while let Some(items) = pages.next().await? {
        for item in &items {
            if shown == limit {
                if let (Some(last), false) = (&last, out.json) {
                    let more = format_args!("more: users list --limit {limit} --after {last:?}");
                    output::note(more);
                }
                return readable(unreadable, "user");
            }
            match store::record(table, item) {
                Ok(record) => out.user(&record, output::row(&record))?,
                Err(error @ Error::Unreadable(_)) => {
                    unreadable += 1;
                    output::failure_note(&error, out.json);
                }
                Err(error) => return Err(error),
            }
            shown += 1;
            last = username(item).map(str::to_owned);
        }
        // Programs are not told whether there are more.
        if shown == limit && out.json {
            break;
        }
    }
    readable(unreadable, "user")
}

async fn show(table: &Table, out: Output, name: &str) -> Result<(), Error> {
    let limits = attempts::limits()?;
    let account = store::find_account(table, name).await?;
    let failed = attempts::get(table, name, limits).await?;
    out.card(&account, failed.as_ref())
}

async fn set_password(
    table: &Table,
    out: Output,
    name: &str,
    args: &PasswordArgs,
) -> Result<(), Error> {
    let user = store::find(table, name).await?.user;
    let words = words(name, user.email.as_deref(), user.full_name.as_deref());
    let hash = new_hash(args, &words)?.to_string();
    let changed = store::set_password(table, name, &hash).await?;
    out.user(&changed, format_args!("{name}: new password set"))
}

async fn set_scopes(table: &Table, out: Output, name: &str, scopes: &str) -> Result<(), Error> {
    let scopes = catalogue::known(table, scopes).await?;
    let changed = store::change(table, name, &[("scopes", record::scopes(&scopes))]).await?;
    let list = match sorted(&scopes).as_slice() {
        [] => "none".to_owned(),
        scopes => scopes.join(" "),
    };
    out.user(&changed, format_args!("{name}: scopes are now: {list}"))
}

/// Shows the catalogue, after it was replaced if there is a replacement.
async fn show_scopes(table: &Table, out: Output, replacement: Option<&str>) -> Result<(), Error> {
    if let Some(scopes) = replacement {
        catalogue::replace(table, &catalogue::parse(scopes)?).await?;
    }
    let scopes = catalogue::get(table).await?;
    let scopes = scopes.as_ref().map(sorted);
    let text = match &scopes {
        None => "none, any well-formed scope is accepted".to_owned(),
        Some(scopes) => scopes.join(" "),
    };
    out.print(
        &json!({ "scopes": scopes }),
        format_args!("catalogue: {text}"),
    )
}

/// Sets one of the texts about a user; an empty one removes it.
async fn set_text(
    table: &Table,
    out: Output,
    name: &str,
    attribute: &'static str,
    value: &str,
) -> Result<(), Error> {
    printable(&attribute.to_uppercase(), Some(value))?;
    let value = Some(value).filter(|value| !value.is_empty());
    let changed = store::change(table, name, &[(attribute, value.map(text))]).await?;
    let what = attribute.replace('_', " ");
    let now = value.map_or_else(|| "none".to_owned(), output::clean);
    out.user(&changed, format_args!("{name}: {what} is now: {now}"))
}

async fn rename(table: &Table, out: Output, name: &str, new: &str) -> Result<(), Error> {
    name::check(new).map_err(|error| Error::Usage(error.to_string()))?;
    if !store::rename(table, name, new).await? {
        return Err(Error::AlreadyExists {
            name: new.to_owned(),
            table: table.name.clone(),
        });
    }
    let renamed = store::find(table, new).await?;
    out.user(
        &renamed,
        format_args!("{name}: is {new} now, and logged out everywhere"),
    )
}

/// Ends all tokens of a user.
async fn logout(table: &Table, out: Output, name: &str) -> Result<(), Error> {
    let changed = store::change(table, name, &[new_stamp()]).await?;
    out.user(&changed, format_args!("{name}: logged out everywhere"))
}

fn new_stamp() -> Attribute {
    record::stamp(Some(&Stamp::random()))
}

async fn set_disabled(table: &Table, out: Output, name: &str, disabled: bool) -> Result<(), Error> {
    let word = if disabled { "disabled" } else { "enabled" };
    let user = store::find(table, name).await?;
    if user.user.disabled == disabled {
        return out.user(&user, format_args!("{name}: was {word} already"));
    }
    // Tokens from before must not come back with the user, nor those that FastAPI's dialect gives to a
    // disabled one.
    let new = [
        ("disabled", Some(AttributeValue::Bool(disabled))),
        new_stamp(),
    ];
    let changed = store::change(table, name, &new).await?;
    out.user(&changed, format_args!("{name}: {word}"))
}

async fn remove(table: &Table, out: Output, name: &str, yes: bool) -> Result<(), Error> {
    if !yes {
        // This fails for a record that cannot be read; --yes skips it, so that such a record can be
        // removed.
        store::find(table, name).await?;
        confirm(&format!("Remove {name:?} from {} for good?", table.name))?;
    }
    store::remove(table, name).await?;
    out.print(&json!({ "removed": name }), format_args!("{name}: removed"))
}

/// Words that this user's password must not be made of.
fn words<'a>(name: &'a str, email: Option<&'a str>, full_name: Option<&'a str>) -> Vec<&'a str> {
    let mut words = vec![name];
    words.extend(email);
    words.extend(email.and_then(|email| email.split('@').next()));
    words.extend(full_name);
    words.extend(full_name.unwrap_or_default().split_whitespace());
    words
}
