//! Programs in other languages that do the same (bench/peers).

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::{Suite, events, fastapi, full};
use crate::function::Event;
use crate::measure::{Candidate, Effort};
use crate::seed::ORIGINAL;

/// One start, since it takes as long as a round of ours; many events, since V8 compiles hot code late.
const READS: Effort = (1, 1_000);
const LOGINS: Effort = (1, 10);

/// The name of the candidate and of its event, the bundle, the effort.
const NODE: [(&str, &str, Effort); 6] = [
    ("node-hello", "hello", READS),
    ("openauth-verify", "openauth-verify", READS),
    ("openauth-refresh", "openauth", READS),
    ("openauth-login", "openauth", LOGINS),
    ("better-auth-read", "better-auth", READS),
    ("better-auth-login", "better-auth", LOGINS),
];

impl Suite {
    pub(super) fn peers(&mut self, python: Option<&Path>, node: Option<&Path>) -> Result<()> {
        python.map_or(Ok(()), |python| self.fastapi(full(python)?))?;
        node.map_or(Ok(()), |node| self.node(&full(node)?))
    }

    fn fastapi(&mut self, python: String) -> Result<()> {
        let mut app = fastapi(&self.function("Token")?)?;
        app = app.with(&[("PYTHONPATH", &full("bench/peers")?)]);
        app.program.command = vec![python];
        app.program
            .command
            .extend(["-m", "awslambdaric", "app.handler"].map(str::to_owned));
        let get = events::file("users-me")?;
        let post = events::login(ORIGINAL, "secret", 200)?;
        let read = app.getting("fastapi-read", (1, 300), [get]);
        self.candidates
            .extend([read, app.getting("fastapi-login", (1, 6), [post])]);
        Ok(())
    }

    fn node(&mut self, node: &str) -> Result<()> {
        let folder = self.folder.path();
        let mut seed = Command::new(node);
        seed.arg("bench/peers/seed.mjs").arg("events").arg(folder);
        let made = seed.output()?;
        let why = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "seed.mjs: {why}");
        for (name, bundle, effort) in NODE {
            let main = full(format!("bench/peers/dist/{bundle}/{bundle}.mjs"))?;
            let state = full(folder.join(format!("{bundle}.state")))?;
            let event = events::json(folder.join(format!("{name}.json")))?;
            let event = Event(event.to_string(), 200);
            let peer = Candidate::of([node.to_owned(), main]).with(&[("STATE", &state)]);
            self.candidates.push(peer.getting(name, effort, [event]));
        }
        Ok(())
    }
}
