//! Figures of single requests: what each kind of login, and of request about a session, asks of
//! DynamoDB, and how much CPU time each kind of refusal takes.

use crate::candidate::{Candidate, Request};
use crate::dynamodb::Watch;
use crate::error::Error;
use crate::results::{Figure, Round};
use crate::running::Running;
use crate::stats::from_u64;

/// Requests of one kind on DynamoDB.
pub struct Counted {
    /// The function, and what the kind is called.
    pub candidate: Candidate,
    /// These come first and are not counted: what makes the kind what it is.
    pub before: Vec<Request>,
    /// Each of these is counted by itself.
    pub counted: Vec<Request>,
}

/// Requests of several kinds to one process.
pub struct Mixed {
    /// The function.
    pub candidate: Candidate,
    /// What each kind is called, and its request.
    pub kinds: Vec<(String, Request)>,
}

/// For each request the kind's name, and what it asked of DynamoDB. A few requests are enough: the
/// same login asks the same.
pub fn count<'a>(counted: &'a Counted, watch: &Watch) -> Result<Vec<(&'a str, Round)>, Error> {
    let name = counted.candidate.name.as_str();
    let mut running = Running::start(&counted.candidate)?.0;
    for request in &counted.before {
        running.answer(request)?;
    }
    let each = |request| {
        watch.reset();
        let cpu = cpu(&mut running, request)?;
        let units = watch.units().of_each(1);
        Ok((name, units.into_iter().chain([cpu]).collect()))
    };
    counted.counted.iter().map(each).collect()
}

/// The name of a kind and the CPU time of one of its requests, for so many requests of each kind
/// after one to warm up. The kinds take turns, so that what slows the machine slows all of them
/// alike, and every second turn goes backwards, so that a kind does not always find the caches as
/// the same other one left them.
pub fn take_turns(mixed: &Mixed, turns: usize) -> Result<Vec<(&str, Round)>, Error> {
    let mut running = Running::start(&mixed.candidate)?.0;
    for (_, request) in &mixed.kinds {
        running.answer(request)?;
    }
    let mut turn: Vec<_> = mixed.kinds.iter().collect();
    let mut rounds = Vec::new();
    for _ in 0..turns {
        for (name, request) in &turn {
            rounds.push((name.as_str(), vec![cpu(&mut running, request)?]));
        }
        turn.reverse();
    }
    Ok(rounds)
}

/// The CPU time of a request.
fn cpu(running: &mut Running, request: &Request) -> Result<(Figure, f64), Error> {
    let before = running.process.cpu_ns()?;
    running.answer(request)?;
    let cpu = running.process.cpu_ns()? - before;
    Ok((Figure::CpuUs, from_u64(cpu) / 1e3))
}
