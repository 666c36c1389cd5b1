//! `test`: the whole test suite on an engine, and a look at what it left there.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::engine::Runtime;
use crate::leftovers::Before;
use crate::{browser, command, console, python, ready, runsc, tools, workspace};

/// How to run the tests.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Runs each test in a process of its own, with cargo-nextest. Leaves out doc tests.
    #[arg(long)]
    nextest: bool,
    /// Runs the containers with this runtime, on a private engine that has it. Unless cargo's arguments choose tests, runs
    /// those of the topics that hold there.
    #[arg(long, value_enum)]
    runtime: Option<Runtime>,
    /// Goes to `cargo test` or `cargo nextest run`; with a package named, only that one is tested.
    #[arg(last = true)]
    args: Vec<String>,
    /// Runs these programs in place of cargo, each as one process. It is the same as `cargo test` does, without what it
    /// would build anew for a part of the workspace.
    #[arg(skip)]
    programs: Vec<Program>,
}

/// A test program as cargo-nextest has built it, and the topics of it that are to run.
#[derive(Clone, Debug)]
struct Program {
    path: PathBuf,
    topics: &'static [&'static str],
}

/// The variable that limits how many tests of one program run at once under `cargo test`.
const THREADS: &str = "RUST_TEST_THREADS";

/// The programs and topics for which it matters that tests are threads of one process: they share its session, its
/// background thread and its statics.
const OF_ONE_PROCESS: [(&str, &[&str]); 2] =
    [("pool", &["pool", "pool_fixtures"]), ("session", &["drop", "session_link"])];

impl Options {
    /// Chooses all tests with cargo-nextest, in its profile for continuous integration.
    pub(crate) fn of_ci() -> Self {
        Self { nextest: true, args: words(&["--profile", "ci"]), ..Self::default() }
    }

    /// Chooses the examples in the documentation, which cargo-nextest leaves out.
    pub(crate) fn of_documentation() -> Self {
        Self { args: words(&["--doc"]), ..Self::default() }
    }

    /// Chooses the tests that could go another way when they share a process, and has them share one.
    ///
    /// # Errors
    /// Fails if the tests can't be built.
    pub(crate) fn in_one_process() -> Result<Self> {
        Ok(Self { programs: programs()?, ..Self::default() })
    }
}

/// The topics that hold under gVisor with the host's network, by their programs.
///
/// The others are about the network (ports, addresses, networks), new limits, an end for want of memory, or files that
/// the engine replaces in a container; or they start engines of their own, which have no gVisor.
const OF_GVISOR: [(&str, &[&str]); 4] = [
    ("commands", &["case"]),
    ("containers", &["inspect", "keep", "mounted_files", "run", "runtimes"]),
    ("session", &["drop", "removal"]),
    ("waits", &["early_end", "log_wait", "logs"]),
];

/// Returns cargo's arguments: the given ones, or else those for the runtime's topics.
fn arguments(options: &Options) -> Vec<String> {
    match options.runtime {
        Some(Runtime::Gvisor) if options.args.is_empty() => {
            let mut args = words(&["-p", "seatrial-tests"]);
            args.extend(OF_GVISOR.iter().flat_map(|(program, _)| words(&["--test", program])));
            if !options.nextest {
                args.push("--".to_owned());
            }
            args.extend(OF_GVISOR.iter().flat_map(|(_, topics)| filters(topics)));
            args
        }
        _ => options.args.clone(),
    }
}

/// Returns the filters of the test harness that choose the tests of these topics.
fn filters(topics: &[&str]) -> Vec<String> {
    topics.iter().map(|topic| format!("{topic}::")).collect()
}

fn words(args: &[&str]) -> Vec<String> {
    args.iter().map(|&arg| arg.to_owned()).collect()
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

/// Makes the command that runs a program's topics from its package's folder, as cargo does.
fn alone(program: &Program) -> Command {
    let mut command = Command::new(&program.path);
    command.args(filters(program.topics));
    command.current_dir(workspace::root().join("tests")).env(THREADS, threads());
    command
}

/// Builds all tests and returns the programs of [`OF_ONE_PROCESS`].
fn programs() -> Result<Vec<Program>> {
    let list = ["nextest", "list", "--workspace", "--list-type", "binaries-only", "--message-format", "json"];
    let list: Value = serde_json::from_slice(&command::output(&mut crate::cargo::cargo(&list))?)?;
    let program = |&(name, topics): &(&str, &'static [&'static str])| -> Result<Program> {
        let binary = &list["rust-binaries"][format!("seatrial-tests::{name}")];
        let path = binary["binary-path"].as_str();
        let path = path.with_context(|| format!("cargo-nextest knows no test program `{name}`"))?;
        Ok(Program { path: path.into(), topics })
    };
    OF_ONE_PROCESS.iter().map(program).collect()
}

/// Returns how many tests run at once: as many as the environment says, or else as many as under cargo-nextest. Most tests
/// wait for the engine most of the time.
fn threads() -> OsString {
    std::env::var_os(THREADS).unwrap_or_else(|| "4".into())
}

/// Returns `true` if cargo's own arguments, which end at `--`, choose packages.
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
        let line = |nextest: bool, args: &[&str]| {
            let runtime = Some(Runtime::Gvisor);
            let options = Options { nextest, runtime, args: words(args), ..Options::default() };
            arguments(&options).join(" ")
        };
        let programs = "-p seatrial-tests --test commands --test containers --test session --test waits";
        assert!(line(false, &[]).starts_with(&format!("{programs} -- case:: inspect:: ")));
        assert!(line(true, &[]).starts_with(&format!("{programs} case:: inspect:: ")));
        assert_eq!(line(false, &["-p", "seatrial"]), "-p seatrial");
    }
}
