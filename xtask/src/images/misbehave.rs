//! Our own program for the `misbehave` image: a static binary for the engine's architecture.

use std::process::Command;

use anyhow::{Context, Result, bail};
use bollard::Docker;
use serde_json::Value;

use super::folder::File;
use crate::{command, console, workspace};

const PACKAGE: &str = "seatrial-misbehave";

/// Builds the program and gives it back as a file for the build context.
///
/// # Errors
/// If the engine's architecture has no target here, or the build fails.
pub(crate) async fn program(docker: &Docker) -> Result<File> {
    let version = docker.version().await.context("failed to ask the engine for its architecture")?;
    let target = target(&version.arch.unwrap_or_default())?;
    console::step(&format!("building {PACKAGE} for {target}"));
    let path = tokio::task::spawn_blocking(move || build(target)).await??;
    let content = std::fs::read(&path).with_context(|| format!("failed to read `{path}`"))?;
    Ok(File { path: "misbehave".into(), executable: true, content })
}

/// The target for an architecture as Docker (`amd64`) or the kernel (`x86_64`) names it.
fn target(architecture: &str) -> Result<&'static str> {
    match architecture {
        "amd64" | "x86_64" => Ok("x86_64-unknown-linux-gnu"),
        "arm64" | "aarch64" => Ok("aarch64-unknown-linux-gnu"),
        other => bail!("the engine runs on `{other}`; the program is built for amd64 and arm64 only"),
    }
}

/// Runs cargo and gives back the program's path.
fn build(target: &str) -> Result<String> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace::root());
    cargo.args(["build", "--quiet", "--release", "--package", PACKAGE, "--target", target]);
    cargo.arg("--message-format=json-render-diagnostics");
    cargo.env("RUSTFLAGS", "-C target-feature=+crt-static -C strip=symbols");
    let messages = command::output(&mut cargo).with_context(|| {
        format!("failed to build {PACKAGE}; if the target is missing: `rustup target add {target}`")
    })?;
    String::from_utf8_lossy(&messages)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(str::to_owned))
        .with_context(|| format!("cargo built {PACKAGE} but named no program"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_architectures_have_targets_or_a_clear_error() {
        assert_eq!(target("amd64").expect("a target"), "x86_64-unknown-linux-gnu");
        assert!(target("s390x").expect_err("none").to_string().contains("`s390x`"));
    }
}
