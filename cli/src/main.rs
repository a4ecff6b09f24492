//! Runs the `users` command; what it does is in `lib.rs`.

use std::process::ExitCode;

use clap::Parser;
use users::args::Args;
use users::{commands, output};

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return output::usage(&error),
    };
    let json = args.json;
    match commands::run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failure(&error, json),
    }
}
