//! `bench`: runs the benchmarks, which are a workspace of their own.

use anyhow::Result;

use crate::cargo::cargo;
use crate::engine::Runtime;
use crate::{command, console, ready};

/// Options of `cargo xtask bench`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Runs the containers with this runtime, on a private engine that has it; for the scenario `cases`.
    #[arg(long, value_enum)]
    runtime: Option<Runtime>,
    /// Arguments for the benchmark program.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Runs the benchmarks on an engine that has the images.
///
/// # Errors
/// Fails if there is no engine, or the benchmarks fail.
pub(crate) async fn bench(options: &Options) -> Result<()> {
    let engine = ready::engine_with_images(options.runtime).await?;
    let run = ["run", "--release", "--manifest-path", "bench/Cargo.toml", "--"];
    let mut cargo = cargo(&run);
    cargo.args(&options.args);
    engine.pass_on(&mut cargo);
    if let Some(runtime) = options.runtime {
        runtime.pass_on(&mut cargo);
    }
    console::step(&format!("cargo {}", run.join(" ")));
    tokio::task::spawn_blocking(move || command::run(&mut cargo)).await?
}
