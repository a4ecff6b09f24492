//! `bench`: see `bench --help`.

use std::process::ExitCode;

use bench::args::{Args, Command};
use bench::commands;
use clap::Parser;

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Suite(args) => commands::suite(&args),
        Command::Drive(args) => commands::drive(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
