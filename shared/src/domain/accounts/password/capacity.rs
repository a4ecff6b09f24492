//! How costly a hash may be, so that a function can compute it.

use argon2::Params;

/// What a function of some size can compute: the most memory of a hash, and the most memory times
/// passes. CPU and memory of a function grow together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    megabytes: u32,
    kib: u32,
    kib_times_passes: u64,
}

/// A hash that a function of this size cannot compute in its memory and in half of its timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{kib} KiB and {passes} passes are more than a function of {} MB can hash: at most {} KiB, and {} KiB times passes",
    capacity.megabytes, capacity.kib, capacity.kib_times_passes
)]
pub struct TooExpensive {
    kib: u32,
    passes: u32,
    capacity: Capacity,
}

impl Capacity {
    /// Of a function with this much memory. The program itself has 16 MB. At 128 MB, with a
    /// fourteenth of a CPU, 160,000 KiB times passes took a second when measured, and of the
    /// timeout's 10 seconds a hash may take 4. A hash is computed by one thread, which a second CPU
    /// does not help.
    #[must_use]
    pub const fn of_function(megabytes: u32) -> Self {
        let of_one_cpu = if megabytes < ONE_CPU {
            megabytes
        } else {
            ONE_CPU
        };
        Self {
            megabytes,
            kib: megabytes.saturating_sub(16).saturating_mul(1024),
            kib_times_passes: of_one_cpu as u64 * 5_000,
        }
    }

    /// For the new hash by the policy that a login computes after it has verified another. It may take 2.4
    /// seconds instead of 4.
    #[must_use]
    pub const fn of_policy(self) -> Self {
        Self {
            kib_times_passes: self.kib_times_passes / 5 * 3,
            ..self
        }
    }

    /// Can the function compute a hash with these parameters?
    pub fn check(self, params: &Params) -> Result<(), TooExpensive> {
        let (kib, passes) = (params.m_cost(), params.t_cost());
        if kib <= self.kib && u64::from(kib) * u64::from(passes) <= self.kib_times_passes {
            return Ok(());
        }
        Err(TooExpensive {
            kib,
            passes,
            capacity: self,
        })
    }
}

/// The memory with which a function has one CPU (AWS, "Configure Lambda function memory").
const ONE_CPU: u32 = 1_769;

/// What template.yaml gives to POST /token, unless its parameter says otherwise.
pub const DEFAULT_FUNCTION: u32 = 1_024;

impl Default for Capacity {
    fn default() -> Self {
        Self::of_function(DEFAULT_FUNCTION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_computes_no_hash_beyond_its_memory_and_its_time() {
        let costs = |m, t| Params::new(m, t, 1, None).unwrap();
        for (megabytes, m, t, affordable) in [
            (128, 65_536, 3, true),
            (128, 114_688, 5, true),
            (128, 114_689, 1, false),
            (128, 114_688, 6, false),
            (128, 19_456, 33, false),
            (128, 262_144, 12, false),
            (512, 262_144, 9, true),
            (512, 262_144, 10, false),
            (1_024, 1_032_192, 4, true),
            (1_769, 1_474_166, 6, true),
            (10_240, 1_474_167, 6, false),
            (0, 64, 1, false),
        ] {
            let capacity = Capacity::of_function(megabytes);
            let check = capacity.check(&costs(m, t));
            assert_eq!(check.is_ok(), affordable, "{megabytes} MB: {m} {t}");
        }
        let problem = Capacity::of_function(128).check(&costs(262_144, 12));
        let problem = problem.unwrap_err();
        assert_eq!(
            problem.to_string(),
            "262144 KiB and 12 passes are more than a function of 128 MB can hash: at most 114688 KiB, and 640000 KiB times passes"
        );
    }
}
