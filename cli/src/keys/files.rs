//! Rings in two files, side by side.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use shared::domain::keys::Ring;

use super::json;
use crate::error::Error;
use crate::file::Target;

/// The file of the private ring; the public one is beside it.
#[derive(Debug)]
pub struct Files {
    private: PathBuf,
}

impl Files {
    /// The private ring is in this file.
    #[must_use]
    pub fn new(private: &str) -> Self {
        Self {
            private: private.into(),
        }
    }

    /// The private ring's file, for people.
    #[must_use]
    pub fn shown(&self) -> String {
        self.private.display().to_string()
    }

    /// Lets two commands change the keys one after the other, until what is returned is dropped. The
    /// folder is locked, since it stays what it is when a file in it is replaced. Where folders
    /// cannot be locked, people have to take care themselves.
    pub fn lock(&self) -> Result<Option<File>, Error> {
        let folder = self.private.parent().unwrap_or(Path::new(""));
        let folder = Path::new(".").join(folder);
        fs::create_dir_all(&folder).map_err(Error::io(&folder.display().to_string()))?;
        let open = File::open(&folder).ok();
        Ok(open.filter(|folder| folder.lock().is_ok()))
    }

    /// The private ring's text.
    pub fn private(&self) -> Result<Option<String>, Error> {
        read(&self.private)
    }

    /// The public ring's text.
    pub fn public(&self) -> Result<Option<String>, Error> {
        read(&self.beside())
    }

    /// Writes both, the public one first: a key that signs must be known.
    pub fn write(&self, ring: &Ring) -> Result<(), Error> {
        write(&self.beside(), &json(&ring.public())?)?;
        write(&self.private, &json(ring)?)
    }

    /// `keys.public.json` beside `keys.json`.
    fn beside(&self) -> PathBuf {
        let mut name = self.private.file_stem().unwrap_or_default().to_owned();
        name.push(".public");
        if let Some(extension) = self.private.extension() {
            name.push(".");
            name.push(extension);
        }
        self.private.with_file_name(name)
    }
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(&path.display().to_string())(error)),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let shown = path.display().to_string();
    let mut target = Target::open(&shown)?;
    let written = writeln!(target.file, "{text}");
    written.map_err(Error::io(&shown))?;
    target.finish().map_err(Error::io(&shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_ring_is_beside_the_private_one() {
        for (private, public) in [
            ("keys.json", "keys.public.json"),
            ("a.b/keys.json", "a.b/keys.public.json"),
            ("/a.b/keys", "/a.b/keys.public"),
            ("keys.old.json", "keys.old.public.json"),
        ] {
            assert_eq!(Files::new(private).beside(), Path::new(public), "{private}");
        }
    }
}
