//! Tables in Markdown whose columns line up, so that a terminal can show them as they are.

use super::Report;
use crate::budget::{Budget, Limit};
use crate::cost::{MEMORIES, Work};
use crate::results::{Figure, Measured, Results};
use crate::suite::FLOOR;

/// A row for each candidate.
#[must_use]
pub fn table(results: &Results) -> String {
    let head = [
        "",
        "KiB",
        "init ms",
        "x",
        "first request ms",
        "cold ms",
        "warm p50 µs",
        "x",
        "p99 µs",
        "CPU µs",
        "x",
        "peak MiB",
    ];
    let driven = |measured: &&Measured| measured.summary(Figure::InitMs).is_some();
    let rows = results.measured.iter().filter(driven);
    aligned(
        &head,
        &rows
            .map(|measured| row(results, measured))
            .collect::<Vec<_>>(),
    )
}

fn row(results: &Results, measured: &Measured) -> Vec<String> {
    let median = |figure| measured.summary(figure).map(|all| number(all.median));
    let spread = |figure| {
        let all = measured.summary(figure)?;
        let [median, min, max] = [all.median, all.min, all.max].map(number);
        Some(format!("{median} ({min}-{max})"))
    };
    let ratio = |figure| results.ratio(&measured.name, FLOOR, figure).map(number);
    let cells = [
        median(Figure::SizeKib),
        spread(Figure::InitMs),
        ratio(Figure::InitMs),
        spread(Figure::FirstRequestMs),
        spread(Figure::ColdMs),
        spread(Figure::WarmP50Us),
        ratio(Figure::WarmP50Us),
        median(Figure::WarmP99Us),
        spread(Figure::CpuUs),
        ratio(Figure::CpuUs),
        median(Figure::PeakMib),
    ];
    let cells = cells.into_iter().map(Option::unwrap_or_default);
    [measured.name.clone()].into_iter().chain(cells).collect()
}

/// A row for each budget.
pub fn budgets(report: &Report) -> String {
    let shown = |budget: &Budget| budget.value.map_or_else(|| "-".into(), number);
    let mut head = vec!["figure", "budget", "measured", ""];
    if report.before.is_some() {
        head.insert(2, "before");
    }
    let rows = report.budgets.iter().enumerate().map(|(index, budget)| {
        let mut row = vec![
            budget.name.clone(),
            limit(budget),
            shown(budget),
            verdict(budget).into(),
        ];
        if let Some(before) = &report.before {
            row.insert(2, shown(&before[index]));
        }
        row
    });
    aligned(&head, &rows.collect::<Vec<_>>())
}

fn limit(budget: &Budget) -> String {
    let (sign, number) = match budget.limit {
        Limit::AtMost(most) => ("<=", most),
        Limit::AtLeast(least) => (">=", least),
    };
    format!("{sign} {number} {}", budget.unit)
}

/// Whether a budget is met, in words; JSON has them too.
pub fn verdict(budget: &Budget) -> &'static str {
    match budget.value {
        None => "not measured",
        Some(_) => match budget.is_met() {
            Some(true) => "met",
            _ => "missed",
        },
    }
}

/// A row for each kind of request, a column for each size of memory.
pub fn costs(results: &Results, names: &[String]) -> String {
    let head: Vec<String> = MEMORIES
        .iter()
        .map(|memory| format!("{memory} MB"))
        .collect();
    let mut head: Vec<&str> = head.iter().map(String::as_str).collect();
    head.insert(0, "");
    head.push("cheapest under 250 ms");
    let row = |name: &String| {
        let work = Work::of(results, name)?;
        let cell = |memory| {
            work.cost(memory).map_or_else(
                || "does not fit".into(),
                |cost| format!("{:.2} ({} ms)", cost.dollars, cost.billed_ms),
            )
        };
        let best = work
            .best()
            .map_or_else(|| "none".into(), |best| format!("{} MB", best.memory));
        let cells = MEMORIES.map(cell).into_iter().chain([best]);
        Some([name.clone()].into_iter().chain(cells).collect())
    };
    aligned(&head, &names.iter().filter_map(row).collect::<Vec<_>>())
}

/// A number, with three digits.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A table whose first column is aligned to the left and the others to the right.
pub fn aligned(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = [&head].into_iter().chain(rows);
            let widths = cells.map(|row| row[column].chars().count());
            widths.max().unwrap_or_default().max(3)
        })
        .collect();
    let rule = widths
        .iter()
        .enumerate()
        .map(|(column, width)| match column {
            0 => "-".repeat(*width),
            _ => format!("{}:", "-".repeat(width - 1)),
        });
    let rule: Vec<String> = rule.collect();
    let mut lines = vec![line(&head, &widths), line(&rule, &widths)];
    lines.extend(rows.iter().map(|row| line(row, &widths)));
    lines.concat()
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let cells = cells.iter().zip(widths).enumerate();
    let padded: Vec<String> = cells
        .map(|(column, (cell, &width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        })
        .collect();
    format!("| {} |\n", padded.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        for (value, expected) in [
            (0.0, "0.00"),
            (1.234, "1.23"),
            (9.999, "10.0"),
            (12.34, "12.3"),
            (99.99, "100"),
            (1234.5, "1234"),
            (-1.234, "-1.23"),
            (-123.4, "-123"),
        ] {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn columns_line_up() {
        let rows = vec![
            vec!["µ".into(), "10.0".into()],
            vec!["longer".into(), "1".into()],
        ];
        let expected = "|        |    x |\n| ------ | ---: |\n".to_owned();
        assert_eq!(
            aligned(&["", "x"], &rows),
            expected + "| µ      | 10.0 |\n| longer |    1 |\n"
        );
    }
}
