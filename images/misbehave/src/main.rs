//! A program that misbehaves in containers on request: each argument is a step, and steps run in order.
//!
//! `misbehave print-lines 200000 sleep 100ms stamp ready exit 3`; `misbehave --help` lists the steps.

mod files;
mod health;
mod help;
mod http;
mod net;
mod output;
mod run;
mod signals;
mod step;
mod sys;
mod value;

use std::process::ExitCode;

/// The exit code for an invalid command line, as in BSD's `sysexits`.
const EXIT_USAGE: u8 = 64;
/// The exit code for a step that failed, for example because a port was taken or a file was missing.
const EXIT_STEP_FAILED: u8 = 74;

fn main() -> ExitCode {
    signals::set_up_init();
    let args: Vec<String> =
        std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    if args.is_empty() || args.iter().any(|arg| arg == "--help" || arg == "-h") {
        print!("{}", help::text());
        return ExitCode::SUCCESS;
    }
    let steps = match step::parse(&args) {
        Ok(steps) => steps,
        Err(error) => {
            eprintln!("error: {error}\nhint: `misbehave --help` lists the steps");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match run::all(steps) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(EXIT_STEP_FAILED)
        }
    }
}
