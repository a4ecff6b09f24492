//! Measures a candidate: many events for a warm process, and cold starts of fresh ones.

use std::fs;
use std::iter::Cycle;
use std::slice::Iter;
use std::time::Duration;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

use crate::function::{Event, Program, Running};
use crate::results::{Round, median};
use crate::store::Watch;

/// The events after which a process has settled, and those until which its growth is measured.
const GROWTH: (usize, usize) = (1_000, 300_000);

/// The fresh processes of a round, and the events that measure a warm one.
pub type Effort = (usize, usize);

type Events<'a> = Cycle<Iter<'a, Event>>;

/// A function and its events.
#[derive(Debug, Clone, Default)]
pub struct Candidate {
    pub name: String,
    pub program: Program,
    pub effort: Effort,
    /// Sent in turn, again and again.
    pub events: Vec<Event>,
    /// The counter of its requests to DynamoDB.
    pub watch: Option<Watch>,
}

impl Candidate {
    /// Measures a round.
    pub async fn round(&self) -> Result<Round> {
        self.measure().await.with_context(|| self.name.clone())
    }

    /// Measures cold starts after the warm events, so that the CPU is as awake for one candidate as for another.
    async fn measure(&self) -> Result<Round> {
        let mut events = self.events.iter().cycle();
        let (mut running, mut inits, mut colds) = self.cold(&mut events).await?;
        for event in events.by_ref().take(self.effort.1 / 10) {
            running.answer(event).await?;
        }
        let mut round = self.warm(&mut running, &mut events).await?;
        round.push(("peak", running.peak_mib()?));
        drop(running);
        for _ in 1..self.effort.0 {
            let (_running, init, cold) = self.cold(&mut events).await?;
            inits.extend(init);
            colds.extend(cold);
        }
        round.extend(median(&inits).map(|init| ("init", init)));
        round.extend(median(&colds).map(|cold| ("cold", cold)));
        // A peer is deployed as many files.
        if self.program.command[0].ends_with("bootstrap") {
            round.push(("size", mib(&self.program.command[0])?));
        }
        Ok(round)
    }

    /// Starts a process; also returns the times to the end of its INIT and to its first answer.
    async fn cold(&self, events: &mut Events<'_>) -> Result<(Running, Vec<f64>, Vec<f64>)> {
        let mut running = Running::start(&self.program).await?;
        let init = ms(running.ready - running.started);
        let answer = running.answer(events.next().context("no event")?).await?;
        let cold = ms(answer.at - running.started);
        Ok((running, vec![init], vec![cold]))
    }

    async fn warm(&self, running: &mut Running, events: &mut Events<'_>) -> Result<Round> {
        let mut times = Histogram::<u64>::new(3)?;
        let _before = self.watch.as_ref().map(Watch::take);
        let before = running.cpu()?;
        for event in events.take(self.effort.1) {
            let took = running.answer(event).await?.took;
            times.record(u64::try_from(took.as_nanos())?)?;
        }
        let cpu = running.cpu()?.saturating_sub(before);
        let count = f64::from(u32::try_from(times.len())?);
        let median = Duration::from_nanos(times.value_at_quantile(0.5));
        let mut round = vec![("warm", ms(median) * 1e3), ("cpu", ms(cpu) * 1e3 / count)];
        if let Some(units) = self.watch.as_ref().map(Watch::take) {
            let figures = ["requests", "reads", "writes"].into_iter().zip(units);
            round.extend(figures.map(|(figure, units)| (figure, units / count)));
        }
        Ok(round)
    }

    /// Measures the memory that many requests add to one process.
    pub async fn growth(&self) -> Result<Round> {
        let mut running = Running::start(&self.program).await?;
        let mut settled = 0.0;
        for (number, event) in self.events.iter().cycle().take(GROWTH.1).enumerate() {
            if number == GROWTH.0 {
                settled = running.peak_mib()?;
            }
            running.answer(event).await?;
        }
        Ok(vec![("growth", running.peak_mib()? - settled)])
    }
}

/// The size of a file.
pub fn mib(file: &str) -> Result<f64> {
    let bytes = u32::try_from(fs::metadata(file)?.len())?;
    Ok(f64::from(bytes) / 1024.0 / 1024.0)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
