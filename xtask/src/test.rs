//! `test`: the whole test suite on an engine, and a look at what it left there.

use std::process::Command;

use anyhow::{Context, Result};

use crate::engine::Runtime;
use crate::leftovers::Before;
use crate::{browser, command, console, python, ready, tools, workspace};

/// How to run the tests.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Runs each test in a process of its own, with cargo-nextest. Leaves out doc tests.
    #[arg(long)]
    nextest: bool,
    /// Runs the containers with this runtime, on a private engine that has it.
    #[arg(long, value_enum)]
    runtime: Option<Runtime>,
    /// Goes to `cargo test` or `cargo nextest run`; with a package named, only that one is tested.
    #[arg(last = true)]
    args: Vec<String>,
}

/// How many tests of one binary run at once, to `cargo test`.
const THREADS: &str = "RUST_TEST_THREADS";

impl Options {
    /// All tests with cargo-nextest.
    pub(crate) fn with_nextest() -> Self {
        Self { nextest: true, ..Self::default() }
    }
}

/// Runs the tests, then looks for what they left.
///
/// # Errors
/// If a test fails, or if something is left on the engine.
pub(crate) async fn test(options: &Options) -> Result<()> {
    if options.nextest {
        tools::ensure("cargo-nextest")?;
    }
    let engine = ready::engine_with_images(options.runtime).await?;
    python::ensure();
    browser::ensure();
    let before = Before::look(&engine.docker).await?;
    let mut cargo = cargo(options);
    engine.pass_on(&mut cargo);
    if let Some(runtime) = options.runtime {
        cargo.env("SEATRIAL_RUNTIME", runtime.name());
    }
    console::step("running the tests");
    let tests = tokio::task::spawn_blocking(move || command::run(&mut cargo)).await?;
    // Looked for after a failure too: what a failing test leaves is the more interesting.
    let left = before.check(&engine.docker).await;
    match (tests, left) {
        (Err(tests), Err(left)) => {
            Err(tests).with_context(|| format!("{left:#}\nand before that the tests failed"))
        }
        (tests, left) => tests.and(left),
    }
}

fn cargo(options: &Options) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace::root());
    cargo.args(if options.nextest { ["nextest", "run"].as_slice() } else { &["test"] });
    if !names_a_package(&options.args) {
        cargo.arg("--workspace");
    }
    cargo.args(&options.args);
    if std::env::var_os(THREADS).is_none() {
        // As many as cargo-nextest runs at once: most tests wait for the engine most of the time.
        cargo.env(THREADS, "4");
    }
    cargo
}

/// Whether cargo's own arguments, which end at `--`, choose packages.
fn names_a_package(args: &[String]) -> bool {
    args.iter().take_while(|arg| *arg != "--").any(|arg| {
        ["-p", "--package", "--manifest-path", "--workspace"].contains(&arg.as_str())
            || arg.starts_with("--package=")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(nextest: bool, args: &[&str]) -> String {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        let command = cargo(&Options { nextest, runtime: None, args });
        command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn all_packages_are_tested_unless_one_is_named() {
        assert_eq!(line(false, &[]), "test --workspace");
        assert_eq!(line(true, &["pool"]), "nextest run --workspace pool");
        assert_eq!(line(false, &["-p", "seatrial"]), "test -p seatrial");
        assert_eq!(line(false, &["--", "-p"]), "test --workspace -- -p");
    }
}
