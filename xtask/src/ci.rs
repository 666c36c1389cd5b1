//! `ci`: all checks that a change must pass, the fastest first.

use std::process::{Command, Stdio};

use anyhow::Result;

use crate::cargo::{build_program, cargo};
use crate::steps::Steps;
use crate::{command, console, minimum, on_engines, ready, test, tools, workspace};

/// Runs all checks up to the first that fails.
///
/// # Errors
/// Returns the error of the step that failed.
pub(crate) async fn ci() -> Result<()> {
    let steps = Steps::new();
    steps.run("fmt", run(&["fmt", "--all", "--check"], &[])).await?;
    // Building the images is mostly waiting, so the compiler runs at the same time.
    let mut engines = Vec::new();
    let images = async {
        ready::engine_with_images(None).await?;
        engines = on_engines::prepare_smoke().await;
        Ok(())
    };
    tokio::try_join!(checks(&steps), steps.run("images", images))?;
    steps.run("test --nextest", test::test(&test::Options::of_ci())).await?;
    if !engines.is_empty() {
        steps.run("smoke of engines", on_engines::smoke(&engines)).await?;
    }
    steps.run("doc tests", test::test(&test::Options::of_documentation())).await?;
    let in_one_process = test::Options::in_one_process()?;
    let in_one_process = steps.run("test, one process", test::test(&in_one_process));
    tokio::try_join!(in_one_process, steps.run("interleavings", interleavings()))?;
    steps.finish();
    Ok(())
}

/// Runs the checks that need no engine.
async fn checks(steps: &Steps) -> Result<()> {
    let clippy = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    steps.run("clippy", run(&clippy, &[])).await?;
    let default = ["clippy", "-p", "seatrial", "--all-targets", "--", "-D", "warnings"];
    steps.run("clippy, default features", run(&default, &[])).await?;
    let doc = ["doc", "--workspace", "--no-deps", "--all-features"];
    steps.run("doc", run(&doc, &[("RUSTDOCFLAGS", "-D warnings")])).await?;
    steps.run("deny", deny()).await?;
    steps.run("minimum version", async { minimum::check() }).await
}

/// Tests all interleavings of the pool's shell. Cargo adds loom to the build only with this flag, and keeps what it
/// builds so in a folder of its own.
async fn interleavings() -> Result<()> {
    let build = ["test", "-p", "seatrial-pool", "--lib", "--no-run"];
    let folder = workspace::root().join("target/loom").display().to_string();
    tokio::task::spawn_blocking(move || {
        let environment = [("RUSTFLAGS", "--cfg seatrial_loom"), ("CARGO_TARGET_DIR", folder.as_str())];
        let tests = build_program(&build, &environment)?;
        command::run(Command::new(tests).current_dir(workspace::root()).arg("interleavings"))
    })
    .await?
}

/// Checks licenses, sources and bans; and advisories, if their database can be fetched.
async fn deny() -> Result<()> {
    tools::ensure("cargo-deny")?;
    run(&["deny", "check", "bans", "licenses", "sources"], &[]).await?;
    if can_fetch_advisories() {
        run(&["deny", "check", "advisories"], &[]).await
    } else {
        console::warn("advisories were not checked: their database cannot be fetched here");
        Ok(())
    }
}

fn can_fetch_advisories() -> bool {
    let mut fetch = cargo(&["deny", "fetch", "db"]);
    fetch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    fetch.status().is_ok_and(|status| status.success())
}

async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let mut cargo = cargo(arguments);
    cargo.envs(environment.iter().copied());
    tokio::task::spawn_blocking(move || command::run(&mut cargo)).await?
}
