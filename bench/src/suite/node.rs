//! The peers in Node.js (bench/peers), bundled as one deploys them on Lambda.

use std::path::Path;
use std::process::Command;

use super::peer::size;
use super::{
    BETTER_AUTH_LOGIN, BETTER_AUTH_SESSION, NODE_HELLO, OPENAUTH_LOGIN, OPENAUTH_REFRESH,
    OPENAUTH_VERIFY, Suite, candidate,
};
use crate::candidate::{Candidate, Effort};
use crate::error::{Context, Error};

/// Many invocations, since V8 compiles what has run often.
const READS: Effort = Effort {
    starts: 1,
    invocations: 1_000,
};
const LOGINS: Effort = Effort {
    starts: 1,
    invocations: 12,
};

/// Its name, its bundle, its event among those that seed.mjs makes, and how often it is measured.
type Peer = (&'static str, &'static str, &'static str, Effort);

const PEERS: [Peer; 6] = [
    (NODE_HELLO, "hello", "hello", READS),
    (OPENAUTH_VERIFY, "openauth-verify", "openauth-verify", READS),
    (OPENAUTH_REFRESH, "openauth", "openauth-refresh", READS),
    (
        BETTER_AUTH_SESSION,
        "better-auth",
        "better-auth-session",
        READS,
    ),
    (OPENAUTH_LOGIN, "openauth", "openauth", LOGINS),
    (BETTER_AUTH_LOGIN, "better-auth", "better-auth", LOGINS),
];

impl Suite {
    pub(super) fn node(&mut self, node: &Path) -> Result<(), Error> {
        let node = std::path::absolute(node).context("Node.js")?;
        seed(&node, self.folder.path())?;
        for peer in PEERS {
            self.candidates
                .push(bundled(&node, self.folder.path(), peer)?);
        }
        Ok(())
    }
}

/// Makes the users, sessions and keys that the peers start with, and their events.
fn seed(node: &Path, folder: &Path) -> Result<(), Error> {
    let script = "bench/peers/seed.mjs";
    let made = Command::new(node)
        .args([Path::new(script), Path::new("events"), folder])
        .output()
        .context(node.display().to_string())?;
    if made.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&made.stderr);
    Err(Error::Missing(format!("{script}: {}", why.trim())))
}

fn bundled(
    node: &Path,
    folder: &Path,
    (name, program, event, effort): Peer,
) -> Result<Candidate, Error> {
    let bundle = Path::new("bench/peers/dist").join(program);
    let bundle = std::path::absolute(bundle).context("bench/peers/dist")?;
    let main = bundle.join(format!("{program}.mjs"));
    let state = folder.join(format!("{program}.state"));
    let event = folder.join(format!("{event}.json"));
    Ok(Candidate {
        bytes: size(&bundle)
            .context(format!("{} (make bench-tools bundles it)", main.display()))?,
        arguments: vec![main.display().to_string()],
        environment: vec![("STATE".to_owned(), state.display().to_string())],
        ..candidate(name, node.to_owned(), &event.to_string_lossy(), effort)?
    })
}
