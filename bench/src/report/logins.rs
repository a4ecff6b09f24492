//! The tables of the logins of each kind: what DynamoDB bills for one, and how long a refused one
//! takes.

use super::tables::{aligned, number};
use crate::cost::store_dollars;
use crate::results::{Figure, Measured, Results};
use crate::stats::{Summary, percentile};
use crate::suite::{BEFORE, LOGINS, REFUSALS, SESSIONS};

const BILL: [&str; 4] = ["requests", "read units", "write units", "dollars a million"];

/// What each kind of login asks of DynamoDB.
pub fn bills(results: &Results) -> String {
    let head = [&["a login on DynamoDB"], &BILL[..]].concat();
    let kinds = ["", BEFORE].map(|set| kinds(results, set, LOGINS));
    let rows = kinds.iter().flatten().filter_map(bill);
    aligned(&head, &rows.collect::<Vec<_>>())
}

/// What each kind of request about sessions and clients asks of DynamoDB, and its CPU time.
pub fn sessions(results: &Results) -> String {
    let head = [&["on DynamoDB"], &BILL[..], &["CPU µs"]].concat();
    let kinds = kinds(results, "", SESSIONS);
    let rows = kinds.iter().filter_map(|kind| {
        let cpu = results.median(&kind.measured.name, Figure::CpuUs)?;
        Some([bill(kind)?, vec![number(cpu)]].concat())
    });
    aligned(&head, &rows.collect::<Vec<_>>())
}

fn bill(kind: &Kind<'_>) -> Option<Vec<String>> {
    let requests = kind.measured.summary(Figure::StoreRequests)?;
    let reads = kind.measured.summary(Figure::ReadUnits)?;
    let writes = kind.measured.summary(Figure::WriteUnits)?;
    let dollars = store_dollars(reads.median, writes.median);
    let [requests, reads, writes] = [requests, reads, writes].map(count);
    let label = kind.label.clone();
    Some(vec![
        label,
        requests,
        reads,
        writes,
        format!("{dollars:.3}"),
    ])
}

/// All requests of a kind should ask the same. If they did not, the table says so.
fn count(all: Summary) -> String {
    let Summary { median, min, max } = all;
    if min < max {
        return format!("{median} ({min}-{max})");
    }
    median.to_string()
}

/// How much CPU time each kind of refused login takes. `x` is the ratio to the first kind of the
/// same build, turn by turn.
pub fn refusals(results: &Results) -> String {
    let mut rows = Vec::new();
    for set in ["", BEFORE] {
        let kinds = kinds(results, set, REFUSALS);
        for kind in &kinds {
            rows.extend(refusal(results, kind, &kinds[0]));
        }
    }
    aligned(&["a refused login", "CPU µs", "quartiles", "x"], &rows)
}

fn refusal(results: &Results, kind: &Kind<'_>, first: &Kind<'_>) -> Option<Vec<String>> {
    let name = &kind.measured.name;
    let samples = kind.measured.samples(Figure::CpuUs);
    let quartile = |percent| percentile(samples, percent).map(number);
    Some(vec![
        kind.label.clone(),
        number(results.median(name, Figure::CpuUs)?),
        format!("{}-{}", quartile(25)?, quartile(75)?),
        number(results.ratio(name, &first.measured.name, Figure::CpuUs)?),
    ])
}

struct Kind<'a> {
    measured: &'a Measured,
    /// The name without the beginning that all kinds share.
    label: String,
}

/// What was measured of a build's logins whose names begin so.
fn kinds<'a>(results: &'a Results, set: &str, beginning: &str) -> Vec<Kind<'a>> {
    let kind = |measured: &'a Measured| {
        let name = measured.name.strip_prefix(set)?.strip_prefix(beginning)?;
        let label = format!("{set}{name}");
        Some(Kind { measured, label })
    };
    results.measured.iter().filter_map(kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(table: &str) -> Vec<Vec<&str>> {
        let rows = table.lines().skip(2);
        rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
            .collect()
    }

    #[test]
    fn a_bill_is_in_dollars_and_shows_requests_that_were_not_alike() {
        let mut results = Results::default();
        for (set, requests) in [(BEFORE, 6.0), (BEFORE, 5.0), (BEFORE, 6.0), ("", 2.0)] {
            let figures = vec![
                (Figure::StoreRequests, requests),
                (Figure::ReadUnits, 4.0),
                (Figure::WriteUnits, 1.0),
            ];
            results.add(&format!("{set}{LOGINS}known"), figures);
        }
        assert_eq!(
            cells(&bills(&results)),
            [
                ["known", "2", "4", "1", "1.125"],
                ["before: known", "6 (5-6)", "4", "1", "1.125"]
            ]
        );
    }

    #[test]
    fn a_refusal_is_compared_with_the_first_kind_of_its_build() {
        let mut results = Results::default();
        for (name, values) in [
            ("unknown", [10.0, 20.0, 30.0, 40.0]),
            ("wrong", [20.0, 40.0, 60.0, 80.0]),
        ] {
            for value in values {
                for set in ["", BEFORE] {
                    let name = format!("{set}{REFUSALS}{name}");
                    results.add(&name, vec![(Figure::CpuUs, value)]);
                }
            }
        }
        let table = refusals(&results);
        assert_eq!(
            cells(&table)[..2],
            [
                ["unknown", "25.0", "10.0-30.0", "1.00"],
                ["wrong", "50.0", "20.0-60.0", "2.00"]
            ]
        );
        assert_eq!(cells(&table)[2][..2], ["before: unknown", "25.0"]);
    }
}
