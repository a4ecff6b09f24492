//! All users as JSON lines.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use serde_json::json;
use shared::aws::record::ATTRIBUTES;
use shared::aws::table::{Item, Table};

use crate::error::Error;
use crate::output::{self, Output, count, note, readable};
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
            progress.at(0, || count(self.users, "user"));
            next = page.next;
            if next.is_none() {
                progress.end();
                return writer.flush().map_err(Error::io(file));
            }
        }
    }

    fn line(&mut self, item: &Item, out: Output, mut writer: impl Write) -> io::Result<()> {
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
        let shown = path;
        let path = PathBuf::from(path);
        // A pipe or a terminal is written directly, since no other file can replace it.
        if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
            let file = OpenOptions::new().write(true).open(&path);
            let file = file.map_err(Error::io(shown))?;
            let part = path.clone();
            return Ok(Self { file, part, path });
        }
        let mut part = path.clone();
        part.as_mut_os_string().push(".part");
        // A killed export may have left it.
        let _ = fs::remove_file(&part);
        let file = open_new(&part)?;
        Ok(Self { file, part, path })
    }

    fn finish(self) -> io::Result<()> {
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

/// Makes a file that its owner alone can read. What is there already is never opened: it may be
/// readable by others, or a link of somebody else's to a file that must not be overwritten.
fn open_new(part: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let shown = part.display().to_string();
    options.open(part).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Error::Failed(format!(
            "{shown}: something else is in the way; nothing was written\n  remove it, or export to a folder where nobody else can write"
        )),
        _ => Error::io(&shown)(error),
    })
}

fn note_unless(json: bool, text: &str) {
    if !json {
        note(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that nothing is written to what stands at the place of the part.
    fn is_refused(part: &Path) {
        let error = open_new(part).err().map(|error| error.to_string());
        assert!(
            error.is_some_and(|error| error.contains("users.part: something else is in the way")),
            "{part:?}"
        );
    }

    #[test]
    fn a_file_that_is_there_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("users.part");
        fs::write(&part, "theirs").unwrap();
        is_refused(&part);
        assert_eq!(fs::read_to_string(&part).unwrap(), "theirs");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed_wherever_it_leads() {
        let folder = tempfile::tempdir().unwrap();
        let (part, target) = (folder.path().join("users.part"), folder.path().join("x"));
        std::os::unix::fs::symlink(&target, &part).unwrap();
        is_refused(&part);
        assert!(!target.exists(), "a link to nothing makes no file");
        fs::write(&target, "theirs").unwrap();
        is_refused(&part);
        assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = open_new(&folder.path().join("users.part")).unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
