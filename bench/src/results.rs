//! What was measured: a number for each candidate, figure and round.

use crate::stats::{Summary, differences, median, ratios, summary};

/// Figures of a round, each one number.
pub type Round = Vec<(Figure, f64)>;

/// A figure of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// The size of what is deployed.
    SizeKib,
    /// From the process's start until it asks for its first event.
    InitMs,
    /// The CPU time of INIT.
    InitCpuMs,
    /// From the process's start to its first connection to DynamoDB, at most until the end of INIT.
    InitToConnectMs,
    /// From the first event to its answer.
    FirstRequestMs,
    /// From the process's start to its first answer.
    ColdMs,
    /// The median time from an event to its answer.
    WarmP50Us,
    /// The 99th percentile of the time from an event to its answer.
    WarmP99Us,
    /// CPU time of an invocation, user and system.
    CpuUs,
    /// DynamoDB's requests of INIT.
    InitRequests,
    /// The most memory in RAM.
    PeakMib,
    /// The memory that many requests leave behind.
    GrowthMib,
    /// DynamoDB's requests of an invocation.
    StoreRequests,
    /// DynamoDB's read units of an invocation.
    ReadUnits,
    /// DynamoDB's write units of an invocation.
    WriteUnits,
    /// The length of an access token.
    TokenBytes,
}

impl Figure {
    /// The figure's name in JSON lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SizeKib => "size_kib",
            Self::InitMs => "init_ms",
            Self::InitCpuMs => "init_cpu_ms",
            Self::InitToConnectMs => "init_to_connect_ms",
            Self::FirstRequestMs => "first_request_ms",
            Self::ColdMs => "cold_ms",
            Self::WarmP50Us => "warm_p50_us",
            Self::WarmP99Us => "warm_p99_us",
            Self::CpuUs => "cpu_us",
            Self::InitRequests => "init_requests",
            Self::PeakMib => "peak_mib",
            Self::GrowthMib => "growth_mib",
            Self::StoreRequests => "store_requests",
            Self::ReadUnits => "read_units",
            Self::WriteUnits => "write_units",
            Self::TokenBytes => "token_bytes",
        }
    }
}

/// A candidate's samples, one for each round.
pub struct Measured {
    /// The candidate's name.
    pub name: String,
    /// In the order in which they were measured.
    pub figures: Vec<(Figure, Vec<f64>)>,
}

impl Measured {
    /// The samples of a figure; none if it was not measured.
    #[must_use]
    pub fn samples(&self, figure: Figure) -> &[f64] {
        let found = self.figures.iter().find(|(other, _)| *other == figure);
        found.map_or(&[], |(_, samples)| samples)
    }

    /// What is shown of a figure.
    #[must_use]
    pub fn summary(&self, figure: Figure) -> Option<Summary> {
        summary(self.samples(figure))
    }
}

/// Every candidate's samples.
#[derive(Default)]
pub struct Results {
    /// In the order of the suite.
    pub measured: Vec<Measured>,
}

impl Results {
    /// Adds a round of a candidate.
    pub fn add(&mut self, name: &str, round: Round) {
        let known = self.measured.iter().position(|other| other.name == name);
        let index = known.unwrap_or_else(|| {
            self.measured.push(Measured {
                name: name.to_owned(),
                figures: Vec::new(),
            });
            self.measured.len() - 1
        });
        let figures = &mut self.measured[index].figures;
        for (figure, value) in round {
            match figures.iter_mut().find(|(other, _)| *other == figure) {
                Some((_, samples)) => samples.push(value),
                None => figures.push((figure, vec![value])),
            }
        }
    }

    /// Adds rounds, each with its candidate's name.
    pub fn extend(&mut self, rounds: Vec<(&str, Round)>) {
        for (name, round) in rounds {
            self.add(name, round);
        }
    }

    /// The samples of a candidate's figure; none if it was not measured.
    #[must_use]
    pub fn samples(&self, name: &str, figure: Figure) -> &[f64] {
        let found = self.measured.iter().find(|measured| measured.name == name);
        found.map_or(&[], |measured| measured.samples(figure))
    }

    /// The median of a candidate's figure.
    #[must_use]
    pub fn median(&self, name: &str, figure: Figure) -> Option<f64> {
        median(self.samples(name, figure))
    }

    /// The median ratio of two candidates' figure, round by round; of two that were not measured in the
    /// same rounds, the ratio of their medians.
    #[must_use]
    pub fn ratio(&self, ours: &str, theirs: &str, figure: Figure) -> Option<f64> {
        let [ours, theirs] = [ours, theirs].map(|name| self.samples(name, figure));
        if ours.len() == theirs.len() {
            return median(&ratios(ours, theirs));
        }
        Some(median(ours)? / median(theirs)?)
    }

    /// The median difference of two candidates' figure: how much more of it ours has.
    #[must_use]
    pub fn difference(&self, ours: &str, theirs: &str, figure: Figure) -> Option<f64> {
        median(&differences(
            self.samples(ours, figure),
            self.samples(theirs, figure),
        ))
    }

    /// Was this candidate measured?
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.measured.iter().any(|measured| measured.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratio_and_difference_are_medians_over_the_rounds() {
        let mut results = Results::default();
        for (floor, ours) in [(1.0, 2.0), (10.0, 11.0), (2.0, 3.0)] {
            results.add("floor", vec![(Figure::InitMs, floor)]);
            results.add("ours", vec![(Figure::InitMs, ours)]);
        }
        assert_eq!(results.ratio("ours", "floor", Figure::InitMs), Some(1.5));
        for single in [4.0, 4.0, 20.0, 6.0, 4.0] {
            results.add("counted", vec![(Figure::InitMs, single)]);
        }
        let of_medians = results.ratio("counted", "floor", Figure::InitMs);
        assert_eq!(of_medians, Some(2.0), "there are no such rounds");
        assert_eq!(
            results.difference("ours", "floor", Figure::InitMs),
            Some(1.0)
        );
        assert_eq!(
            results.difference("floor", "ours", Figure::InitMs),
            Some(-1.0)
        );
        assert_eq!(results.median("floor", Figure::InitMs), Some(2.0));
        assert_eq!(results.ratio("ours", "nobody", Figure::InitMs), None);
        assert_eq!(results.difference("ours", "nobody", Figure::InitMs), None);
        assert_eq!(results.ratio("ours", "floor", Figure::CpuUs), None);
    }
}
