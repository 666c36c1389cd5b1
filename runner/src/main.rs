//! The command `seatrial`: runs cases in containers, and looks after what tests leave on an engine.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // One thread: what runs is in the containers, and what speaks to the engine has a thread of its own.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(cli::main()),
        Err(error) => {
            eprintln!("error: the runtime can't be made: {error}");
            ExitCode::FAILURE
        }
    }
}
