//! Many users from JSON lines. It can be stopped at any point and run again: a user who is there
//! with the same content is passed over.

mod lines;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use shared::aws::record::AccountRecord;
use shared::aws::table::Table;
use shared::config;
use shared::domain::accounts::Stamp;
use shared::domain::accounts::password::PasswordHash;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::args::ImportArgs;
use crate::error::Error;
use crate::line::{self, Rules};
use crate::output::{Output, count, note};
use crate::progress::Progress;
use crate::store;
use crate::{catalogue, variable};
use lines::{Lines, Next};

/// How often a throttled write is repeated, after 1, 2, 4... seconds: the import may have used up
/// the table's limit, which other clients share.
const MOST_WAITS: u32 = 6;

/// How many lines ended in which way.
#[derive(Debug, Default, Clone, Copy, Serialize)]
struct Counts {
    added: usize,
    replaced: usize,
    already_there: usize,
    conflicts: usize,
    invalid: usize,
}

impl Counts {
    /// How far the import has come, in short: it must fit beside the bar.
    fn so_far(self) -> String {
        let conflicts = count(self.conflicts, "conflict");
        let mut text = format!("{} added", self.added);
        for (number, part) in [
            (self.replaced, format!("{} replaced", self.replaced)),
            (self.already_there, format!("{} there", self.already_there)),
            (self.conflicts, conflicts),
            (self.invalid, format!("{} invalid", self.invalid)),
        ] {
            if number > 0 {
                text = format!("{text}, {part}");
            }
        }
        text
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} added, ", self.added)?;
        if self.replaced > 0 {
            write!(f, "{} replaced, ", self.replaced)?;
        }
        let (there, invalid) = (self.already_there, self.invalid);
        let conflicts = count(self.conflicts, "conflict");
        write!(f, "{there} already there, {conflicts}, {invalid} invalid")
    }
}

/// How a line ended.
enum Outcome {
    Added,
    Replaced,
    AlreadyThere,
    /// The text says what is different.
    Conflict(String),
}

/// A line whose write has ended, well or not.
struct Landed {
    line: u64,
    name: String,
    /// What its hash costs.
    cost: Option<String>,
    outcome: Result<Outcome, Error>,
}

struct Import<'a> {
    table: &'a Table,
    args: &'a ImportArgs,
    rules: Rules,
    json: bool,
    counts: Counts,
    progress: Progress,
    flight: JoinSet<Landed>,
    /// The names being written: two lines of the same name must be written in their order.
    names: HashSet<String>,
    /// How many of the users that it has written have a hash of which cost.
    costs: BTreeMap<String, usize>,
}

/// Imports a file.
pub async fn import(table: &Table, out: Output, args: ImportArgs) -> Result<(), Error> {
    let mut lines = Lines::open(&args.file)?;
    let rules = Rules {
        catalogue: catalogue::get(table).await?,
        capacity: config::function_capacity(&variable),
        keep_stamps: args.keep_stamps,
    };
    let mut import = Import {
        table,
        args: &args,
        rules,
        json: out.json,
        counts: Counts::default(),
        progress: Progress::new(lines.bytes, out.json),
        flight: JoinSet::new(),
        names: HashSet::new(),
        costs: BTreeMap::new(),
    };
    let mut result = import.read(&mut lines).await;
    // Whatever stopped the reading, the writes that have started must end.
    while !import.flight.is_empty() {
        result = import.land().await.and(result);
    }
    import.progress.end();
    let counts = import.counts;
    out.print(&counts, counts)?;
    if !out.json {
        note_costs(&import.costs)?;
    }
    let again = "what was written stays; run the same import again to go on";
    result.map_err(|error| match error {
        Error::Failed(text) => Error::Failed(format!("{text}\n  {again}")),
        other => {
            if !out.json {
                note(again);
            }
            other
        }
    })?;
    match counts.conflicts + counts.invalid {
        0 => Ok(()),
        1 => Err(Error::Failed("1 line was not imported".to_owned())),
        left => Err(Error::Failed(format!("{left} lines were not imported"))),
    }
}

