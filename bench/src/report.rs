//! Where the figures are written: a terminal, Markdown, JSON lines, a chart.

mod algorithms;
mod chart;
mod json;
mod logins;
mod markdown;
mod peers;
mod tables;

use crate::budget::{Budget, budgets};
use crate::machine::Machine;
use crate::results::Results;
use crate::suite::{BEFORE, USERS_ME};

pub use chart::svg;
pub use json::{json_lines, samples};
pub use markdown::markdown;
pub use tables::table;

/// The results of a run, and what they mean.
pub struct Report {
    results: Results,
    rounds: u64,
    notes: Vec<String>,
    machine: Machine,
    budgets: Vec<Budget>,
    before: Option<Vec<Budget>>,
}

impl Report {
    /// The report of a run.
    #[must_use]
    pub fn new(results: Results, rounds: u64, notes: Vec<String>, machine: Machine) -> Self {
        let has_before = results.has(&format!("{BEFORE}{USERS_ME}"));
        Self {
            budgets: budgets(&results, ""),
            before: has_before.then(|| budgets(&results, BEFORE)),
            results,
            rounds,
            notes,
            machine,
        }
    }
}

/// For a terminal: the figures, the budgets, the peers, the algorithms and the logins.
#[must_use]
pub fn text(report: &Report) -> String {
    format!(
        "{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{} rounds; medians, with min and max\n",
        table(&report.results),
        tables::budgets(report),
        peers::peers(&report.results),
        algorithms::costs(&report.results),
        algorithms::inits(&report.results),
        logins::bills(&report.results),
        logins::refusals(&report.results),
        logins::sessions(&report.results),
        report.rounds
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Figure;
    use crate::suite::{BETTER_AUTH_SESSION, FASTAPI, PEER, token};

    fn report() -> Report {
        let mut results = Results::default();
        for set in ["", BEFORE, PEER] {
            for name in [USERS_ME.to_owned(), token(FASTAPI)] {
                let figures = [
                    Figure::InitMs,
                    Figure::ColdMs,
                    Figure::CpuUs,
                    Figure::PeakMib,
                ];
                let round = figures.map(|figure| (figure, 2.0)).to_vec();
                results.add(&format!("{set}{name}"), round);
            }
        }
        let session = vec![(Figure::ColdMs, 4.0)];
        results.add(BETTER_AUTH_SESSION, session);
        let notes = vec!["nothing on DynamoDB".into()];
        Report::new(results, 3, notes, Machine::read())
    }

    #[test]
    fn every_placeholder_of_the_document_is_filled() {
        let text = markdown(&report());
        assert!(!text.contains(['{', '}']), "{text}");
        assert!(text.contains("- nothing on DynamoDB") && text.contains("before: users-me"));
        // Among the figures, the peers and the costs.
        assert_eq!(text.matches("| FastAPI: users-me ").count(), 3);
        let without_notes = Report {
            notes: Vec::new(),
            ..report()
        };
        assert!(!markdown(&without_notes).contains("\n\n\n"));
    }

    #[test]
    fn every_line_is_json() {
        let lines = json_lines(&report());
        for line in lines.lines() {
            assert!(
                serde_json::from_str::<serde_json::Value>(line).is_ok(),
                "{line}"
            );
        }
        let verdicts = lines
            .lines()
            .filter(|line| line.contains("verdict"))
            .count();
        assert_eq!(verdicts, 2 * budgets(&Results::default(), "").len());
    }

    #[test]
    fn the_chart_has_a_bar_for_each_that_was_measured() {
        let chart = svg(&report());
        assert_eq!(chart.matches("<rect").count(), 7);
        assert_eq!(chart.matches(">better-auth<").count(), 1);
        assert_eq!(chart.matches("class=\"ours\"").count(), 3);
        let mut slow = report();
        // Some 2 s of a whole CPU: no size of memory is quick enough.
        let login = format!("{PEER}{}", token(FASTAPI));
        for _ in 0..9 {
            slow.results.add(&login, vec![(Figure::CpuUs, 2e6)]);
        }
        assert_eq!(svg(&slow).matches("<rect").count(), 7);
        let nobody = Report::new(Results::default(), 0, Vec::new(), Machine::read());
        assert!(svg(&nobody).contains("No peer was measured"));
    }
}
