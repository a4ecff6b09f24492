//! docs/performance.md: a text whose `{holes}` are filled with what one run measured.

use super::Report;
use super::algorithms;
use super::logins::{bills, refusals, sessions};
use super::peers::peers;
use super::tables::{aligned, budgets, costs, number, table};
use crate::cost::{COLD_PERCENT, LONGEST_MS, MARGIN_PERCENT, WAIT_MS, Work};
use crate::results::{Figure, Measured, Results};
use crate::suite::{
    AUTHORIZER, AUTHORIZER_DYNAMODB, BEFORE, FASTAPI, OWASP, PEER, TOKEN_DYNAMODB, USERS_ME,
    USERS_ME_DYNAMODB, token,
};

const TEXT: &str = include_str!("performance.md");

/// The whole document.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let results = &report.results;
    let notes = report.notes.iter().map(|note| format!("- {note}\n"));
    let machine = &report.machine;
    let holes = [
        ("budgets", budgets(report)),
        ("figures", table(results)),
        ("sizes", sizes(report)),
        ("peers", peers(results)),
        ("logins", costs(results, &requests(&logins()))),
        ("reads", costs(results, &requests(&reads()))),
        ("authorizer", authorizer(results)),
        ("algorithms", algorithms::costs(results)),
        ("inits", algorithms::inits(results)),
        ("store", store(report)),
        ("bills", bills(results)),
        ("refusals", refusals(results)),
        ("sessions", sessions(results)),
        ("notes", notes.collect()),
        ("rounds", report.rounds.to_string()),
        ("wait", WAIT_MS.to_string()),
        ("cold", COLD_PERCENT.to_string()),
        ("longest", LONGEST_MS.to_string()),
        ("margin", MARGIN_PERCENT.to_string()),
        ("cpu", machine.cpu.clone()),
        ("recommended", recommended(report)),
        (
            "machine",
            format!(
                "{}, {} cores, Linux {}, {}, {}, {}; load {}",
                machine.cpu,
                machine.cores,
                machine.kernel,
                machine.libc,
                machine.rustc,
                machine.date,
                machine.load,
            ),
        ),
    ];
    let text = holes.iter().fold(TEXT.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value.trim_end())
    });
    // Without notes, an empty paragraph is left over.
    text.replace("\n\n\n", "\n")
}

fn logins() -> [String; 3] {
    [token(OWASP), token(FASTAPI), TOKEN_DYNAMODB.to_owned()]
}

fn reads() -> [String; 2] {
    [USERS_ME, USERS_ME_DYNAMODB].map(str::to_owned)
}

/// What the authorizer adds to a million requests, asked about each or about one in 60, beside the function of
/// ours that checks the same by itself.
fn authorizer(results: &Results) -> String {
    let rows = [
        (AUTHORIZER, USERS_ME),
        (AUTHORIZER_DYNAMODB, USERS_ME_DYNAMODB),
    ];
    let row = |(name, ours): &(&str, &str)| {
        let cost = Work::of(results, name)?.cost(128)?;
        let dollars = cost.without_gateway();
        Some(vec![
            (*name).to_owned(),
            number(results.median(name, Figure::CpuUs)?),
            number(results.ratio(name, ours, Figure::CpuUs)?),
            format!("{} ms", cost.billed_ms),
            format!("{dollars:.2}"),
            format!("{:.3}", dollars / 60.0),
        ])
    };
    aligned(
        &[
            "",
            "CPU µs",
            "x a route of ours",
            "billed",
            "asked each time",
            "kept 60 s",
        ],
        &rows.iter().filter_map(row).collect::<Vec<_>>(),
    )
}

/// These names in the current build, in the older build and of the peer. What was not measured gets
/// no row.
fn requests(names: &[String]) -> Vec<String> {
    let of = |set: &'static str| names.iter().map(move |name| format!("{set}{name}"));
    of("").chain(of(BEFORE)).chain(of(PEER)).collect()
}

fn sizes(report: &Report) -> String {
    let measured = report.results.measured.iter();
    let functions = measured.filter(|measured| measured.name.ends_with("Function"));
    let size = |function: &Measured| {
        let kib = function.summary(Figure::SizeKib)?.median;
        Some(vec![function.name.clone(), format!("{:.2}", kib / 1024.0)])
    };
    aligned(
        &["binary", "MiB"],
        &functions.filter_map(size).collect::<Vec<_>>(),
    )
}

/// What a verified request asks of DynamoDB.
fn store(report: &Report) -> String {
    let Some(work) = Work::of(&report.results, USERS_ME_DYNAMODB) else {
        return "not measured".to_owned();
    };
    let (waits, reads, writes) = (work.waits, work.read_units, work.write_units);
    format!("{waits:.1} requests, {reads:.1} read and {writes:.1} write units")
}

fn recommended(report: &Report) -> String {
    let (on_dynamodb, in_memory) = (TOKEN_DYNAMODB.to_owned(), token(OWASP));
    let best = |names: [&str; 2]| {
        let mut works = names
            .iter()
            .filter_map(|name| Work::of(&report.results, name));
        works.next()?.best()
    };
    let text = |what: &str, names| {
        let best = best(names)?;
        Some(format!(
            "{what}: {} MB ({:.0} ms, ${:.2} for a million)",
            best.memory, best.ms, best.dollars
        ))
    };
    let login = text("the token function", [&on_dynamodb, &in_memory]);
    let read = text("the others", [USERS_ME_DYNAMODB, USERS_ME]);
    [login, read]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; ")
}
