//! The command `seatrial`, its subcommands and their exit codes.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use seatrial_runner::{Error, Result, chain};

use super::{args, ci, doctor, run, sweep};

/// The exit code of a request that is refused; clap's own too.
const REFUSED: u8 = 2;
/// The exit code after a failure of the engine.
const ENGINE: u8 = 3;
/// The exit code after a report that could not be written.
const REPORT: u8 = 5;

/// Runs many cases, each a command in one of a few containers, and removes leftovers of tests from an engine.
#[derive(Debug, Parser)]
#[command(name = "seatrial", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs cases in a pool of containers; a case that fails is retried alone, in a fresh container.
    Run(Box<args::RunArgs>),
    /// Lists the leftovers of dead sessions on the engine, and removes them on request.
    Sweep(sweep::SweepArgs),
    /// Checks everything that Seatrial needs, and says what to do about whatever is missing.
    Doctor(doctor::DoctorArgs),
    /// Prints a script that completes this command's options in a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, to be shown by `man -l -`.
    Man {
        /// The command to describe. Default: all together.
        command: Option<String>,
    },
}

/// Carries out the command line, and returns the exit code.
pub(crate) async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(args) => run::run(*args).await,
        Command::Sweep(args) => sweep::sweep(&args).await,
        Command::Doctor(args) => doctor::doctor(&args).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "seatrial", &mut std::io::stdout());
            Ok(0)
        }
        Command::Man { command } => man(command.as_deref()),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{}", ci::printed(&format!("error: {}", chain(&error))));
            ExitCode::from(match error {
                error if error.is_invalid() => REFUSED,
                error if error.is_report() => REPORT,
                _ => ENGINE,
            })
        }
    }
}

/// Prints the manual page of a command, or of all.
fn man(of: Option<&str>) -> Result<u8> {
    let mut command = Cli::command();
    command.build();
    let command = match of {
        None => command,
        Some(name) => command.find_subcommand(name).cloned().ok_or_else(|| {
            Error::invalid(format!("there is no command `{name}`; `seatrial --help` lists them"))
        })?,
    };
    match clap_mangen::Man::new(command).render(&mut std::io::stdout()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::invalid("the manual page can't be printed").with_source(error))
        }
        _ => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
