//! The command line.

mod args;
mod doctor;
mod run;
mod signals;
mod sweep;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use seatrial_runner::{Error, Result, chain};

/// The exit code of what was refused before anything was run; clap's own too.
const REFUSED: u8 = 2;
/// The exit code of what the engine failed.
const ENGINE: u8 = 3;

/// Runs many cases, each a command in one of a few containers, and looks after what tests leave on an engine.
#[derive(Debug, Parser)]
#[command(name = "seatrial", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs cases in a pool of containers; what fails beside others is tried again alone.
    Run(Box<args::RunArgs>),
    /// Lists what dead sessions have left on the engine, and removes it on request.
    Sweep(sweep::SweepArgs),
    /// Looks whether all that Seatrial needs is there, and says what to do about what is not.
    Doctor(doctor::DoctorArgs),
    /// Prints a script that completes this command's options in a shell.
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, to be shown by `man -l -`.
    Man {
        /// Of which of the commands; of all together if none is named.
        command: Option<String>,
    },
}

/// Does what the command line says.
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
            eprintln!("error: {}", chain(&error));
            ExitCode::from(if error.is_invalid() { REFUSED } else { ENGINE })
        }
    }
}

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
