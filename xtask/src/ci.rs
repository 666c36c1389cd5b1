//! `ci`: every check that a change must pass, in the order of what fails fastest.

use std::process::{Command, Stdio};

use anyhow::Result;

use crate::steps::Steps;
use crate::{command, console, minimum, test, tools, workspace};

/// Runs all checks; the first that fails ends it.
///
/// # Errors
/// Of the step that failed.
pub(crate) async fn ci() -> Result<()> {
    let mut steps = Steps::new();
    steps.run("fmt", cargo(&["fmt", "--all", "--check"], &[])).await?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    steps.run("clippy", cargo(&clippy, &[])).await?;
    let default = ["clippy", "-p", "seatrial", "--all-targets", "--", "-D", "warnings"];
    steps.run("clippy, default features", cargo(&default, &[])).await?;
    let doc = ["doc", "--workspace", "--no-deps", "--all-features"];
    steps.run("doc", cargo(&doc, &[("RUSTDOCFLAGS", "-D warnings")])).await?;
    steps.run("deny", deny()).await?;
    steps.run("minimum version", async { minimum::check() }).await?;
    // In a folder of its own: with other flags everything is built anew.
    let loom = ["test", "-p", "seatrial", "--lib", "--target-dir", "target/loom", "interleavings"];
    steps.run("interleavings", cargo(&loom, &[("RUSTFLAGS", "--cfg seatrial_loom")])).await?;
    steps.run("test --nextest", test::test(&test::Options::of_ci())).await?;
    steps.run("doc tests", test::test(&test::Options::of_documentation())).await?;
    steps.run("test, one process", test::test(&test::Options::in_one_process())).await?;
    steps.finish();
    Ok(())
}

/// Licences, sources and bans always; advisories where their database can be had.
async fn deny() -> Result<()> {
    tools::ensure("cargo-deny")?;
    cargo(&["deny", "check", "bans", "licenses", "sources"], &[]).await?;
    if can_fetch_advisories() {
        cargo(&["deny", "check", "advisories"], &[]).await
    } else {
        console::warn("advisories were not checked: their database cannot be fetched here");
        Ok(())
    }
}

fn can_fetch_advisories() -> bool {
    let mut fetch = Command::new("cargo");
    fetch.current_dir(workspace::root()).args(["deny", "fetch", "db"]);
    fetch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    fetch.status().is_ok_and(|status| status.success())
}

async fn cargo(arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace::root()).args(arguments).envs(environment.iter().copied());
    tokio::task::spawn_blocking(move || command::run(&mut cargo)).await?
}
