//! The first peer: the same routes in FastAPI (bench/peer/app.py).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{
    ENVIRONMENT, FASTAPI, LOGIN, OWASP, PEER, Parameters, READ, Suite, USERS_ME, candidate, token,
    variables,
};
use crate::candidate::{Candidate, Effort};
use crate::error::{Context, Error};

/// Few, since one cold start of Python takes as long as a round of the others.
const EFFORT: Effort = Effort {
    starts: 1,
    invocations: 300,
};
const LOGINS: Effort = Effort {
    starts: 1,
    invocations: 6,
};
/// What every virtual environment has and nobody deploys, so its size does not count.
const NOT_DEPLOYED: [&str; 3] = ["pip", "setuptools", "__pycache__"];

impl Suite {
    pub(super) fn peer(&mut self, python: &Path) -> Result<(), Error> {
        let size = installed(python)?;
        self.candidates
            .push(self.python(python, USERS_ME, READ, EFFORT, OWASP, size)?);
        for parameters in [OWASP, FASTAPI] {
            let login = self.python(python, &token(parameters), LOGIN, LOGINS, parameters, size)?;
            self.candidates.push(login);
        }
        Ok(())
    }

    fn python(
        &self,
        python: &Path,
        name: &str,
        event: &str,
        effort: Effort,
        parameters: Parameters,
        bytes: u64,
    ) -> Result<Candidate, Error> {
        let folder = Path::new("bench/peer")
            .canonicalize()
            .context("bench/peer")?;
        let python = std::path::absolute(python).context("the peer's Python")?;
        let mut environment = variables(Path::new(ENVIRONMENT))?;
        environment.extend(self.users(parameters)?);
        environment.push(("LAMBDA_TASK_ROOT".to_owned(), folder.display().to_string()));
        Ok(Candidate {
            bytes,
            arguments: ["-m", "awslambdaric", "app.handler"]
                .map(str::to_owned)
                .to_vec(),
            environment,
            folder: Some(folder),
            ..candidate(&format!("{PEER}{name}"), python, event, effort)?
        })
    }
}

/// The bytes of the packages beside an interpreter.
fn installed(python: &Path) -> Result<u64, Error> {
    let environment = python.parent().and_then(Path::parent).unwrap_or(python);
    let libraries = environment.join("lib");
    let total = children(&libraries).and_then(|versions| {
        let packages = versions.iter().map(|version| version.join("site-packages"));
        packages
            .map(|folder| size(&folder))
            .sum::<io::Result<u64>>()
    });
    total.context(libraries.display().to_string())
}

pub(super) fn size(path: &Path) -> io::Result<u64> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if NOT_DEPLOYED.iter().any(|prefix| name.starts_with(prefix)) {
        return Ok(0);
    }
    let this = fs::symlink_metadata(path)?;
    if !this.is_dir() {
        return Ok(this.len());
    }
    children(path)?.iter().map(|child| size(child)).sum()
}

fn children(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?;
    entries.map(|entry| Ok(entry?.path())).collect()
}
