//! The benchmark: drives functions as Lambda would, and says what they cost.
//!
//! - `suite`: the candidates: programs, events, kinds of requests, peers;
//! - `measure`, `function`: processes behind an emulated Runtime API, and their figures;
//! - `store`, `seed`, `server`: a local DynamoDB behind TLS, its users and sessions, the count of its requests;
//! - `results`, `cost`: medians, ratios, dollars;
//! - `report`, `chart`: the document and its chart; performance.md has the budgets.

mod chart;
mod cost;
mod function;
mod measure;
mod report;
mod results;
mod seed;
mod server;
mod store;
mod suite;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use crate::function::now;
use crate::report::Report;
use crate::results::Results;
use crate::suite::Suite;

/// Measures what functions cost, on this machine and without AWS.
#[derive(Debug, Parser)]
#[command(name = "bench", version, max_term_width = 100)]
enum Command {
    /// Measure everything, and write the report
    Run(Args),
    /// Add users like johndoe to a local DynamoDB, with sessions like one of johndoe's
    Seed(seed::Seed),
}

/// The command line of `bench run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Begin no round after so many seconds; three rounds are measured in any case
    #[arg(long, value_name = "N", default_value_t = 150)]
    seconds: u64,
    /// Where `sam build` put the functions
    #[arg(long, value_name = "DIR", default_value = ".aws-sam/build")]
    functions: PathBuf,
    /// The Python that has FastAPI, Mangum and awslambdaric; without it FastAPI is not measured
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// Node.js, for the bundles in bench/peers/dist; without it no peer in Node.js is measured
    #[arg(long, value_name = "FILE")]
    node: Option<PathBuf>,
    /// Write performance.md and performance.svg there
    #[arg(long, value_name = "DIR")]
    docs: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    match Command::parse() {
        Command::Run(args) => run(&args).await,
        Command::Seed(seed) => seed.run().await,
    }
}

async fn run(args: &Args) -> Result<()> {
    eprintln!("bench: filling a store");
    let suite = Suite::prepare(args).await?;
    let (results, rounds) = rounds(&suite, Duration::from_secs(args.seconds)).await?;
    let chart = chart::svg(&results)?;
    let text = Report::new(results, rounds)?.markdown();
    print!("{text}");
    if let Some(docs) = &args.docs {
        fs::write(docs.join("performance.md"), text)?;
        fs::write(docs.join("performance.svg"), chart)?;
    }
    Ok(())
}

/// Measures each candidate once in every round, so that a slow minute of the machine slows all of them alike.
async fn rounds(suite: &Suite, time: Duration) -> Result<(Results, usize)> {
    let (start, mut results, mut rounds) = (now(), Results::default(), 0);
    while rounds < 3 || now() - start < time {
        rounds += 1;
        eprintln!("bench: round {rounds}, {:.0?}", now() - start);
        let (store, kinds) = suite.kinds(rounds).await?;
        for candidate in kinds.iter().chain(&suite.candidates) {
            results.add(&candidate.name, candidate.round().await?);
        }
        if rounds == 1 {
            suite.commands(&store, &mut results).await?;
        }
    }
    suite.largest(&mut results)?;
    eprintln!("bench: 300,000 requests");
    for candidate in &suite.candidates {
        if ["hello", "read"].contains(&&*candidate.name) {
            results.add(&candidate.name, candidate.growth().await?);
        }
    }
    Ok((results, rounds))
}
