//! Dollars and billed time, computed from what was measured: nothing here was ever billed.

use crate::results::Results;

/// The sizes of memory to compare, in MB: each twice the one before.
pub const MEMORIES: [u32; 5] = [128, 256, 512, 1024, 2048];
/// The time that DynamoDB takes to answer within its region. Assumed: published figures are 3 to 5.
pub const WAIT_MS: f64 = 4.0;
/// The cold starts in 100 requests. A guess: yours depend on your traffic.
pub const COLD_PERCENT: f64 = 1.0;
/// The price of a doubling of the memory that is still paid: the rule of `TokenMemorySize`.
pub const WORTH_PERCENT: f64 = 5.0;

/// The size of memory with which Lambda gives a whole CPU.
const WHOLE_CPU_MB: f64 = 1769.0;
/// Dollars for a million in us-east-1: requests to HTTP API and Lambda, DynamoDB's units on demand.
const API: f64 = 1.0;
const LAMBDA: f64 = 0.2;
const READS: f64 = 0.125;
const WRITES: f64 = 0.625;
/// Dollars for a million GB-milliseconds on `x86_64`, where this was measured.
const COMPUTE: f64 = 0.016_666_7;

/// The resources that one request uses.
#[derive(Debug, Clone, Copy, Default)]
pub struct Work {
    /// Milliseconds of a whole CPU.
    pub cpu_ms: f64,
    /// INIT of a cold start. Lambda gives it a whole CPU, whatever the memory.
    pub init_ms: f64,
    /// Requests to DynamoDB, one after another, and what they are billed.
    pub requests: f64,
    pub reads: f64,
    pub writes: f64,
}

impl Work {
    /// Reads a candidate's medians; `None` if it was not measured.
    pub fn of(results: &Results, candidate: &str) -> Option<Self> {
        let median = |figure| results.median(figure, candidate);
        Some(Self {
            cpu_ms: median("cpu")? / 1e3,
            init_ms: median("init")?,
            requests: median("requests").unwrap_or_default(),
            reads: median("reads").unwrap_or_default(),
            writes: median("writes").unwrap_or_default(),
        })
    }

    /// The milliseconds that Lambda bills with `memory` MB, which decide the share of a CPU.
    pub fn billed_ms(&self, memory: u32) -> f64 {
        let share = (f64::from(memory) / WHOLE_CPU_MB).min(1.0);
        (self.cpu_ms / share + self.requests * WAIT_MS).ceil()
    }

    /// Dollars of DynamoDB for a million.
    pub fn store_dollars(&self) -> f64 {
        self.reads * READS + self.writes * WRITES
    }

    /// Dollars for a million with `memory` MB: gateway, Lambda and DynamoDB.
    pub fn dollars(&self, memory: u32) -> f64 {
        let ms = self.billed_ms(memory) + COLD_PERCENT / 100.0 * self.init_ms.ceil();
        API + LAMBDA + ms * f64::from(memory) / 1024.0 * COMPUTE + self.store_dollars()
    }

    /// The memory after the last doubling that costs less than [`WORTH_PERCENT`] more.
    pub fn memory_by_the_rule(&self) -> u32 {
        let most = 1.0 + WORTH_PERCENT / 100.0;
        let worth = |pair: &&[u32]| self.dollars(pair[1]) < self.dollars(pair[0]) * most;
        let doublings = MEMORIES.windows(2).take_while(worth);
        doublings.last().map_or(MEMORIES[0], |pair| pair[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(cpu_ms: f64, requests: f64) -> Work {
        let mut work = Work::default();
        (work.cpu_ms, work.requests) = (cpu_ms, requests);
        work
    }

    #[test]
    fn a_million_requests_cost_what_aws_would_bill() {
        let mut work = work(10.0, 0.0);
        (work.init_ms, work.reads, work.writes) = (1.5, 0.5, 2.0);
        // 18 ms at 1024 MB are 0.30; one request in 100 also pays for 2 ms of INIT. DynamoDB: 1.3125.
        assert_eq!(format!("{:.6}", work.dollars(1024)), "2.812834");
    }

    #[test]
    fn waiting_is_billed_and_no_memory_shortens_it() {
        let billed = |cpu, waits, memory| work(cpu, waits).billed_ms(memory).to_string();
        assert_eq!([billed(0.01, 0.0, 128), billed(0.0, 2.0, 128)], ["1", "8"]);
        let [whole, more] = [1769, 2048].map(|memory| billed(20.0, 2.0, memory));
        assert_eq!([whole, more, billed(10.0, 0.0, 1024)], ["28", "28", "18"]);
    }

    #[test]
    fn memory_grows_as_long_as_a_doubling_is_worth_it() {
        let rule = |cpu, waits| work(cpu, waits).memory_by_the_rule();
        // More memory than a whole CPU's costs twice as much and saves nothing.
        assert_eq!(rule(20.0, 2.0), 1024);
        // Waiting alone is not shortened by anything.
        assert_eq!([rule(0.0, 5.0), rule(0.0, 60.0)], [256, 128]);
    }
}
