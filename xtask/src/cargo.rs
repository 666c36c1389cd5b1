//! Runs Cargo at the root of the workspace.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{command, workspace};

/// Creates a Cargo command with these arguments.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace::root()).args(arguments);
    for name in package_variables() {
        cargo.env_remove(name);
    }
    cargo
}

/// Returns the names of the variables that Cargo sets for the running package. A child Cargo must not inherit them:
/// some build scripts depend on them, and would run again each time they differ.
fn package_variables() -> impl Iterator<Item = String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
}

/// Builds a program with Cargo and returns its path.
///
/// # Errors
/// Fails if the build fails or produces no program.
pub(crate) fn build_program(arguments: &[&str], environment: &[(&str, &str)]) -> Result<String> {
    // Arguments after `--` are for the compiler.
    let own = arguments.iter().take_while(|&&word| word != "--").count();
    let (own, rest) = arguments.split_at(own);
    let mut cargo = cargo(own);
    cargo.arg("--message-format=json-render-diagnostics").args(rest).envs(environment.iter().copied());
    let messages = command::output(&mut cargo)?;
    String::from_utf8_lossy(&messages)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(str::to_owned))
        .with_context(|| format!("`cargo {}` built no program", arguments.join(" ")))
}
