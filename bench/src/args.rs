//! The command line and its help.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// What functions cost: drives them as Lambda would, on this machine.
#[derive(Debug, Parser)]
#[command(name = "bench", version, max_term_width = 100)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure this project's functions, the floors and the peers; check the budgets
    Suite(SuiteArgs),
    /// Measure one program that speaks to Lambda's Runtime API
    #[command(after_help = "Example:
  bench drive .aws-sam/build/UsersMeFunction/bootstrap --event events/users-me.json \\
    --env-file events/env.json --cpu-share 7.2")]
    Drive(DriveArgs),
}

/// What the suite needs, and where it writes.
#[derive(Debug, clap::Args)]
pub struct SuiteArgs {
    /// Where `sam build` put the functions
    #[arg(long, value_name = "DIR", default_value = ".aws-sam/build")]
    pub functions: PathBuf,
    /// An older build, to be measured in the same run
    #[arg(long, value_name = "DIR")]
    pub before: Option<PathBuf>,
    /// The Python that has FastAPI, Mangum and awslambdaric; without it FastAPI is not measured
    #[arg(long, value_name = "FILE")]
    pub peer: Option<PathBuf>,
    /// Node.js, for the bundles in bench/peers/dist; without it no peer in Node.js is measured
    #[arg(long, value_name = "FILE")]
    pub node: Option<PathBuf>,
    /// The program local-dynamodb; without it nothing is measured on DynamoDB
    #[arg(long, value_name = "FILE")]
    pub dynamodb: Option<PathBuf>,
    /// The floors, as `cargo lambda build` lays them [default: ../lambda beside this program]
    #[arg(long, value_name = "DIR")]
    pub floors: Option<PathBuf>,
    /// The command `users`, which makes the keys [default: beside this program]
    #[arg(long, value_name = "FILE")]
    pub users: Option<PathBuf>,
    /// Begin no round after so many seconds; three rounds are measured in any case
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub seconds: u64,
    /// The share of a CPU for the first request on DynamoDB: 7.2 is what 128 MB of memory buys
    #[arg(long, value_name = "PERCENT", default_value_t = 7.2)]
    pub cpu_share: f64,
    /// Write the whole report, in Markdown
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Write every sample, a JSON object each line
    #[arg(long, value_name = "FILE")]
    pub jsonl: Option<PathBuf>,
    /// Write the chart against the peers
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// What to drive, and how.
#[derive(Debug, clap::Args)]
pub struct DriveArgs {
    /// The program
    pub program: PathBuf,
    /// Its arguments
    pub arguments: Vec<String>,
    /// The event that it gets; its answer must be a 200
    #[arg(long, value_name = "FILE")]
    pub event: PathBuf,
    /// A file with variables, as `sam local invoke --env-vars` takes it
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// A variable of its environment
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub environment: Vec<String>,
    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub rounds: usize,
    /// Fresh processes in a round
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub starts: usize,
    /// Invocations in a round
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub invocations: usize,
    /// After INIT, no more of a CPU than this; 7.2 is what 128 MB of memory buys
    #[arg(long, value_name = "PERCENT")]
    pub cpu_share: Option<f64>,
    /// Print JSON lines instead of a table
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn clap_finds_no_fault_with_it() {
        Args::command().debug_assert();
    }
}
