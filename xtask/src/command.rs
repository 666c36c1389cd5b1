//! Runs child programs, and names them in errors.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Runs a program to its end. It inherits the standard streams.
///
/// # Errors
/// Fails if the program cannot be started or does not exit with 0; the error shows the command line.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    let status = command.status().with_context(|| format!("failed to start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// Runs a program to its end and returns its standard output. It inherits standard error.
///
/// # Errors
/// As for [`run`].
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let line = line(command);
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("failed to start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` ended with {}", output.status);
    }
    Ok(output.stdout)
}

/// Runs a program to its end and shows its output only in the error, if it fails.
///
/// # Errors
/// As for [`run`].
pub(crate) fn quiet(command: &mut Command) -> Result<()> {
    let line = line(command);
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("failed to start `{line}`"))?;
    if !output.status.success() {
        let printed = [output.stdout, output.stderr].concat();
        bail!(
            "`{line}` ended with {}; it printed:\n{}",
            output.status,
            String::from_utf8_lossy(&printed).trim_end()
        );
    }
    Ok(())
}

/// Returns `true` if a program is in a directory of `PATH`, in `/usr/sbin` or in `/sbin`.
pub(crate) fn exists(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|directory| Path::new(&directory).join(program).is_file())
}

/// Returns the command line for messages, without quotes.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
