//! Installs packages on Debian and Ubuntu.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{command, console};

/// The options of `dpkg` that leave out the files that no fixture and no engine reads; they are half of the size.
pub(crate) const LEFT_OUT: [&str; 6] = [
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/lintian/*",
];

/// Installs packages with `apt-get`. `what_for` stands in the messages.
///
/// # Errors
/// Fails if this is not Debian or Ubuntu, the user is not root, or `apt-get` fails. The error says what to install by
/// hand.
pub(crate) fn install(packages: &[&str], what_for: &str) -> Result<()> {
    let list = packages.join(" ");
    if !is_debian() {
        bail!(
            "{what_for} needs the Debian packages {list}; install the packages of this system that correspond to them"
        );
    }
    if !is_root() {
        bail!("{what_for} needs packages; run `sudo apt-get install --no-install-recommends {list}`");
    }
    console::step(&format!("installing {list} with apt-get, for {what_for}"));
    apt(&["update"])
        .and_then(|()| apt(&[&["install", "-y", "--no-install-recommends"], packages].concat()))
        .with_context(|| format!("failed to install {list}; install them by hand, then run this again"))
}

/// Returns `true` if the process runs as root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Returns `true` on Debian and on systems derived from it.
fn is_debian() -> bool {
    command::exists("apt-get")
        && std::fs::read_to_string("/etc/os-release").is_ok_and(|text| names_debian(&text))
}

fn apt(arguments: &[&str]) -> Result<()> {
    command::quiet(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Returns `true` if an `os-release` file has Debian or Ubuntu in `ID` or `ID_LIKE`.
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
    fn debian_and_systems_derived_from_it_are_recognized() {
        assert!(names_debian("NAME=x\nID=debian\n"));
        assert!(names_debian("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!names_debian("ID=fedora\nNAME=\"not debian\"\n"));
    }
}
