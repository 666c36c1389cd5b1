//! Builds programs of the project that are measured as processes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Builds a program of the project's workspace with Cargo, and returns its path.
pub(crate) fn build(arguments: &[&str], flags: Option<&str>) -> Result<PathBuf> {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    cargo.args(["build", "--quiet", "--message-format=json-render-diagnostics"]).args(arguments);
    if let Some(flags) = flags {
        cargo.env("RUSTFLAGS", flags);
    }
    let output = cargo.stderr(Stdio::inherit()).output().context("cargo could not be run")?;
    ensure!(output.status.success(), "it can't be built: cargo build {}", arguments.join(" "));
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo names no program")
}
