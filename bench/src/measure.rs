//! One round of one candidate: cold starts in fresh processes, then a warm one.

use std::time::Duration;

use crate::candidate::Candidate;
use crate::cgroup::Quota;
use crate::clock::ms_between;
use crate::dynamodb::Watch;
use crate::error::Error;
use crate::process::Process;
use crate::results::{Figure, Round};
use crate::runtime_api::RuntimeApi;
use crate::stats::{from_u64, from_usize, median, percentile};

/// Measures a candidate once. `watch` counts its requests if it uses the local DynamoDB.
pub fn round(candidate: &Candidate, watch: Option<&Watch>) -> Result<Round, Error> {
    let measured = measure(candidate, watch.filter(|_| candidate.on_dynamodb));
    measured.map_err(|error| Error::Function(format!("{}: {error}", candidate.name)))
}

/// Measures how the peak of memory grows from the `settled`th event to the `events`th.
pub fn growth(candidate: &Candidate, settled: usize, events: usize) -> Result<Round, Error> {
    let (_, mut running) = start(candidate, None)?;
    for _ in 0..settled {
        one(candidate, &mut running)?;
    }
    let before = running.process.peak_mib()?;
    for _ in settled..events {
        one(candidate, &mut running)?;
    }
    let after = running.process.peak_mib()?;
    Ok(vec![(Figure::GrowthMib, after - before)])
}

fn measure(candidate: &Candidate, watch: Option<&Watch>) -> Result<Round, Error> {
    let starts = candidate.effort.starts.max(1);
    let mut colds = Vec::new();
    for _ in 1..starts {
        colds.push(start(candidate, watch)?.0);
    }
    let (cold, mut running) = start(candidate, watch)?;
    colds.push(cold);
    let mut round = medians(&colds);
    if candidate.effort.invocations > 0 {
        round.extend(warm(candidate, &mut running, watch)?);
    }
    round.push((Figure::PeakMib, running.process.peak_mib()?));
    round.push((Figure::SizeKib, from_u64(candidate.bytes) / 1024.0));
    Ok(round)
}

/// A process that has answered its first event. Fields are dropped in their order, so that the
/// process has ended when its cgroup is removed.
struct Running {
    process: Process,
    api: RuntimeApi,
    _quota: Option<Quota>,
}

fn start(candidate: &Candidate, watch: Option<&Watch>) -> Result<(Round, Running), Error> {
    let mut api = RuntimeApi::start()?;
    if let Some(watch) = watch {
        watch.reset();
    }
    let process = Process::start(candidate, api.address()?)?;
    let next = api.wait_for_next()?;
    let init_cpu = process.cpu_ns()?;
    let connected = watch.and_then(Watch::first_connection);
    let quota = limit(candidate, &process)?;
    let answer = api.invoke(&candidate.event)?;
    let init = ms_between(process.started, next);
    let mut cold = vec![
        (Figure::InitMs, init),
        (Figure::InitCpuMs, from_u64(init_cpu) / 1e6),
        (Figure::ColdMs, ms_between(process.started, answer.at)),
        (Figure::FirstRequestMs, answer.took.as_secs_f64() * 1e3),
    ];
    if watch.is_some() {
        // A function that has not connected by its first event counts with the whole of INIT.
        let connected = connected.map_or(init, |at| ms_between(process.started, at));
        cold.push((Figure::InitToConnectMs, connected.min(init)));
    }
    api.wait_for_next()?;
    let running = Running {
        process,
        api,
        _quota: quota,
    };
    Ok((cold, running))
}

fn limit(candidate: &Candidate, process: &Process) -> Result<Option<Quota>, Error> {
    let Some(quotas) = &candidate.share else {
        return Ok(None);
    };
    let quota = quotas.make().map_err(Error::Missing)?;
    quota.take(process.id()).map_err(Error::Missing)?;
    Ok(Some(quota))
}

fn medians(colds: &[Round]) -> Round {
    let figures = colds
        .first()
        .into_iter()
        .flatten()
        .map(|(figure, _)| *figure);
    let of = |figure| {
        let all = colds.iter().flatten().filter(|(other, _)| *other == figure);
        let samples: Vec<f64> = all.map(|(_, value)| *value).collect();
        Some((figure, median(&samples)?))
    };
    figures.filter_map(of).collect()
}

fn warm(
    candidate: &Candidate,
    running: &mut Running,
    watch: Option<&Watch>,
) -> Result<Round, Error> {
    let count = candidate.effort.invocations;
    for _ in 0..count.div_ceil(10) {
        one(candidate, running)?;
    }
    if let Some(watch) = watch {
        watch.reset();
    }
    let before = running.process.cpu_ns()?;
    let mut latencies = Vec::with_capacity(count);
    for _ in 0..count {
        latencies.push(one(candidate, running)?.as_secs_f64() * 1e6);
    }
    let cpu = running.process.cpu_ns()? - before;
    let each = |total: u64| from_u64(total) / from_usize(count);
    let mut round = vec![(Figure::CpuUs, each(cpu) / 1e3)];
    for (figure, percent) in [(Figure::WarmP50Us, 50), (Figure::WarmP99Us, 99)] {
        round.extend(percentile(&latencies, percent).map(|value| (figure, value)));
    }
    if let Some(watch) = watch {
        let units = watch.units();
        round.push((Figure::StoreRequests, each(units.requests)));
        round.push((Figure::ReadUnits, each(units.half_reads) / 2.0));
        round.push((Figure::WriteUnits, each(units.writes)));
    }
    Ok(round)
}

/// Sends an event, and waits for its answer and until the function asks for the next event: only
/// then has it done all its work for this one.
fn one(candidate: &Candidate, running: &mut Running) -> Result<Duration, Error> {
    let answer = running.api.invoke(&candidate.event)?;
    running.api.wait_for_next()?;
    Ok(answer.took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_has_the_median_of_its_starts() {
        let cold = |init, cold| vec![(Figure::InitMs, init), (Figure::ColdMs, cold)];
        let colds = [cold(3.0, 5.0), cold(1.0, 9.0), cold(2.0, 7.0)];
        assert_eq!(
            medians(&colds),
            [(Figure::InitMs, 2.0), (Figure::ColdMs, 7.0)]
        );
        assert_eq!(medians(&[]), []);
    }
}
