//! Checks the minimum Rust version that the manifest states.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cargo::cargo;
use crate::{command, console, workspace};

/// The major and the minor version; a patch release adds no API.
type Version = (u32, u32);

/// Checks that the toolchain is not older than the minimum and that clippy's lint for newer APIs is on. Builds the code
/// with the minimum version if that is installed.
///
/// # Errors
/// Fails if one of these checks does.
pub(crate) fn check() -> Result<()> {
    let manifest = std::fs::read_to_string(workspace::root().join("Cargo.toml"))?;
    let minimum = value(&manifest, "rust-version").context("`Cargo.toml` states no `rust-version`")?;
    let stated = version(minimum).with_context(|| format!("`rust-version` is `{minimum}`, not a version"))?;
    if value(&manifest, "incompatible_msrv").is_none_or(|level| level == "allow") {
        bail!("clippy's lint `incompatible_msrv` is off; turn it on in `[workspace.lints.clippy]`");
    }
    let rustc = String::from_utf8(command::output(Command::new("rustc").arg("--version"))?)?;
    let running =
        rustc.split_whitespace().nth(1).and_then(version).context("`rustc --version` prints no version")?;
    if running < stated {
        bail!("the toolchain is {}, older than `rust-version` {minimum}; run `rustup update`", rustc.trim());
    }
    if running == stated {
        console::detail(&format!(
            "the toolchain is {minimum}, the minimum itself: the other steps have built with it"
        ));
        return Ok(());
    }
    match installed(stated) {
        Some(toolchain) => {
            console::detail(&format!("checking with {toolchain}"));
            let toolchain = format!("+{toolchain}");
            let check = [&toolchain, "check", "--workspace", "--all-targets", "--all-features"];
            command::run(cargo(&check).env_remove("RUSTUP_TOOLCHAIN"))
        }
        None => {
            console::detail(&format!(
                "{minimum} is not installed, so only the lint was checked; `rustup install {minimum}` for a build with it"
            ));
            Ok(())
        }
    }
}

/// Returns the name of the installed toolchain of exactly this version.
fn installed(wanted: Version) -> Option<String> {
    let output = Command::new("rustup").args(["toolchain", "list"]).stderr(Stdio::null()).output().ok()?;
    toolchain(&String::from_utf8_lossy(&output.stdout), wanted)
}

/// Returns the name of the toolchain of this version in a list that `rustup` printed.
fn toolchain(list: &str, wanted: Version) -> Option<String> {
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).find(|name| name.split('-').next().and_then(version) == Some(wanted))
}

/// Returns the string value of the first line of a manifest that has this key.
fn value<'a>(manifest: &'a str, key: &str) -> Option<&'a str> {
    let rest = manifest.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='))?;
    Some(rest.trim().trim_matches('"'))
}

fn version(text: &str) -> Option<Version> {
    let mut numbers = text.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert!(version("1.100.0") > version("1.95"));
        assert_eq!(version("1.95.0"), version("1.95"));
        assert_eq!(version("stable"), None);
    }

    #[test]
    fn the_toolchain_of_a_version_is_found_in_rustups_list() {
        let list = "stable-x86_64-unknown-linux-gnu (default)\n1.95.0-x86_64-unknown-linux-gnu\n1.9.0-x\n";
        assert_eq!(toolchain(list, (1, 95)).as_deref(), Some("1.95.0-x86_64-unknown-linux-gnu"));
        assert_eq!(toolchain(list, (1, 94)), None);
    }

    #[test]
    fn values_are_read_by_their_whole_key() {
        let manifest = "rust-version-x = \"1\"\nrust-version = \"1.95\"\n";
        assert_eq!(value(manifest, "rust-version"), Some("1.95"));
        assert_eq!(value(manifest, "edition"), None);
    }
}