/// Says which hashes were brought that are not by the policy, since they show for a while.
fn note_costs(costs: &BTreeMap<String, usize>) -> Result<(), Error> {
    let policy = config::password_policy(&variable);
    let policy = policy.map_err(|error| Error::Usage(error.to_string()))?;
    for (cost, users) in costs {
        if *cost != policy.to_string() {
            let users = count(*users, "user");
            note(format_args!(
                "{users} with hashes of {cost}, and new ones are {policy}: until they have logged in, the time of a refused login \
                 tells who they are; docs/operating.md, \"What passwords cost\", has the way out"
            ));
        }
    }
    Ok(())
}

impl Import<'_> {
    async fn read(&mut self, lines: &mut Lines) -> Result<(), Error> {
        loop {
            let line = match lines.next().await? {
                Next::Line(line) => line,
                Next::End => return Ok(()),
                Next::Stop => return Err(Error::Failed("stopped by Ctrl-C".to_owned())),
            };
            let counts = self.counts;
            self.progress.at(line.end, || counts.so_far());
            match line.text.and_then(|text| line::read(&text, &self.rules)) {
                Ok(record) => self.launch(line.number, record).await?,
                Err(problem) => self.invalid(line.number, &problem)?,
            }
        }
    }

    /// Starts to write a user, as soon as fewer than `concurrency` writes are running.
    async fn launch(&mut self, line: u64, read: line::Read) -> Result<(), Error> {
        let most = self.args.concurrency.into();
        let name = read.account.record.user.username.clone();
        let cost = PasswordHash::parse(&read.account.password_hash).ok();
        let cost = cost.map(|hash| hash.cost().to_string());
        while self.flight.len() >= most || self.names.contains(&name) {
            self.land().await?;
        }
        self.names.insert(name.clone());
        let (table, replace) = (self.table.clone(), self.args.replace);
        self.flight.spawn(async move {
            let outcome = patiently(|| write(&table, &read, replace)).await;
            Landed {
                line,
                name,
                cost,
                outcome,
            }
        });
        Ok(())
    }

    /// Waits until one of the started writes has ended.
    async fn land(&mut self) -> Result<(), Error> {
        let Some(landed) = self.flight.join_next().await else {
            return Ok(());
        };
        let landed = landed.map_err(|error| Error::Failed(error.to_string()))?;
        self.names.remove(&landed.name);
        let outcome = landed.outcome?;
        if let (Outcome::Added | Outcome::Replaced, Some(cost)) = (&outcome, landed.cost) {
            *self.costs.entry(cost).or_default() += 1;
        }
        match outcome {
            Outcome::Added => self.counts.added += 1,
            Outcome::Replaced => self.counts.replaced += 1,
            Outcome::AlreadyThere => self.counts.already_there += 1,
            Outcome::Conflict(what) => {
                self.counts.conflicts += 1;
                let name = landed.name;
                self.report(landed.line, &format!("{name:?} {what}"));
            }
        }
        Ok(())
    }

    fn invalid(&mut self, line: u64, problem: &str) -> Result<(), Error> {
        self.counts.invalid += 1;
        if self.args.keep_going {
            self.report(line, problem);
            return Ok(());
        }
        Err(Error::Failed(format!(
            "{}: line {line}: {problem}\n  correct it, or pass over such lines with --keep-going",
            self.args.file
        )))
    }

    fn report(&self, line: u64, problem: &str) {
        let file = &self.args.file;
        if self.json {
            let text = format!("{file}: line {line}: {problem}");
            note(json!({ "line": line, "error": text }));
        } else {
            self.progress
                .note(&format!("{file}: line {line}: {problem}"));
        }
    }
}

/// Repeats a write that is throttled.
pub async fn patiently<T, F>(write: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    for wait in 0..MOST_WAITS {
        match write().await {
            Err(Error::Throttled(_)) => sleep(Duration::from_secs(1 << wait)).await,
            other => return other,
        }
    }
    write().await
}

