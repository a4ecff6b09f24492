//! The machine that a run was measured on.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

/// The machine, which a report names since figures of two machines cannot be compared.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The processor's model.
    pub cpu: String,
    /// How many cores the benchmark may use.
    pub cores: usize,
    /// Linux's version.
    pub kernel: String,
    /// The C library.
    pub libc: String,
    /// The compiler.
    pub rustc: String,
    /// The load averages at the end of the run, which itself adds about 1.
    pub load: String,
    /// The day, in UTC.
    pub date: String,
}

impl Machine {
    /// Reads what this machine says of itself; what it does not say is a dash.
    #[must_use]
    pub fn read() -> Self {
        Self {
            cpu: cpu(&read("/proc/cpuinfo")).unwrap_or_else(|| "-".into()),
            cores: thread::available_parallelism().map_or(0, usize::from),
            kernel: read("/proc/sys/kernel/osrelease"),
            libc: run("getconf", "GNU_LIBC_VERSION"),
            rustc: run("rustc", "--version"),
            load: read("/proc/loadavg")
                .split(' ')
                .take(3)
                .collect::<Vec<_>>()
                .join(" "),
            date: run("date", "-u +%Y-%m-%d"),
        }
    }
}

fn read(file: &str) -> String {
    fs::read_to_string(file).map_or_else(|_| "-".into(), |text| text.trim().to_owned())
}

/// The commit whose checkout this folder is in; a dash if it is in none.
#[must_use]
pub fn commit(folder: &Path) -> String {
    let mut git = Command::new("git");
    said(
        git.arg("-C")
            .arg(folder)
            .args(["rev-parse", "--short", "HEAD"]),
    )
}

fn run(program: &str, arguments: &str) -> String {
    said(Command::new(program).args(arguments.split(' ')))
}

fn said(command: &mut Command) -> String {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success());
    output.map_or_else(
        || "-".into(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

fn cpu(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_processors_name() {
        let cpuinfo = "processor\t: 0\nmodel name\t: A Processor @ 3 GHz\ncores\t: 2\n";
        assert_eq!(cpu(cpuinfo).as_deref(), Some("A Processor @ 3 GHz"));
        assert_eq!(cpu("processor\t: 0\n"), None);
    }
}
