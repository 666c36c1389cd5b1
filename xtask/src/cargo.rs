//! Cargo, run at the root of the workspace.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{command, workspace};

/// Cargo with these arguments.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace::root()).args(arguments);
    for name in of_a_package() {
        cargo.env_remove(name);
    }
    cargo
}

/// What cargo has told us of our own package. Passed on to cargo it would pass for a change of what some build scripts
/// depend on, and they and all that needs them would be built anew, from each package in turn.
fn of_a_package() -> impl Iterator<Item = String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
}

/// Has cargo build a program and gives back its path.
///
/// # Errors
/// If it can't be built, or is none.
pub(crate) fn build_program(arguments: &[&str], environment: &[(&str, &str)]) -> Result<String> {
    // What stands behind `--` goes to the compiler.
    let own = arguments.iter().take_while(|&&word| word != "--").count();
    let (own, rest) = arguments.split_at(own);
    let mut cargo = cargo(own);
    cargo.arg("--message-format=json-render-diagnostics").args(rest).envs(environment.iter().copied());
    let messages = command::output(&mut cargo)?;
    String::from_utf8_lossy(&messages)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(str::to_owned))
        .with_context(|| format!("`cargo {}` named no program", arguments.join(" ")))
}
