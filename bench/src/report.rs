//! docs/performance.md: a text whose holes are filled with the figures of one run.
//!
//! | hole | is filled with |
//! |---|---|
//! | `{cpu read}` | the median of a figure of a candidate |
//! | `{cpu read / hello}` | its ratio to another candidate's |
//! | `{ms login 128}`, `{dollars login 128}` | billed time, and the price of a million, with 128 MB (or `default`) |
//! | `{... <= 1.4 x hello}` | the value, its budget, and whether it is met |
//! | `{peer fastapi-read / read}`, `{cost login 128}` | the cells of a row |
//! | `{machine}` and others | a text |

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cost::{COLD_PERCENT, WAIT_MS, WORTH_PERCENT, Work};
use crate::results::Results;

const TEXT: &str = include_str!("performance.md");

/// The figures of a run.
pub struct Report {
    results: Results,
    rounds: usize,
    /// The token function's default, in MB.
    memory: u32,
}

impl Report {
    /// The report of a run. Reads the default of `TokenMemorySize` from template.yaml.
    pub fn new(results: Results, rounds: usize) -> Result<Self> {
        let template = fs::read_to_string("template.yaml")?;
        let memory = token_memory(&template).context("template.yaml: no TokenMemorySize")?;
        Ok(Self {
            results,
            rounds,
            memory,
        })
    }

    /// The whole document.
    pub fn markdown(&self) -> String {
        let mut parts = TEXT.split('{');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (hole, rest) = part.split_once('}').unwrap_or((part, ""));
            text += &self.fill(hole);
            text += rest;
        }
        text
    }

    fn fill(&self, hole: &str) -> String {
        for (sign, sense) in [(" <= ", 1.0), (" >= ", -1.0)] {
            if let Some((figure, limit)) = hole.split_once(sign) {
                return budget(self.value(figure), sign, limit, sense);
            }
        }
        let rule = || Some(self.work("login")?.memory_by_the_rule().into());
        match hole.split(' ').collect::<Vec<_>>()[..] {
            ["peer", name] => self.peer(name, name),
            ["peer", name, "/", ours] => self.peer(name, ours),
            ["cost", name, memory] => self.cost(name, memory),
            ["rounds"] => self.rounds.to_string(),
            ["machine"] => machine(),
            ["memory"] => self.memory.to_string(),
            ["rule"] => shown(rule()),
            ["wait"] => WAIT_MS.to_string(),
            ["cold"] => COLD_PERCENT.to_string(),
            ["worth"] => WORTH_PERCENT.to_string(),
            _ => shown(self.value(hole)),
        }
    }

    fn value(&self, hole: &str) -> Option<f64> {
        match hole.split(' ').collect::<Vec<_>>()[..] {
            ["ms", name, memory] => Some(self.work(name)?.billed_ms(self.memory(memory))),
            ["dollars", name, memory] => Some(self.work(name)?.dollars(self.memory(memory))),
            [figure, name, "/", to] => self.results.ratio(figure, name, to),
            [figure, name] => self.results.median(figure, name),
            _ => None,
        }
    }

    /// Each figure, in brackets its ratio to ours.
    fn peer(&self, name: &str, ours: &str) -> String {
        let cell = |figure| {
            let value = shown(self.results.median(figure, name));
            match self.results.ratio(figure, name, ours) {
                Some(ratio) if name != ours => format!("{value} ({} x)", number(ratio)),
                _ => value,
            }
        };
        let figures = ["size", "init", "cold", "warm", "cpu", "peak"];
        figures.map(cell).join(" | ")
    }

    fn cost(&self, name: &str, memory: &str) -> String {
        let Some(work) = self.work(name) else {
            return ["-"; 7].join(" | ");
        };
        let memory = self.memory(memory);
        [
            count(work.requests),
            count(work.reads),
            count(work.writes),
            number(work.cpu_ms * 1e3),
            work.billed_ms(memory).to_string(),
            format!("{:.3}", work.store_dollars()),
            format!("{:.2}", work.dollars(memory)),
        ]
        .join(" | ")
    }

    fn work(&self, name: &str) -> Option<Work> {
        Work::of(&self.results, name)
    }

    fn memory(&self, memory: &str) -> u32 {
        memory.parse().unwrap_or(self.memory)
    }
}

/// The value, its limit, and whether it is met.
fn budget(value: Option<f64>, sign: &str, limit: &str, sense: f64) -> String {
    let number = limit.split(' ').next().unwrap_or_default().parse::<f64>();
    let verdict = match value.zip(number.ok()) {
        None => "not measured",
        Some((value, limit)) if (limit - value) * sense >= 0.0 => "met",
        Some(_) => "**missed**",
    };
    format!("{} |{sign}{limit} | {verdict}", shown(value))
}

/// The default of the template's parameter.
fn token_memory(template: &str) -> Option<u32> {
    let (_, parameter) = template.split_once("\n  TokenMemorySize:\n")?;
    let (_, default) = parameter.split_once("\n    Default: ")?;
    default.lines().next()?.parse().ok()
}

