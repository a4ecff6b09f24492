//! `users upgrade-table`: earlier versions kept the hash of a user's password with the user.

use serde_json::json;
use shared::aws::table::{Item, Table, USER, credentials_key, number_of, text, user_key, username};
use shared::domain::accounts::Stamp;
use tokio::task::JoinSet;

use crate::error::Error;
use crate::import::patiently;
use crate::items::Expressions;
use crate::output::{Output, count};
use crate::progress::Progress;
use crate::scan::Pages;
use crate::transaction::Transaction;

/// How many users are moved at a time.
const AT_ONCE: usize = 64;

/// Moves each hash into an item of its own.
pub async fn upgrade(table: &Table, out: Output) -> Result<(), Error> {
    let (mut moved, mut busy) = (0, 0);
    let mut progress = Progress::new(None, out.json);
    let mut pages = Pages::of(table, USER);
    while let Some(items) = pages.next().await? {
        for users in items.chunks(AT_ONCE) {
            let mut writes = JoinSet::new();
            for user in users {
                let (table, user) = (table.clone(), user.clone());
                writes.spawn(async move { patiently(|| move_hash(&table, &user)).await });
            }
            for done in writes.join_all().await {
                match done? {
                    None => {}
                    Some(true) => moved += 1,
                    Some(false) => busy += 1,
                }
            }
            progress.at(0, || count(moved, "user"));
        }
    }
    progress.end();
    let users = count(moved, "user");
    out.print(&json!({ "moved": moved }), format_args!("{users} moved"))?;
    match busy {
        0 => Ok(()),
        _ => Err(Error::Failed(format!(
            "{} changed meanwhile; run it again",
            count(busy, "user")
        ))),
    }
}

/// `None` if the item has no hash any more, and `false` if somebody has changed it meanwhile.
async fn move_hash(table: &Table, user: &Item) -> Result<Option<bool>, Error> {
    let hash = user.get("password_hash");
    let (Some(hash), Some(name)) = (hash, username(user)) else {
        return Ok(None);
    };
    let id = ("credentials_id", Some(text(Stamp::random().as_str())));
    let changes = [("password_hash", None), id.clone()];
    let written = Expressions::of_version(&changes, number_of(user, "version"));
    let credentials = Expressions::of(&[("password_hash", Some(hash.clone())), id]);
    let transaction = Transaction::on(table)
        .update(&user_key(name), written)
        .update(&credentials_key(name), credentials);
    transaction.write().await.map(Some)
}
