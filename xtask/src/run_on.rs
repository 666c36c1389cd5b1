//! `demo` and `bench`: programs of the workspace, run on an engine with the images.

use std::process::Command;

use anyhow::Result;

use crate::{command, console, ready, workspace};

/// Runs the library's demo.
///
/// # Errors
/// If there is no engine, or the demo fails.
pub(crate) async fn demo() -> Result<()> {
    cargo(&["run", "--package", "seatrial", "--example", "demo"], &[]).await
}

/// Runs the benchmarks, which are a workspace of their own.
///
/// # Errors
/// If there is no engine, or the benchmarks fail.
pub(crate) async fn bench(args: &[String]) -> Result<()> {
    cargo(&["run", "--release", "--manifest-path", "bench/Cargo.toml", "--"], args).await
}

async fn cargo(first: &[&str], then: &[String]) -> Result<()> {
    let engine = ready::engine_with_images(None).await?;
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace::root()).args(first).args(then);
    engine.pass_on(&mut cargo);
    console::step(&format!("cargo {}", first.join(" ")));
    tokio::task::spawn_blocking(move || command::run(&mut cargo)).await?
}