/// The machine and its load, since figures of two machines cannot be compared.
fn machine() -> String {
    let script = "sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1; echo \"$(nproc) cores\"; uname -sr; \
        rustc --version; date -uI; echo \"load $(cut -d' ' -f1-3 /proc/loadavg)\"";
    let output = Command::new("sh").args(["-c", script]).output();
    let output = output.map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&output);
    text.lines().collect::<Vec<_>>().join(", ")
}

fn shown(value: Option<f64>) -> String {
    value.map_or("-".into(), number)
}

/// A number with three digits.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A count, which is whole where all requests ask alike.
fn count(value: f64) -> String {
    format!("{value:.1}").trim_end_matches(".0").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart;

    fn report() -> Report {
        let figures = ["init", "cold", "cpu", "warm", "peak", "requests", "reads"];
        let mut results = Results::default();
        let mut add = |name, value| results.add(name, figures.map(|name| (name, value)).to_vec());
        add("hello", 1.0);
        add("read", 2.0);
        add("fastapi-read", 400.0);
        add("login", 500.0);
        let (rounds, memory) = (3, 1024);
        Report {
            results,
            rounds,
            memory,
        }
    }

    #[test]
    fn every_hole_names_something_that_the_suite_measures() {
        let suite = concat!(
            include_str!("suite/mod.rs"),
            include_str!("suite/kinds.rs"),
            include_str!("suite/peers.rs"),
        );
        for hole in TEXT.split('{').skip(1) {
            let hole = hole.split(['}', '<', '>']).next().unwrap_or_default();
            let names = hole.split([' ', '/']).skip(1);
            for name in names.filter(|name| name.parse::<u32>().is_err() && *name != "default") {
                // The suite makes these names of a command and a size.
                let made = name.is_empty() || name.starts_with("users-");
                assert!(made || suite.contains(&format!("\"{name}\"")), "{hole}");
            }
        }
    }

    #[test]
    fn the_document_is_whole_whatever_was_measured() {
        let mut nothing = report();
        nothing.results = Results::default();
        for report in [nothing, report()] {
            let text = report.markdown();
            assert!(!text.contains(['{', '}']), "{text}");
            let columns = text.lines().map(|line| line.matches('|').count());
            let columns: Vec<_> = columns.collect();
            let same = |pair: &[usize]| pair[0] == pair[1] || pair.contains(&0);
            assert!(columns.windows(2).all(same), "rows differ: {text}");
        }
    }

    #[test]
    fn a_budget_is_met_at_its_limit_and_on_its_good_side() {
        for (hole, expected) in [
            ("cpu read / hello <= 2 x hello", "2.00 | <= 2 x hello | met"),
            ("cpu read / hello <= 1.9 x", "2.00 | <= 1.9 x | **missed**"),
            ("cpu read / hello >= 2 x", "2.00 | >= 2 x | met"),
            ("cpu read / hello >= 2.1 x", "2.00 | >= 2.1 x | **missed**"),
            ("cpu hash / hello >= 2 x", "- | >= 2 x | not measured"),
        ] {
            assert_eq!(report().fill(hole), expected);
        }
    }

    #[test]
    fn a_row_has_the_figures_and_how_many_times_ours_they_are() {
        let fill = |hole: &str| report().fill(hole);
        assert!(fill("peer fastapi-read / read").contains("400 (200 x) | 400 (200 x)"));
        assert!(!fill("peer read").contains('x'));
        // 500 requests, each of 4 ms; 500 read units.
        assert!(fill("cost login default").starts_with("500 | 500 | 0 | 500 | 2001 | 62.500 |"));
        assert_eq!(fill("ms login 128"), "2007");
    }

    #[test]
    fn the_default_of_the_token_functions_memory_is_read_off_the_template() {
        let other = "Parameters:\n  Other:\n    Default: 5\n";
        let template = format!("{other}  TokenMemorySize:\n    Type: Number\n    Default: 512\n");
        assert_eq!(token_memory(&template), Some(512));
        assert_eq!(token_memory(other), None);
    }

    #[test]
    fn numbers_have_three_digits_and_counts_are_whole() {
        let numbers = [0.0, 9.999, 99.99, 1234.5, -1.234].map(number);
        assert_eq!(numbers, ["0.00", "10.0", "100", "1234", "-1.23"]);
        assert_eq!([2.0, 1.84, 10.0].map(count), ["2", "1.8", "10"]);
    }

    #[test]
    fn the_chart_has_a_bar_for_each_program_that_was_measured() {
        let chart = chart::svg(&report().results).unwrap();
        assert_eq!(chart.matches("FastAPI").count(), 2, "{chart}");
        assert!(!chart.contains("OpenAuth"), "{chart}");
        assert!(chart::svg(&Results::default()).is_ok());
    }
}
