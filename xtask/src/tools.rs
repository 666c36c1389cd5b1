//! Cargo's subcommands that the chores need, installed when they are missing.

use std::process::Command;

use anyhow::{Context, Result};

use crate::{command, console};

/// Installs a tool from crates.io unless it is there.
///
/// # Errors
/// If it cannot be installed.
pub(crate) fn ensure(tool: &str) -> Result<()> {
    if command::exists(tool) || in_cargo_home(tool) {
        return Ok(());
    }
    // Not optimized, since that takes minutes, and its work takes seconds.
    let install = ["install", "--locked", "--profile", "dev", tool];
    console::step(&format!("{tool} is missing: installing it with `cargo {}`", install.join(" ")));
    command::run(Command::new("cargo").args(install).env("CARGO_PROFILE_DEV_DEBUG", "none"))
        .with_context(|| format!("failed to install {tool}; install it by hand, then try again"))
}

/// Cargo finds its subcommands there even if `PATH` does not lead there.
fn in_cargo_home(tool: &str) -> bool {
    let home = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    let home = home.or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    home.is_some_and(|home| home.join("bin").join(tool).is_file())
}
