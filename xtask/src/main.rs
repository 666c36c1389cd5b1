//! The commands that developers of Seatrial run: `cargo xtask COMMAND`.

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
mod on_engines;
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

/// Development commands of Seatrial.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Finds, starts or stops a container engine.
    #[command(subcommand)]
    Engine(engine::Chore),
    /// Builds the test images on the engine, unless they are up to date.
    Images {
        /// The images to build, together with those that they are built from [default: all].
        names: Vec<String>,
        /// Copies them to this engine too, which was started by `engine up NAME`.
        #[arg(long, value_name = "NAME")]
        engine: Option<String>,
    },
    /// Runs the tests on an engine, then checks that they left nothing behind.
    Test(test::Options),
    /// Runs all checks that a change must pass.
    Ci,
    /// Writes the tests columns of `docs/contracts.md` from the tests' doc comments.
    Contracts,
    /// Checks the rules for source files: the floors of the library, import circles, file sizes and others.
    Tidy(tidy::Options),
    /// Runs the library's demo, then CPython's test suite in a pool of containers.
    Demo(demo::Options),
    /// Runs the benchmarks.
    Bench(bench::Options),
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
        Chore::Engine(chore) => engine::run(chore).await,
        Chore::Images { names, engine } => images::images(&names, engine.as_deref()).await,
        Chore::Test(options) => test::test(&options).await,
        Chore::Ci => ci::ci().await,
        Chore::Contracts => contracts::contracts(),
        Chore::Tidy(options) => tidy::tidy(&options),
        Chore::Demo(options) => demo::demo(&options).await,
        Chore::Bench(options) => bench::bench(&options).await,
    }
}
