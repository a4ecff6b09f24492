//! A share of a CPU, as Lambda gives it with little memory: a cgroup's quota, version 1 or 2.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The period in which a share may be used up: Lambda's own, as measured inside a function.
const PERIOD_US: u32 = 20_000;

/// The folder where groups are made, of cgroup version 1 or 2.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Hierarchy {
    V1(PathBuf),
    V2(PathBuf),
}

/// A group of processes with a share of one CPU; dropping it removes it.
pub struct Quota {
    folder: PathBuf,
}

/// Makes quotas of one size.
#[derive(Debug, Clone)]
pub struct Quotas {
    hierarchy: Hierarchy,
    quota_us: u32,
}

impl Quotas {
    /// Tries whether this machine allows us to set quotas; the error says why not.
    pub fn new(percent: f64) -> Result<Self, String> {
        let mounts = fs::read_to_string("/proc/mounts").map_err(|error| error.to_string())?;
        let mut problems = Vec::new();
        for hierarchy in hierarchies(&mounts) {
            let quotas = Self {
                hierarchy,
                quota_us: quota_us(percent),
            };
            match quotas.make() {
                Ok(_) => return Ok(quotas),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            problems.push("no cgroup hierarchy is mounted".into());
        }
        Err(problems.join("; "))
    }

    /// Makes a new group, none of whose share has been used yet.
    pub fn make(&self) -> Result<Quota, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("bench-{}-{number}", std::process::id());
        let (Hierarchy::V1(root) | Hierarchy::V2(root)) = &self.hierarchy;
        if let Hierarchy::V2(root) = &self.hierarchy {
            write(&root.join("cgroup.subtree_control"), "+cpu")?;
        }
        let folder = root.join(name);
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let quota = Quota { folder };
        let microseconds = self.quota_us;
        match &self.hierarchy {
            Hierarchy::V1(_) => {
                quota.set("cpu.cfs_period_us", &PERIOD_US.to_string())?;
                quota.set("cpu.cfs_quota_us", &microseconds.to_string())?;
            }
            Hierarchy::V2(_) => quota.set("cpu.max", &format!("{microseconds} {PERIOD_US}"))?,
        }
        Ok(quota)
    }
}

impl Quota {
    /// Puts a process into the group, so that from now on it gets this share of a CPU and no more.
    pub fn take(&self, process: u32) -> Result<(), String> {
        self.set("cgroup.procs", &process.to_string())
    }

    fn set(&self, file: &str, value: &str) -> Result<(), String> {
        write(&self.folder.join(file), value)
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // Its processes have ended. If the folder cannot be removed, it does no harm.
        let _removed = fs::remove_dir(&self.folder);
    }
}

fn write(file: &Path, value: &str) -> Result<(), String> {
    fs::write(file, value).map_err(|error| format!("{}: {error}", file.display()))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped"
)]
fn quota_us(percent: f64) -> u32 {
    // The kernel takes no quota under 1 ms.
    (f64::from(PERIOD_US) * percent / 100.0)
        .round()
        .clamp(1000.0, 1e9) as u32
}

/// Reads from /proc/mounts where a cgroup of either version may have the controller `cpu`.
fn hierarchies(mounts: &str) -> Vec<Hierarchy> {
    mounts.lines().filter_map(hierarchy).collect()
}

fn hierarchy(mount: &str) -> Option<Hierarchy> {
    let mut fields = mount.split(' ').skip(1);
    let (path, kind, options) = (fields.next()?, fields.next()?, fields.next()?);
    match kind {
        "cgroup" if options.split(',').any(|option| option == "cpu") => {
            Some(Hierarchy::V1(path.into()))
        }
        "cgroup2" => Some(Hierarchy::V2(path.into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_cpu_controller_of_both_versions() {
        let mounts = "\
cgroup /sys/fs/cgroup/cpuacct cgroup rw,nosuid,cpuacct 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid 0 0
/dev/vda / ext4 rw 0 0
broken";
        let expected = [
            Hierarchy::V1("/sys/fs/cgroup/cpu,cpuacct".into()),
            Hierarchy::V2("/sys/fs/cgroup/unified".into()),
        ];
        assert_eq!(hierarchies(mounts), expected);
        assert_eq!(hierarchies(""), []);
    }

    #[test]
    fn a_quota_is_a_share_of_the_period_and_at_least_1_ms() {
        assert_eq!(quota_us(7.2), 1440);
        assert_eq!(quota_us(100.0), 20_000);
        assert_eq!(quota_us(0.1), 1000);
    }
}
