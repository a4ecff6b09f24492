//! One round of one candidate: cold starts in fresh processes, then a warm one.

use crate::candidate::Candidate;
use crate::clock::ms_between;
use crate::dynamodb::Watch;
use crate::error::Error;
use crate::results::{Figure, Round};
use crate::running::Running;
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
        running.answer(&candidate.request)?;
    }
    let before = running.process.peak_mib()?;
    for _ in settled..events {
        running.answer(&candidate.request)?;
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

/// The figures of a cold start, and the process, which has answered its first event.
fn start(candidate: &Candidate, watch: Option<&Watch>) -> Result<(Round, Running), Error> {
    if let Some(watch) = watch {
        watch.reset();
    }
    let (mut running, next) = Running::start(candidate)?;
    let started = running.process.started;
    let init_cpu = running.process.cpu_ns()?;
    let connected = watch.and_then(Watch::first_connection);
    let requests = watch.map(|watch| watch.units().requests);
    running.limit(candidate)?;
    let answer = running.api.invoke(&candidate.request)?;
    let init = ms_between(started, next);
    let mut cold = vec![
        (Figure::InitMs, init),
        (Figure::InitCpuMs, from_u64(init_cpu) / 1e6),
        (Figure::ColdMs, ms_between(started, answer.at)),
        (Figure::FirstRequestMs, answer.took.as_secs_f64() * 1e3),
    ];
    if let Some(requests) = requests {
        cold.push((Figure::InitRequests, from_u64(requests)));
        // A function that has not connected by its first event counts with the whole of INIT.
        let connected = connected.map_or(init, |at| ms_between(started, at));
        cold.push((Figure::InitToConnectMs, connected.min(init)));
    }
    running.api.wait_for_next()?;
    Ok((cold, running))
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
        running.answer(&candidate.request)?;
    }
    if let Some(watch) = watch {
        watch.reset();
    }
    let before = running.process.cpu_ns()?;
    let mut latencies = Vec::with_capacity(count);
    for _ in 0..count {
        latencies.push(running.answer(&candidate.request)?.as_secs_f64() * 1e6);
    }
    let cpu = running.process.cpu_ns()? - before;
    let mut round = vec![(Figure::CpuUs, from_u64(cpu) / from_usize(count) / 1e3)];
    for (figure, percent) in [(Figure::WarmP50Us, 50), (Figure::WarmP99Us, 99)] {
        round.extend(percentile(&latencies, percent).map(|value| (figure, value)));
    }
    if let Some(watch) = watch {
        round.extend(watch.units().of_each(count));
    }
    Ok(round)
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
