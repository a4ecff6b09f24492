//! The ring of keys that signs with `JWT_ALGORITHM`, where no table has it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Failure;
use crate::settings::Variables;

/// Reads the ring of this algorithm under `.dev/` as the variables `SIGNING_KEYS` and `PUBLIC_KEYS`. If there is
/// none, it is made: written into a file as `users keys generate --json` prints it.
pub fn kept(
    algorithm: &str,
    make: impl FnOnce(File) -> Result<(), Failure>,
) -> Result<Variables, Failure> {
    let path = PathBuf::from(format!(".dev/ring-{algorithm}.json"));
    let shown = path.display().to_string();
    let failed = |error: &io::Error| Failure::file(&shown, error);
    if !path.exists() {
        // Under another name until it is whole.
        let unfinished = path.with_extension("unfinished");
        make(private(&unfinished).map_err(|error| failed(&error))?)?;
        fs::rename(&unfinished, &path).map_err(|error| failed(&error))?;
    }
    let text = fs::read_to_string(&path).map_err(|error| failed(&error))?;
    let ring = serde_json::from_str::<BTreeMap<String, Value>>(&text);
    let ring = ring.map_err(|error| {
        Failure(format!(
            "{shown}: {error}; remove it, and the next start makes another ring"
        ))
    })?;
    let variables = ring.into_iter();
    Ok(variables
        .map(|(name, ring)| (name, ring.to_string()))
        .collect())
}

/// An empty file that others cannot read.
fn private(path: &Path) -> io::Result<File> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)
}
