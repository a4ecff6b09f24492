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
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment, except for the variables that Lambda sets.
    pub environment: Vec<(String, String)>,
    /// The folder that it runs in.
    pub folder: Option<PathBuf>,
    /// What it gets again and again.
    pub request: Request,
    /// What is deployed, in bytes.
    pub bytes: u64,
    /// How often a round measures it.
    pub effort: Effort,
    /// The share of a CPU that it gets after INIT; `None` is no limit.
    pub share: Option<Quotas>,
    /// Does it use the benchmark's own DynamoDB, where its requests are counted?
    pub on_dynamodb: bool,
}

/// An event, and the status that its answer must have. Another status ends the run, since the
/// figures would be those of another request: a refusal is quick, and would flatter the function.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The event, in JSON.
    pub event: String,
    /// The status.
    pub status: u16,
}

impl Request {
    /// An event that must be answered with a 200.
    #[must_use]
    pub const fn ok(event: String) -> Self {
        Self { event, status: 200 }
    }
}

/// How often a round measures a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effort {
    /// How many fresh processes.
    pub starts: usize,
    /// How many invocations of the last process are measured, after some for warming up.
    pub invocations: usize,
}

impl Effort {
    /// For a request that takes microseconds.
    pub const LIGHT: Self = Self {
        starts: 5,
        invocations: 500,
    };
    /// For a login: often enough that a leak of the hash's memory would show.
    pub const LOGIN: Self = Self {
        starts: 3,
        invocations: 40,
    };
    /// For a login with a more expensive hash.
    pub const HEAVY_LOGIN: Self = Self {
        starts: 2,
        invocations: 6,
    };
    /// For the cold start alone.
    pub const COLD: Self = Self {
        starts: 5,
        invocations: 0,
    };
}
