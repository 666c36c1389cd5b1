//! `test`: runs the test suite on an engine, then checks that nothing is left there.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::engine::Runtime;
use crate::leftovers::Before;
use crate::{browser, command, console, python, ready, runsc, tools, workspace};

/// Options of `cargo xtask test`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Runs each test in a process of its own, with cargo-nextest; without doc tests.
    #[arg(long)]
    nextest: bool,
    /// Runs the containers with this runtime, on a private engine that has it. Without arguments for Cargo, only the
    /// topics that pass with this runtime are tested.
    #[arg(long, value_enum)]
    runtime: Option<Runtime>,
    /// Arguments for `cargo test` or `cargo nextest run`; all packages are tested unless they name one.
    #[arg(last = true)]
    args: Vec<String>,
    /// Test programs that cargo-nextest has built. Each runs as one process, as `cargo test` does it, but `cargo test`
    /// would build parts of the workspace again.
    #[arg(skip)]
    programs: Vec<PathBuf>,
}

/// The variable for the number of tests of one program that run at the same time.
const THREADS: &str = "RUST_TEST_THREADS";

/// The topics for which it matters that tests are threads of one process: they share its session, its background
/// thread and its statics.
const OF_ONE_PROCESS: [&str; 4] = ["drop", "pool", "pool_fixtures", "session_link"];

impl Options {
    /// Returns the options for all tests with cargo-nextest, in its profile for continuous integration.
    pub(crate) fn of_ci() -> Self {
        Self { nextest: true, args: words(&["--profile", "ci"]), ..Self::default() }
    }

    /// Returns the options for the doc tests, which cargo-nextest does not run.
    pub(crate) fn of_documentation() -> Self {
        Self { args: words(&["--doc"]), ..Self::default() }
    }

    /// Returns the options for the topics whose tests may behave differently when they share a process.
    ///
    /// # Errors
    /// Fails if the programs cannot be built.
    pub(crate) fn in_one_process() -> Result<Self> {
        Ok(Self { programs: programs(&OF_ONE_PROCESS)?, ..Self::default() })
    }
}

/// The topics that hold under gVisor with the host's network. What does not is about the network (ports, addresses,
/// networks), new limits, the reason of an end for want of memory, and files that the engine replaces in a container;
/// or it starts engines of its own, which have no gVisor.
const OF_GVISOR: [&str; 11] = [
    "case",
    "drop",
    "early_end",
    "inspect",
    "keep",
    "log_wait",
    "logs",
    "mounted_files",
    "removal",
    "run",
    "runtimes",
];

/// Returns the arguments for Cargo: the given ones, else those for the runtime's topics.
fn arguments(options: &Options) -> Vec<String> {
    match options.runtime {
        Some(Runtime::Gvisor) if options.args.is_empty() => {
            let topics = OF_GVISOR.iter().flat_map(|topic| ["--test", topic]);
            words(&["-p", "seatrial-tests"].into_iter().chain(topics).collect::<Vec<_>>())
        }
        _ => options.args.clone(),
    }
}

fn words(args: &[&str]) -> Vec<String> {
    args.iter().map(|&arg| arg.to_owned()).collect()
}

/// Runs the tests, then checks that they left nothing behind.
///
/// # Errors
/// Fails if a test fails, or resources are left.
pub(crate) async fn test(options: &Options) -> Result<()> {
    if options.nextest {
        tools::ensure("cargo-nextest")?;
    }
    let engine = ready::engine_with_images(options.runtime).await?;
    python::ensure();
    browser::ensure();
    runsc::ensure();
    let before = Before::look(&engine.docker).await?;
    let mut commands = match options.programs.as_slice() {
        [] => vec![cargo(options)],
        programs => programs.iter().map(|program| alone(program)).collect(),
    };
    for command in &mut commands {
        engine.pass_on(command);
        if let Some(runtime) = options.runtime {
            runtime.pass_on(command);
        }
    }
    console::step("running the tests");
    let run = move || commands.iter_mut().try_for_each(command::run);
    let tests = tokio::task::spawn_blocking(run).await?;
    // This runs after a failure too: tests that fail are the most likely to leave something.
    let left = before.check(&engine.docker).await;
    match (tests, left) {
        (Err(tests), Err(left)) => {
            Err(tests).with_context(|| format!("{left:#}\nand before that the tests failed"))
        }
        (tests, left) => tests.and(left),
    }
}

fn cargo(options: &Options) -> Command {
    let mut cargo = crate::cargo::cargo(&[]);
    cargo.args(if options.nextest { ["nextest", "run"].as_slice() } else { &["test"] });
    let args = arguments(options);
    if !names_a_package(&args) {
        cargo.arg("--workspace");
    }
    cargo.args(&args);
    cargo.env(THREADS, threads());
    cargo
}

/// Creates the command of one test program, in its package's folder, as Cargo runs it.
fn alone(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root().join("tests")).env(THREADS, threads());
    command
}

/// Builds the test programs of topics and returns their paths.
fn programs(topics: &[&str]) -> Result<Vec<PathBuf>> {
    let list = ["nextest", "list", "--workspace", "--list-type", "binaries-only", "--message-format", "json"];
    let list: Value = serde_json::from_slice(&command::output(&mut crate::cargo::cargo(&list))?)?;
    let program = |topic: &&str| -> Result<PathBuf> {
        let binary = &list["rust-binaries"][format!("seatrial-tests::{topic}")];
        let path = binary["binary-path"].as_str();
        path.map(Into::into)
            .with_context(|| format!("cargo-nextest lists no program for the topic `{topic}`"))
    };
    topics.iter().map(program).collect()
}

/// Returns the number of tests that run at the same time: that of the variable, else 4, as cargo-nextest is configured.
/// Most tests mostly wait for the engine.
fn threads() -> OsString {
    std::env::var_os(THREADS).unwrap_or_else(|| "4".into())
}

/// Returns `true` if the arguments before `--` choose packages.
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
        let command = cargo(&Options { nextest, args: words(args), ..Options::default() });
        command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn all_packages_are_tested_unless_one_is_named() {
        assert_eq!(line(false, &[]), "test --workspace");
        assert_eq!(line(true, &["pool"]), "nextest run --workspace pool");
        assert_eq!(line(false, &["-p", "seatrial"]), "test -p seatrial");
        assert_eq!(line(false, &["--", "-p"]), "test --workspace -- -p");
    }

    #[test]
    fn under_gvisor_its_topics_are_tested_unless_others_are_named() {
        let line = |args: &[&str]| {
            let options = Options { runtime: Some(Runtime::Gvisor), args: words(args), ..Options::default() };
            arguments(&options).join(" ")
        };
        assert!(line(&[]).starts_with("-p seatrial-tests --test case --test drop --test early_end "));
        assert_eq!(line(&["-p", "seatrial"]), "-p seatrial");
    }
}
