//! Installs the subcommands of Cargo that are needed and missing.

use std::process::Command;

use anyhow::{Context, Result};

use crate::{command, console};

/// Installs a tool from crates.io, unless it is installed.
///
/// # Errors
/// Fails if it cannot be installed.
pub(crate) fn ensure(tool: &str) -> Result<()> {
    if command::exists(tool) || in_cargo_home(tool) {
        return Ok(());
    }
    // An optimized build takes minutes, and the tool runs for seconds.
    let install = ["install", "--locked", "--profile", "dev", tool];
    console::step(&format!("{tool} is missing: installing it with `cargo {}`", install.join(" ")));
    command::run(Command::new("cargo").args(install).env("CARGO_PROFILE_DEV_DEBUG", "none"))
        .with_context(|| format!("failed to install {tool}; install it by hand, then try again"))
}

/// Returns `true` if the tool is in Cargo's own `bin` folder, where Cargo finds it even if `PATH` does not have it.
fn in_cargo_home(tool: &str) -> bool {
    let home = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    let home = home.or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    home.is_some_and(|home| home.join("bin").join(tool).is_file())
}
