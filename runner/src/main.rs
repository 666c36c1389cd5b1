//! The command `seatrial`: runs cases in containers, and removes leftovers of tests from an engine.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // One thread is enough: cases run in the containers, and the library has a thread of its own for the engine.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(cli::main()),
        Err(error) => {
            eprintln!("error: the async runtime can't be created: {error}");
            ExitCode::FAILURE
        }
    }
}
