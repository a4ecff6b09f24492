//! JSON lines: one for the machine, one for each candidate's figure with all its samples, one for
//! each budget.

use serde_json::{Value, json};

use super::Report;
use super::tables::verdict;
use crate::budget::{Budget, Limit};
use crate::results::Results;
use crate::stats::summary;

/// The whole report.
#[must_use]
pub fn json_lines(report: &Report) -> String {
    let machine = &report.machine;
    let machine = json!({
        "machine": {
            "cpu": machine.cpu, "cores": machine.cores, "kernel": machine.kernel,
            "libc": machine.libc, "rustc": machine.rustc, "load": machine.load,
        },
        "date": machine.date,
        "rounds": report.rounds,
        "notes": report.notes,
    });
    let before = report
        .before
        .iter()
        .flatten()
        .map(|budget| line("before", budget));
    let now = report.budgets.iter().map(|budget| line("now", budget));
    let mut lines = format!("{machine}\n{}", samples(&report.results));
    before.chain(now).for_each(|value| push(&mut lines, &value));
    lines
}

/// Only the lines of the figures.
#[must_use]
pub fn samples(results: &Results) -> String {
    let mut lines = String::new();
    for measured in &results.measured {
        for (figure, samples) in &measured.figures {
            let Some(all) = summary(samples) else {
                continue;
            };
            let line = json!({
                "candidate": measured.name, "figure": figure.name(),
                "median": all.median, "min": all.min, "max": all.max, "samples": samples,
            });
            push(&mut lines, &line);
        }
    }
    lines
}

fn push(lines: &mut String, value: &Value) {
    lines.push_str(&value.to_string());
    lines.push('\n');
}

fn line(set: &str, budget: &Budget) -> Value {
    let (at_most, at_least) = match budget.limit {
        Limit::AtMost(limit) => (Some(limit), None),
        Limit::AtLeast(limit) => (None, Some(limit)),
    };
    json!({
        "budget": budget.name, "set": set, "unit": budget.unit,
        "at_most": at_most, "at_least": at_least,
        "value": budget.value, "verdict": verdict(budget),
    })
}
