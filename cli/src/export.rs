//! All users as JSON lines.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, IsTerminal, Write, stdout};

use serde_json::json;
use shared::aws::record::{CREDENTIALS_ATTRIBUTES, USER_ATTRIBUTES};
use shared::aws::table::{Item, Table, USER, credentials_key, username};

use crate::error::Error;
use crate::file::Target;
use crate::output::{self, Output, count, note, readable};
use crate::progress::Progress;
use crate::scan::Pages;
use crate::{line, store};

/// What was written, and what could not be.
#[derive(Default)]
struct Export {
    users: usize,
    unreadable: usize,
    /// The names of attributes that are left out, since this version does not know them.
    unknown: BTreeSet<String>,
}

/// Exports to a file, or to standard output if it is `-`.
pub async fn export(table: &Table, out: Output, file: &str) -> Result<(), Error> {
    let mut export = Export::default();
    if file == "-" {
        export.write(table, out, file, stdout()).await?;
        let users = count(export.users, "user");
        note_unless(out.json, &format!("{users} exported"));
    } else {
        let target = Target::open(file)?;
        export.write(table, out, file, &target.file).await?;
        target.finish().map_err(Error::io(file))?;
        let users = export.users;
        out.print(
            &json!({ "exported": users, "file": file }),
            format_args!("{} exported to {file}", count(users, "user")),
        )?;
    }
    if !export.unknown.is_empty() {
        let names: Vec<_> = export.unknown.iter().map(String::as_str).collect();
        note_unless(
            out.json,
            &format!(
                "left out, for this version does not know them: {}",
                names.join(", ")
            ),
        );
    }
    readable(export.unreadable, "user")
}

impl Export {
    async fn write(
        &mut self,
        table: &Table,
        out: Output,
        file: &str,
        writer: impl Write,
    ) -> Result<(), Error> {
        let mut writer = BufWriter::new(writer);
        // When the lines themselves go to the terminal, they show the progress.
        let shown = file == "-" && stdout().is_terminal();
        let mut progress = Progress::new(None, out.json || shown);
        let mut pages = Pages::of(table, USER);
        while let Some(items) = pages.next().await? {
            for users in items.chunks(store::BATCH) {
                self.users(table, out, users, &mut writer).await?;
                progress.at(0, || count(self.users, "user"));
            }
        }
        progress.end();
        writer.flush().map_err(Error::io(file))
    }

    /// Writes some users, whose credentials lie in items of their own.
    async fn users(
        &mut self,
        table: &Table,
        out: Output,
        users: &[Item],
        mut writer: impl Write,
    ) -> Result<(), Error> {
        let names = || users.iter().filter_map(username);
        let credentials = store::batch(table, names().map(credentials_key), false).await?;
        for (name, item) in names().zip(users) {
            let credentials = credentials.get(&credentials_key(name));
            match store::read_account(table, name, item, credentials).await {
                Ok(None) => {}
                Ok(Some(account)) => {
                    self.users += 1;
                    self.note_unknown(item, &USER_ATTRIBUTES);
                    if let Some(item) = credentials {
                        self.note_unknown(item, &CREDENTIALS_ATTRIBUTES);
                    }
                    let line = line::write(&account).map_err(io::Error::from);
                    let written = line.and_then(|line| writeln!(writer, "{line}"));
                    written.map_err(Error::io("-"))?;
                }
                Err(error @ Error::Unreadable(_)) => {
                    self.unreadable += 1;
                    output::failure_note(&error, out.json);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Notes the names of attributes that this version does not know.
    fn note_unknown(&mut self, item: &Item, known: &[&str]) {
        let names = item.keys();
        let unknown = names.filter(|name| !known.contains(&name.as_str()));
        self.unknown.extend(unknown.cloned());
    }
}

fn note_unless(json: bool, text: &str) {
    if !json {
        note(text);
    }
}
