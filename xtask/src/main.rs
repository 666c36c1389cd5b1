//! The chores of the project, one command each.

mod bench;
mod browser;
mod cargo;
mod ci;
mod command;
mod console;
mod contracts;
mod debian;
mod demo;
mod engine;
mod images;
mod leftovers;
mod locate;
mod minimum;
mod python;
mod ready;
mod runsc;
mod steps;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Seatrial's chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Finds, starts or ends a container engine.
    #[command(subcommand)]
    Engine(EngineChore),
    /// Builds the test images on the engine; what has not changed is not built again.
    Images {
        /// Which ones, with those that they are built from; all if none is named.
        names: Vec<String>,
    },
    /// Runs all tests on an engine, then looks for what they left there.
    Test(test::Options),
    /// Runs every check that a change must pass.
    Ci,
    /// Writes the tests columns of `docs/contracts.md` from the tests' doc comments.
    Contracts,
    /// Checks the rules of the house: the floors of the library, import circles, the form of files.
    Tidy(tidy::Options),
    /// Runs the library's demo, and CPython's own tests in a pool of containers.
    Demo(demo::Options),
    /// Runs the benchmarks.
    Bench(bench::Options),
}

#[derive(Debug, Subcommand)]
enum EngineChore {
    /// Says which engine answers; where none does, starts a private one (as root on Debian or Ubuntu).
    Up {
        /// Starts a private one even if another answers.
        #[arg(long)]
        private: bool,
        /// A private one with this runtime.
        #[arg(long, value_enum)]
        runtime: Option<engine::Runtime>,
    },
    /// Ends the private engine and removes everything of it; no other engine is touched.
    Down,
    /// Says which engine the other commands use, and why none of those before it.
    Status,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().chore).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(chore: Chore) -> Result<()> {
    match chore {
        Chore::Engine(EngineChore::Up { private, runtime }) => {
            let engine = engine::up(runtime, private).await?;
            println!("{}", engine.endpoint.url);
            Ok(())
        }
        Chore::Engine(EngineChore::Down) => engine::down().await,
        Chore::Engine(EngineChore::Status) => engine::status().await,
        Chore::Images { names } => {
            let plan = images::Plan::read(&workspace::images(), &names)?;
            let engine = engine::up(None, false).await?;
            images::ensure(&engine.docker, &plan).await
        }
        Chore::Test(options) => test::test(&options).await,
        Chore::Ci => ci::ci().await,
        Chore::Contracts => contracts::contracts(),
        Chore::Tidy(options) => tidy::tidy(&options),
        Chore::Demo(options) => demo::demo(&options).await,
        Chore::Bench(options) => bench::bench(&options).await,
    }
}
