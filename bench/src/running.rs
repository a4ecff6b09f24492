//! A function that runs, and answers one event after another.

use std::time::{Duration, Instant};

use crate::candidate::{Candidate, Request};
use crate::cgroup::Quota;
use crate::error::Error;
use crate::process::Process;
use crate::runtime_api::RuntimeApi;

/// A process that waits for an event. Fields are dropped in their order, so that the process has
/// ended when its cgroup is removed.
pub struct Running {
    /// The function.
    pub process: Process,
    /// Where it fetches its events.
    pub api: RuntimeApi,
    quota: Option<Quota>,
}

impl Running {
    /// Starts a candidate and waits for the end of INIT; also returns when that was.
    pub fn start(candidate: &Candidate) -> Result<(Self, Instant), Error> {
        let mut api = RuntimeApi::start()?;
        let process = Process::start(candidate, api.address()?)?;
        let next = api.wait_for_next()?;
        let running = Self {
            process,
            api,
            quota: None,
        };
        Ok((running, next))
    }

    /// From now on it gets no more than the candidate's share of a CPU.
    pub fn limit(&mut self, candidate: &Candidate) -> Result<(), Error> {
        if let Some(quotas) = &candidate.share {
            let quota = quotas.make().map_err(Error::Missing)?;
            quota.take(self.process.id()).map_err(Error::Missing)?;
            self.quota = Some(quota);
        }
        Ok(())
    }

    /// Sends an event, and waits for its answer and until the function asks for the next event: only
    /// then has it done all its work for this one.
    pub fn answer(&mut self, request: &Request) -> Result<Duration, Error> {
        let answer = self.api.invoke(request)?;
        self.api.wait_for_next()?;
        Ok(answer.took)
    }
}
