//! Measures Seatrial, its peers and the raw engine API in one run, and prints Markdown.

mod child;
mod context;
mod fleet;
mod header;
mod options;
mod ours;
mod peer;
mod peer_pools;
mod program;
mod raw;
mod reaper;
mod rounds;
mod runtime;
mod scenarios;
mod stats;
mod table;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use crate::options::Options;

fn main() -> ExitCode {
    let done = match child::task_of_this_process() {
        Some(task) => task.run(),
        None => scenarios::run_all(&Options::parse()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
