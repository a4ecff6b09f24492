//! A function's process: started fresh, watched through /proc, ended.

use std::fs;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::candidate::Candidate;
use crate::clock;
use crate::error::{Context, Error};
use crate::stats::from_u64;

/// Nanoseconds of a clock tick in /proc: always a hundredth of a second, whatever tick the kernel
/// uses.
const TICK_NS: u64 = 10_000_000;

/// A process that runs; dropping it ends it.
pub struct Process {
    child: Child,
    /// When it was started.
    pub started: Instant,
}

impl Process {
    /// Starts a candidate with its own environment and no other.
    pub fn start(candidate: &Candidate, api: SocketAddr) -> Result<Self, Error> {
        let mut command = Command::new(&candidate.program);
        command
            .args(&candidate.arguments)
            .env_clear()
            .envs([
                ("PATH", "/usr/local/bin:/usr/bin:/bin"),
                ("LANG", "en_US.UTF-8"),
                ("TZ", ":UTC"),
                ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
                ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
                ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
                ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ])
            .env("AWS_LAMBDA_RUNTIME_API", api.to_string())
            .envs(
                candidate
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Some(folder) = &candidate.folder {
            command.current_dir(folder);
        }
        let started = clock::now();
        let child = command
            .spawn()
            .context(candidate.program.display().to_string())?;
        Ok(Self { child, started })
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// CPU time so far. `schedstat` has nanoseconds, but only of threads that still run; `stat` has
    /// all threads, but in ticks of 10 ms. The larger one is taken.
    pub fn cpu_ns(&self) -> Result<u64, Error> {
        let stat = self.read("stat")?;
        let ticks = cpu_ticks(&stat).ok_or_else(|| unreadable("stat"))?;
        let tasks = format!("/proc/{}/task", self.id());
        let mut running = 0;
        for task in fs::read_dir(&tasks).context(&tasks)? {
            let path = task.context(&tasks)?.path().join("schedstat");
            // The thread may have ended since the folder was read.
            let schedstat = fs::read_to_string(path).unwrap_or_default();
            running += run_ns(&schedstat).unwrap_or_default();
        }
        Ok(running.max(ticks * TICK_NS))
    }

    /// The most memory that it ever had in RAM, in MiB.
    pub fn peak_mib(&self) -> Result<f64, Error> {
        let status = self.read("status")?;
        let kib = peak_kib(&status).ok_or_else(|| unreadable("status"))?;
        Ok(from_u64(kib) / 1024.0)
    }

    fn read(&self, file: &str) -> Result<String, Error> {
        let path = format!("/proc/{}/{file}", self.id());
        fs::read_to_string(&path).context(path)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _it_has_ended = self.child.kill();
        let _it_has_ended = self.child.wait();
    }
}

fn unreadable(file: &str) -> Error {
    Error::Missing(format!("/proc/PID/{file} is not as proc(5) says"))
}

/// The sum of utime and stime in /proc/PID/stat, fields 14 and 15. Counting starts after the last
/// `)`, since the name in field 2 may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// The time on a CPU in /proc/PID/task/TID/schedstat.
fn run_ns(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

/// The peak of memory in RAM in /proc/PID/status.
fn peak_kib(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cpu_time_and_peak_memory_from_proc() {
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194560 100 0 0 0 12 3 0 0 20 0 1 0 500";
        assert_eq!(cpu_ticks(stat), Some(15));
        assert_eq!(run_ns("123456 789 10\n"), Some(123_456));
        assert_eq!(
            peak_kib("Name:\ta\nVmHWM:\t    3604 kB\nVmRSS:\t 3000 kB\n"),
            Some(3604)
        );
    }

    #[test]
    fn what_proc_does_not_say_is_none() {
        assert_eq!(cpu_ticks("42 (a) S 1"), None);
        assert_eq!(run_ns(""), None);
        assert_eq!(peak_kib("VmRSS:\t 3000 kB\n"), None);
    }
}
