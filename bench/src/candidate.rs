//! Something that is measured: how to start it, and what to send.

use std::path::PathBuf;

use crate::cgroup::Quotas;

/// A program that speaks to the Runtime API.
#[derive(Debug, Clone, Default)]
pub struct Candidate {
    /// What it is called in tables.
    pub name: String,
    /// What is started.
    pub program: PathBuf,
    /// With these arguments.
    pub arguments: Vec<String>,
    /// All of its environment, but for what Lambda sets.
    pub environment: Vec<(String, String)>,
    /// Where it runs.
    pub folder: Option<PathBuf>,
    /// The event that it gets again and again.
    pub event: String,
    /// What is deployed, in bytes.
    pub bytes: u64,
    /// How often.
    pub effort: Effort,
    /// After INIT, no more of a CPU than this.
    pub share: Option<Quotas>,
    /// Its DynamoDB is the benchmark's own, whose requests are counted.
    pub on_dynamodb: bool,
}

/// How often a round measures a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effort {
    /// Fresh processes.
    pub starts: usize,
    /// Invocations of the last of them that are counted, after some that are not.
    pub invocations: usize,
}

impl Effort {
    /// A request of microseconds.
    pub const LIGHT: Self = Self {
        starts: 5,
        invocations: 500,
    };
    /// A password's hash: often enough that memory which is not given back shows.
    pub const LOGIN: Self = Self {
        starts: 3,
        invocations: 40,
    };
    /// A password's hash that costs more.
    pub const HEAVY_LOGIN: Self = Self {
        starts: 2,
        invocations: 6,
    };
    /// Only the cold start.
    pub const COLD: Self = Self {
        starts: 5,
        invocations: 0,
    };
}
