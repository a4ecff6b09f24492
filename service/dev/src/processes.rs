//! The processes that `make dev` started, and their end.
//!
//! Each leads a process group of its own: Ctrl-C reaches `make dev` alone, which then ends every group, with what
//! its leader has started (cargo's compilers).

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, exit};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long a process may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(20);

/// The groups that run. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Processes(Arc<Mutex<Vec<Pid>>>);

impl Processes {
    /// No process yet. A signal that asks `make dev` to end ends those that are started later.
    pub fn ending_with_signals() -> io::Result<Self> {
        let processes = Self::default();
        let (mut signals, theirs) = (Signals::new([SIGINT, SIGTERM, SIGHUP])?, processes.clone());
        thread::spawn(move || {
            if signals.forever().next().is_some() {
                theirs.exit(0);
            }
        });
        Ok(processes)
    }

    /// Starts a process.
    pub fn start(&self, command: &mut Command) -> io::Result<Child> {
        // Nothing is started while the others are being ended.
        let mut groups = self.groups();
        let child = command.process_group(0).spawn()?;
        groups.extend(group(&child));
        Ok(child)
    }

    /// Waits until a process has ended.
    pub fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let status = child.wait();
        let ended = group(child);
        self.groups().retain(|group| Some(*group) != ended);
        status
    }

    /// Ends every process, and then this one.
    pub fn exit(&self, code: i32) -> ! {
        // Held until the end, so that nothing is started any more.
        let groups = self.groups();
        for signal in [Signal::TERM, Signal::KILL] {
            for group in groups.iter() {
                let _it_has_ended = kill_process_group(*group, signal);
            }
            let runs = |group: &Pid| test_kill_process_group(*group).is_ok();
            let mut waited = Duration::ZERO;
            while waited < PATIENCE && groups.iter().any(runs) {
                thread::sleep(STEP);
                waited += STEP;
            }
        }
        exit(code)
    }

    fn groups(&self) -> MutexGuard<'_, Vec<Pid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn group(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}
