//! The service as `make dev` runs it: on the socket that is its standard input, until a file is saved.
//!
//!     serve SAVED first|again [FILE...]

use std::env;
use std::process::ExitCode;

use dev::saved::{Files, Saved};
use service::development::{self, Failure, Fresh};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [saved, round, files @ ..] = arguments.as_slice() else {
        eprintln!("Error: `make dev` starts this program");
        return ExitCode::from(2);
    };
    let files = Files::and(files.iter().cloned());
    let saved = Saved::told(saved);
    match development::run(Fresh::new(files, saved), round == "first") {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            match failure {
                Failure::Configuration(_) => ExitCode::from(dev::NOT_CONFIGURED),
                Failure::Template(_) | Failure::System(_) => ExitCode::FAILURE,
            }
        }
    }
}
