//! `make routes`: writes what is missing for the functions that `service` lists. What is there already is
//! never changed, but for files that nobody edits.

use std::process::ExitCode;

use service::wiring::{WiringError, missing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match write().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make routes: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn write() -> Result<(), WiringError> {
    let all = missing().await?;
    for one in &all {
        one.mend()?;
        println!("{}: {}", one.file, one.what);
    }
    if all.is_empty() {
        println!("nothing is missing: every place knows every function");
    }
    Ok(())
}
