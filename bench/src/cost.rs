//! Dollars, computed from what was measured: nothing here was ever billed.

use crate::results::{Figure, Results};

/// The sizes of memory to compare, in MB.
pub const MEMORIES: [u32; 5] = [128, 256, 512, 1024, 1769];
/// A login must not take longer than this.
pub const LONGEST_MS: f64 = 250.0;
/// So much of that is left free, since another machine's CPU may be slower than the one that measured.
pub const MARGIN_PERCENT: f64 = 20.0;
/// How long DynamoDB takes to answer within its region. Assumed, not measured: published figures of
/// functions like these are between 3 and 5.
pub const WAIT_MS: f64 = 4.0;
/// How many requests in 100 are cold starts. A guess: yours depends on your traffic.
pub const COLD_PERCENT: f64 = 1.0;

/// The size of memory with which Lambda gives a whole CPU.
const WHOLE_CPU_MB: f64 = 1769.0;
/// Dollars for a million in us-east-1: HTTP API requests, Lambda requests, DynamoDB's units on
/// demand.
const API: f64 = 1.0;
const REQUESTS: f64 = 0.2;
const READ_UNITS: f64 = 0.125;
const WRITE_UNITS: f64 = 0.625;
/// Dollars for a GB-second on `x86_64`, where this was measured.
const GB_SECOND: f64 = 0.000_016_666_7;

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Work {
    /// Milliseconds of a whole CPU.
    pub cpu_ms: f64,
    /// INIT of a cold start. Lambda gives it a whole CPU, whatever the memory.
    pub init_ms: f64,
    /// The most memory that it ever uses.
    pub mib: f64,
    /// Requests to DynamoDB, one after another.
    pub waits: f64,
    /// Read units that DynamoDB bills.
    pub read_units: f64,
    /// Write units that DynamoDB bills.
    pub write_units: f64,
}

/// What a request costs with so much memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// The function's memory in MB.
    pub memory: u32,
    /// How long it takes with this memory's share of a CPU, waiting included.
    pub ms: f64,
    /// The same, rounded up to whole milliseconds as AWS bills it.
    pub billed_ms: f64,
    /// Dollars for Lambda's compute, for a million requests.
    pub compute: f64,
    /// Dollars for everything, for a million requests.
    pub dollars: f64,
}

impl Cost {
    /// The same dollars without the HTTP API's, as of a function that another API asks.
    #[must_use]
    pub fn without_gateway(&self) -> f64 {
        self.dollars - API
    }
}

/// Dollars for DynamoDB, for a million requests that need so many units each.
#[must_use]
pub fn store_dollars(read_units: f64, write_units: f64) -> f64 {
    read_units * READ_UNITS + write_units * WRITE_UNITS
}

impl Work {
    /// What a candidate needs; `None` if it was not measured.
    #[must_use]
    pub fn of(results: &Results, name: &str) -> Option<Self> {
        let median = |figure| results.median(name, figure);
        Some(Self {
            cpu_ms: median(Figure::CpuUs)? / 1e3,
            init_ms: median(Figure::InitMs)?,
            mib: median(Figure::PeakMib)?,
            waits: median(Figure::StoreRequests).unwrap_or_default(),
            read_units: median(Figure::ReadUnits).unwrap_or_default(),
            write_units: median(Figure::WriteUnits).unwrap_or_default(),
        })
    }

    /// The cost with so much memory; `None` if that is too little to run in.
    #[must_use]
    pub fn cost(&self, memory: u32) -> Option<Cost> {
        let mb = f64::from(memory);
        if self.mib > mb {
            return None;
        }
        let ms = self.cpu_ms / (mb / WHOLE_CPU_MB).min(1.0) + self.waits * WAIT_MS;
        let billed_ms = ms.ceil().max(1.0);
        let with_init = billed_ms + COLD_PERCENT / 100.0 * self.init_ms.ceil();
        let compute = with_init / 1e3 * mb / 1024.0 * GB_SECOND * 1e6;
        let store = store_dollars(self.read_units, self.write_units);
        Some(Cost {
            memory,
            ms,
            billed_ms,
            compute,
            dollars: API + REQUESTS + compute + store,
        })
    }

    /// The cheapest size that is quick enough; of those that cost the same to the cent, the
    /// smallest. CPU time costs the same at every size: it is INIT, waiting and rounding up that
    /// cost more with more memory.
    #[must_use]
    pub fn best(&self) -> Option<Cost> {
        let costs = MEMORIES.into_iter().filter_map(|memory| self.cost(memory));
        let cents = |cost: &Cost| (cost.dollars * 100.0).round();
        costs
            .filter(|cost| cost.ms <= LONGEST_MS * (1.0 - MARGIN_PERCENT / 100.0))
            .min_by(|one, other| cents(one).total_cmp(&cents(other)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn billed(cpu_ms: f64, memory: u32) -> String {
        work(cpu_ms).cost(memory).unwrap().billed_ms.to_string()
    }

    fn work(cpu_ms: f64) -> Work {
        Work {
            cpu_ms,
            init_ms: 2.0,
            mib: 100.0,
            ..Work::default()
        }
    }

    #[test]
    fn a_million_requests_cost_what_aws_would_bill() {
        // 10 ms of a whole CPU take 18 ms at 1024 MB; one request in 100 also pays for 2 ms of
        // INIT.
        let cost = Work {
            read_units: 0.5,
            write_units: 2.0,
            ..work(10.0)
        }
        .cost(1024)
        .unwrap();
        assert_eq!(billed(10.0, 1024), "18");
        let compute = (18.0 + 0.02) * 1e-3 * 0.000_016_666_7 * 1e6;
        assert!((cost.compute - compute).abs() < 1e-9, "{cost:?}");
        assert!(
            (cost.dollars - (1.2 + compute + 0.0625 + 1.25)).abs() < 1e-9,
            "{cost:?}"
        );
        let asked = 0.2 + compute + 0.0625 + 1.25;
        assert!((cost.without_gateway() - asked).abs() < 1e-9, "{cost:?}");
    }

    #[test]
    fn at_least_1_ms_is_billed_and_a_second_cpu_saves_none() {
        assert_eq!(billed(0.01, 128), "1");
        assert_eq!(billed(20.0, 1769), "20");
        assert_eq!(billed(20.0, 3000), "20");
    }

    #[test]
    fn too_little_memory_to_run_in_has_no_cost() {
        assert_eq!(
            Work {
                mib: 129.0,
                ..work(1.0)
            }
            .cost(128),
            None
        );
    }

    #[test]
    fn waiting_is_billed_and_no_memory_shortens_it() {
        let waiting = Work {
            waits: 2.0,
            ..work(0.1)
        };
        assert_eq!(waiting.cost(128).unwrap().billed_ms.to_string(), "10");
        assert_eq!(waiting.cost(1769).unwrap().billed_ms.to_string(), "9");
        assert_eq!(waiting.best().unwrap().memory, 128);
    }

    #[test]
    fn the_best_is_the_cheapest_that_is_quick_enough() {
        assert_eq!(work(0.05).best().unwrap().memory, 128);
        assert_eq!(work(19.0).best().unwrap().memory, 256);
        assert_eq!(work(1000.0).best(), None);
    }
}
