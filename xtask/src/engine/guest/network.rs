//! The network namespace of a guest engine.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::command;

/// Creates a network namespace that has only loopback. An existing one is kept.
///
/// Two engines in one namespace would remove each other's packet filter rules.
///
/// # Errors
/// Fails if `ip` does.
pub(crate) fn make(name: &str) -> Result<()> {
    if !exists(name) {
        command::quiet(Command::new("ip").args(["netns", "add", name]))?;
    }
    command::quiet(Command::new("ip").args(["-netns", name, "link", "set", "lo", "up"]))
}

/// Removes a network namespace. A missing one is no error.
///
/// # Errors
/// Fails if `ip` does.
pub(crate) fn remove(name: &str) -> Result<()> {
    if exists(name) {
        command::quiet(Command::new("ip").args(["netns", "delete", name]))?;
    }
    Ok(())
}

fn exists(name: &str) -> bool {
    Path::new("/run/netns").join(name).exists()
}
