//! All users as JSON lines.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use serde_json::json;
use shared::aws::record::ATTRIBUTES;
use shared::aws::table::{Item, Table};

use crate::error::Error;
use crate::output::{self, Output, note, readable};
use crate::progress::Progress;
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
        note_unless(out.json, &format!("{} users exported", export.users));
    } else {
        let target = Target::open(file)?;
        export.write(table, out, file, &target.file).await?;
        target.finish().map_err(Error::io(file))?;
        let users = export.users;
        out.print(
            &json!({ "exported": users, "file": file }),
            format_args!("{users} users exported to {file}"),
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
    readable(export.unreadable)
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
        let mut next = None;
        loop {
            let page = store::page(table, next, None).await?;
            for item in &page.items {
                self.line(item, out, &mut writer).map_err(Error::io(file))?;
            }
            progress.at(0, || format!("{} users", self.users));
            next = page.next;
            if next.is_none() {
                progress.end();
                return writer.flush().map_err(Error::io(file));
            }
        }
    }

    fn line(&mut self, item: &Item, out: Output, mut writer: impl Write) -> std::io::Result<()> {
        let record = match store::record(item) {
            Ok(record) => record,
            Err(error) => {
                self.unreadable += 1;
                output::failure_note(&error, out.json);
                return Ok(());
            }
        };
        let unknown = item
            .keys()
            .filter(|key| !ATTRIBUTES.contains(&key.as_str()));
        self.unknown.extend(unknown.cloned());
        self.users += 1;
        writeln!(writer, "{}", line::write(&record)?)
    }
}

/// A file that gets its name only when it is complete, so that half an export never looks whole.
struct Target {
    file: File,
    part: PathBuf,
    path: PathBuf,
}

impl Target {
    fn open(path: &str) -> Result<Self, Error> {
        let path = Path::new(path);
        // A pipe or a terminal is written directly, since no other file can replace it.
        let special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let mut part = path.to_owned();
        if !special {
            part.as_mut_os_string().push(".part");
            // A file that a killed export left may be readable by others: `mode` is for new files
            // only.
            let _ = fs::remove_file(&part);
        }
        let mut options = OpenOptions::new();
        // A file or a link that somebody else put there in the meantime is not written to.
        options.write(true).create(special).create_new(!special);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let shown = part.display().to_string();
        let file = options.open(&part).map_err(Error::io(&shown))?;
        let path = path.to_owned();
        Ok(Self { file, part, path })
    }

    fn finish(self) -> std::io::Result<()> {
        if self.part == self.path {
            return Ok(());
        }
        self.file.sync_all()?;
        fs::rename(&self.part, &self.path)
    }
}

/// Removes the part of a failed export, which holds hashes; that of a finished one has been
/// renamed.
impl Drop for Target {
    fn drop(&mut self) {
        if self.part != self.path {
            let _ = fs::remove_file(&self.part);
        }
    }
}

fn note_unless(json: bool, text: &str) {
    if !json {
        note(text);
    }
}
