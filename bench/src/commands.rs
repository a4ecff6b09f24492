//! What the command line asks for.

use std::fs;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{DriveArgs, SuiteArgs};
use crate::candidate::{Candidate, Effort, Request};
use crate::cgroup::Quotas;
use crate::clock;
use crate::error::{Context, Error};
use crate::logins::{count, take_turns};
use crate::machine::Machine;
use crate::measure::{growth, round};
use crate::report::{self, Report};
use crate::results::Results;
use crate::suite::{BEFORE, Suite, USERS_ME, variables};

const LEAST_ROUNDS: u64 = 3;
/// From here on a suite takes the minutes for the growth of memory and for many refused logins, too.
const LONG: Duration = Duration::from_mins(2);
/// After so many events a process has settled, and it is measured until the second number.
const GROWTH_EVENTS: (usize, usize) = (1_000, 300_000);
/// How many refused logins of each kind are measured, in a long suite and in a short one.
const REFUSALS: (usize, usize) = (200, 10);

/// Measures the suite, prints it, and writes what was asked for.
pub fn suite(args: &SuiteArgs) -> Result<(), Error> {
    let suite = Suite::prepare(args)?;
    for note in &suite.notes {
        eprintln!("bench: {note}");
    }
    let time = Duration::from_secs(args.seconds);
    let (mut results, rounds) = rounds(&suite, time)?;
    if time >= LONG {
        growths(&suite, &mut results)?;
    }
    let mut notes = suite.notes.clone();
    notes.extend(logins(&suite, time, &mut results));
    let report = Report::new(results, rounds, notes, Machine::read());
    print!("{}", report::text(&report));
    for (file, text) in [
        (&args.markdown, report::markdown as fn(&Report) -> String),
        (&args.jsonl, report::json_lines),
        (&args.svg, report::svg),
    ] {
        if let Some(file) = file {
            fs::write(file, text(&report)).context(file.display().to_string())?;
        }
    }
    Ok(())
}

/// Measures each candidate once in every round, so that what slows the machine for a while slows
/// all of them alike.
fn rounds(suite: &Suite, time: Duration) -> Result<(Results, u64), Error> {
    let (start, mut results, mut rounds) = (clock::now(), Results::default(), 0);
    let bar = progress(time);
    while rounds < LEAST_ROUNDS || clock::now() - start < time {
        for candidate in &suite.candidates {
            bar.set_message(format!("round {}: {}", rounds + 1, candidate.name));
            bar.set_position((clock::now() - start).as_secs().min(time.as_secs()));
            results.add(&candidate.name, round(candidate, suite.watch())?);
        }
        rounds += 1;
    }
    bar.finish_and_clear();
    for (name, figure, value) in &suite.known {
        results.add(name, vec![(*figure, *value)]);
    }
    Ok((results, rounds))
}

/// Measures how memory grows with the requests: GET /users/me/, now and before.
fn growths(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let (settled, events) = GROWTH_EVENTS;
    for candidate in &suite.candidates {
        if candidate.name.trim_start_matches(BEFORE) == USERS_ME {
            results.add(&candidate.name, growth(candidate, settled, events)?);
        }
    }
    Ok(())
}

/// Counts what each kind of login asks of DynamoDB, and measures each kind of refusal. It comes last,
/// since it leaves failures behind that would make other logins wait. An older build may answer
/// otherwise than these kinds expect: that is noted, and does not take the other figures away.
fn logins(suite: &Suite, time: Duration, results: &mut Results) -> Vec<String> {
    let watch = suite.watch().into_iter();
    let counted = watch.flat_map(|watch| {
        let kinds = suite.counted.iter();
        kinds.map(|kind| (&kind.candidate.name, count(kind, watch)))
    });
    let turns = if time >= LONG { REFUSALS.0 } else { REFUSALS.1 };
    let refused = suite.refused.iter();
    let refused = refused.map(|mixed| (&mixed.candidate.name, take_turns(mixed, turns)));
    let mut notes = Vec::new();
    for (name, measured) in counted.chain(refused) {
        match measured {
            Ok(rounds) => results.extend(rounds),
            Err(error) => {
                // The error quotes the answer, which is not for a document: it may be a token.
                eprintln!("bench: {name}: {error}");
                notes.push(format!(
                    "{name}: not measured, it did not answer as expected"
                ));
            }
        }
    }
    notes
}

/// The progress bar, which is drawn on a terminal only.
fn progress(time: Duration) -> ProgressBar {
    let bar = ProgressBar::new(time.as_secs());
    // The template is a constant that is valid; without it the bar would have its default style.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} s  {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Measures one program.
pub fn drive(args: &DriveArgs) -> Result<(), Error> {
    let candidate = candidate(args)?;
    let mut results = Results::default();
    for _ in 0..args.rounds {
        results.add(&candidate.name, round(&candidate, None)?);
    }
    if args.json {
        print!("{}", report::samples(&results));
    } else {
        print!("{}", report::table(&results));
    }
    Ok(())
}

fn candidate(args: &DriveArgs) -> Result<Candidate, Error> {
    let share = args.cpu_share.map(Quotas::new).transpose();
    let mut environment = match &args.env_file {
        Some(file) => variables(file)?,
        None => Vec::new(),
    };
    for variable in &args.environment {
        let (name, value) = variable
            .split_once('=')
            .ok_or_else(|| Error::Missing(format!("--env {variable}: expected NAME=VALUE")))?;
        environment.push((name.to_owned(), value.to_owned()));
    }
    let event = fs::read_to_string(&args.event).context(args.event.display().to_string())?;
    Ok(Candidate {
        name: name(&args.program),
        program: args.program.clone(),
        arguments: args.arguments.clone(),
        environment,
        request: Request::ok(event),
        bytes: fs::metadata(&args.program).map_or(0, |file| file.len()),
        effort: Effort {
            starts: args.starts,
            invocations: args.invocations,
        },
        share: share.map_err(|why| Error::Missing(format!("no CPU quota here: {why}")))?,
        ..Candidate::default()
    })
}

/// A candidate's name. Every function's program is called `bootstrap`, so its folder's name is
/// taken.
fn name(program: &Path) -> String {
    let mut parts = program.iter().rev().map(|part| part.to_string_lossy());
    match (parts.next(), parts.next()) {
        (Some(file), Some(folder)) if file == "bootstrap" => folder.into_owned(),
        (file, _) => file.unwrap_or_default().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bootstrap_is_called_what_its_folder_is() {
        assert_eq!(
            name(Path::new("build/StatusFunction/bootstrap")),
            "StatusFunction"
        );
        assert_eq!(name(Path::new("target/release/floor")), "floor");
    }
}
