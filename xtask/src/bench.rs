//! `bench`: a program of a workspace of its own, run on an engine with the images.

use std::process::Command;

use anyhow::Result;

use crate::{command, console, ready, workspace};

/// Runs the benchmarks, which are a workspace of their own.
///
/// # Errors
/// If there is no engine, or the benchmarks fail.
pub(crate) async fn bench(args: &[String]) -> Result<()> {
    let engine = ready::engine_with_images(None).await?;
    let mut cargo = Command::new("cargo");
    let run = ["run", "--release", "--manifest-path", "bench/Cargo.toml", "--"];
    cargo.current_dir(workspace::root()).args(run).args(args);
    engine.pass_on(&mut cargo);
    console::step(&format!("cargo {}", run.join(" ")));
    tokio::task::spawn_blocking(move || command::run(&mut cargo)).await?
}
