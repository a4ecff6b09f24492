//! A file that gets its name only when it is complete, so that half of one never looks whole.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// A file that is being written.
pub struct Target {
    /// To be written to.
    pub file: File,
    part: PathBuf,
    path: PathBuf,
}

impl Target {
    /// Opens it under another name, for its owner alone.
    pub fn open(path: &str) -> Result<Self, Error> {
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
        // A command that was killed may have left it.
        let _ = fs::remove_file(&part);
        let file = open_new(&part)?;
        Ok(Self { file, part, path })
    }

    /// Gives it its name, in the place of what was there.
    pub fn finish(self) -> io::Result<()> {
        if self.part == self.path {
            return Ok(());
        }
        self.file.sync_all()?;
        fs::rename(&self.part, &self.path)
    }
}

/// Removes the part of a file that was not finished, since it holds secrets; that of a finished
/// one has been renamed.
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
            "{shown}: something else is in the way; nothing was written\n  remove it, or choose a folder where nobody else can write"
        )),
        _ => Error::io(&shown)(error),
    })
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
