//! Where the figures are written: a terminal, Markdown, JSON lines, a chart.

mod chart;
mod json;
mod markdown;
mod tables;

use crate::budget::{Budget, budgets};
use crate::machine::Machine;
use crate::results::Results;
use crate::suite::{BEFORE, USERS_ME};

pub use chart::svg;
pub use json::{json_lines, samples};
pub use markdown::markdown;
pub use tables::table;

/// A run, to be written down.
pub struct Report {
    results: Results,
    rounds: u64,
    notes: Vec<String>,
    machine: Machine,
    budgets: Vec<Budget>,
    before: Option<Vec<Budget>>,
}

impl Report {
    /// Of a run.
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

/// For a terminal: the figures and the budgets.
#[must_use]
pub fn text(report: &Report) -> String {
    format!(
        "{}\n{}\n{} rounds; medians, with min and max\n",
        table(&report.results),
        tables::budgets(report),
        report.rounds
    )
}
