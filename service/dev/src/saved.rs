//! Which files the service is made of, and whether one was saved.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often `make dev` looks for a save.
pub const PAUSE: Duration = Duration::from_millis(100);

const FOLDERS: [&str; 3] = ["functions", "service", "shared"];
const FILES: [&str; 6] = [
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "events/clients.json",
    "events/dev.env",
    "template.yaml",
];

/// Which files the service is made of.
#[derive(Debug, Clone, Default)]
pub struct Files {
    root: PathBuf,
    named: Vec<String>,
}

/// The state of the files: equal to another one if nothing was saved, added or removed in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved(String);

impl Saved {
    /// A state that another process told.
    #[must_use]
    pub fn told(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The state, to tell another process.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Files {
    /// Those of the repository, which is the current folder, and those that variables name.
    #[must_use]
    pub fn and(named: impl IntoIterator<Item = String>) -> Self {
        Self {
            root: PathBuf::new(),
            named: named.into_iter().collect(),
        }
    }

    /// The files as they are now.
    #[must_use]
    pub fn now(&self) -> Saved {
        let mut files: Vec<PathBuf> = FILES.iter().map(|file| self.root.join(file)).collect();
        files.extend(self.named.iter().map(PathBuf::from));
        for folder in FOLDERS {
            collect(&self.root.join(folder), &mut files);
        }
        files.sort();
        files.dedup();
        let mut hasher = DefaultHasher::new();
        for file in files {
            // A file that is being replaced is not there for a moment.
            if let Ok(found) = fs::metadata(&file) {
                (file, found.len(), found.modified().ok()).hash(&mut hasher);
            }
        }
        Saved(format!("{:016x}", hasher.finish()))
    }
}

/// The files of a folder and below it, without those that editors make for themselves.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if name.starts_with('.') || name.ends_with('~') || (is_folder && name == "target") {
            continue;
        }
        if is_folder {
            collect(&entry.path(), files);
        } else if name.contains('.') {
            files.push(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_makes_another_state_and_an_editors_own_file_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let users = root.join("users.json").to_string_lossy().into_owned();
        let files = Files {
            root: root.to_owned(),
            named: vec![users],
        };
        let now = || files.now();
        let write = |file: &str, text: &str| {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("functions/token/src/lib.rs", "a");
        let mut before = now();
        assert_eq!(before, now());
        for file in [
            "functions/token/src/lib.rs",
            "functions/token/src/new.rs",
            "shared/src/x/y.pem",
            "template.yaml",
            "users.json",
        ] {
            write(file, "longer");
            assert_ne!(now(), before, "{file}");
            before = now();
        }
        for file in [
            "README.md",
            "functions/token/src/.lib.rs.swp",
            "functions/token/src/lib.rs~",
            "functions/token/src/4913",
            "service/target/debug/x.rs",
        ] {
            write(file, "a");
            assert_eq!(now(), before, "{file}");
        }
        fs::remove_file(root.join("users.json")).unwrap();
        assert_ne!(now(), before);
    }
}
