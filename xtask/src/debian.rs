//! Debian's packages: whether we may install them, and doing so.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{command, console};

/// Installs packages, unless this is not our place to do so.
///
/// # Errors
/// If we are not root on Debian or Ubuntu: the error says what to install by hand. Or if `apt-get` failed.
pub(crate) fn install(packages: &[&str], what_for: &str) -> Result<()> {
    let list = packages.join(" ");
    if !is_debian() {
        bail!("{what_for} needs Debian's packages {list}; install what corresponds to them here");
    }
    if !is_root() {
        bail!("{what_for} needs packages; run `sudo apt-get install --no-install-recommends {list}`");
    }
    console::step(&format!("installing {list} with apt-get, for {what_for}"));
    apt(&["update"])
        .and_then(|()| apt(&[&["install", "-y", "--no-install-recommends"], packages].concat()))
        .with_context(|| format!("failed to install {list}; try it by hand, then again"))
}

/// Whether we are root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether this is Debian or something made from it.
fn is_debian() -> bool {
    command::exists("apt-get")
        && std::fs::read_to_string("/etc/os-release").is_ok_and(|text| names_debian(&text))
}

fn apt(arguments: &[&str]) -> Result<()> {
    command::quiet(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Whether an `os-release` file says Debian or Ubuntu, in its id or in what it is like.
fn names_debian(os_release: &str) -> bool {
    os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split_whitespace())
        .any(|id| matches!(id, "debian" | "ubuntu"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_its_like_are_told_from_others() {
        assert!(names_debian("NAME=x\nID=debian\n"));
        assert!(names_debian("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!names_debian("ID=fedora\nNAME=\"not debian\"\n"));
    }
}