async fn write(table: &Table, read: &line::Read, replace: bool) -> Result<Outcome, Error> {
    // A new stamp, unless the file's are kept: else tokens would be valid again that were ended after the
    // export, or that another user of this name had.
    let line = &read.account;
    let mut new = line.clone();
    new.record.user.stamp.get_or_insert_with(Stamp::random);
    if store::add(table, &new).await? {
        return Ok(Outcome::Added);
    }
    let name = &line.record.user.username;
    let there = match store::account(table, name).await {
        Ok(Some(there)) => there,
        Ok(None) => return not_added(table, line).await,
        Err(Error::Unreadable(error)) => {
            return Ok(conflict(format!("but cannot be read: {error}")));
        }
        Err(error) => return Err(error),
    };
    let (ours, theirs) = (&line.record.user.id, &there.record.user.id);
    if read.has_id && ours != theirs {
        let (ours, theirs) = (ours.as_str(), theirs.as_str());
        return Ok(conflict(format!(
            "with the id {theirs:?}, which stays; the line has {ours:?}"
        )));
    }
    let differences = line::differences(line, &there);
    let what = match differences.as_slice() {
        [] => return Ok(Outcome::AlreadyThere),
        differences if !replace => format!("and differs in {}", differences.join(", ")),
        // A user who was disabled after the export does not come back by it.
        _ if there.record.user.disabled && !line.record.user.disabled => {
            format!("and disabled, unlike in the file; first: users enable {name:?}")
        }
        _ if store::replace(table, &there.record, &new).await? => return Ok(Outcome::Replaced),
        _ => MEANWHILE.to_owned(),
    };
    Ok(conflict(what))
}

fn conflict(what: impl fmt::Display) -> Outcome {
    Outcome::Conflict(format!("is there already, {what}"))
}

/// Why a user was not added whose name nobody has.
async fn not_added(table: &Table, line: &AccountRecord) -> Result<Outcome, Error> {
    let user = &line.record.user;
    let id = user.id.as_str();
    let holder = store::holder(table, &user.id).await?;
    let holder = match holder {
        None if user.has_own_id() && store::get(table, id).await?.is_some() => Some(id.to_owned()),
        holder => holder.filter(|holder| *holder != user.username),
    };
    match holder {
        Some(holder) => Ok(Outcome::Conflict(format!(
            "was not added: the id {id:?} is, or was, that of {holder:?}"
        ))),
        None => Ok(conflict(MEANWHILE)),
    }
}

/// What is in the way if others write the same user.
const MEANWHILE: &str = "and others change it; run the import again";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::tests::BESIDE_THE_BAR;

    fn counts(numbers: [usize; 5]) -> Counts {
        let [added, replaced, already_there, conflicts, invalid] = numbers;
        Counts {
            added,
            replaced,
            already_there,
            conflicts,
            invalid,
        }
    }

    #[test]
    fn what_comes_to_nothing_is_left_out_on_the_way_but_for_what_was_added() {
        for (numbers, expected) in [
            ([0, 0, 0, 0, 0], "0 added"),
            ([7, 0, 0, 0, 0], "7 added"),
            ([7, 0, 3, 1, 0], "7 added, 3 there, 1 conflict"),
            (
                [0, 2, 0, 2, 1],
                "0 added, 2 replaced, 2 conflicts, 1 invalid",
            ),
        ] {
            assert_eq!(counts(numbers).so_far(), expected);
        }
    }

    #[test]
    fn millions_fit_beside_the_bar_and_much_of_everything_into_a_line() {
        let millions = counts([9_999_999, 0, 9_999_999, 99, 9]).so_far();
        assert!(millions.len() <= BESIDE_THE_BAR, "{millions}");
        let everything = counts([999_999; 5]).so_far();
        assert!(everything.len() <= 80, "{everything}");
    }

    #[test]
    fn one_conflict_is_singular() {
        assert_eq!(
            counts([1, 0, 1, 1, 1]).to_string(),
            "1 added, 1 already there, 1 conflict, 1 invalid"
        );
    }
}
