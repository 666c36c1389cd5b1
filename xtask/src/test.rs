//! `test`: runs the test suite on an engine, then checks that nothing is left there.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::engine::Runtime;
use crate::leftovers::Before;
use crate::{browser, command, console, on_engines, python, ready, runsc, tools, workspace};

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
    /// Runs the tests on engines of chosen versions instead, each in its network namespace: docker-26, docker-28,
    /// podman-4, podman-5, podman-5-rootless, one that `engine up` has started, or `all` that have recipes. Prints a matrix of topics and
    /// engines. The arguments are for `cargo nextest run`.
    #[arg(long, value_name = "NAME", value_delimiter = ',', conflicts_with = "runtime")]
    engine: Vec<String>,
    /// Runs the tests here, and then on all engines that have recipes.
    #[arg(long, conflicts_with_all = ["engine", "runtime"])]
    full: bool,
    /// Arguments for `cargo test` or `cargo nextest run`; all packages are tested unless they name one.
    #[arg(last = true)]
    args: Vec<String>,
    /// Test programs that cargo-nextest has built. Each runs as one process, as `cargo test` does it, but `cargo test`
    /// would build parts of the workspace again.
    #[arg(skip)]
    programs: Vec<Program>,
}

/// A test program as cargo-nextest has built it, and the topics of it that are to run.
#[derive(Clone, Debug)]
struct Program {
    path: PathBuf,
    topics: &'static [&'static str],
}

/// The variable for the number of tests of one program that run at the same time.
const THREADS: &str = "RUST_TEST_THREADS";

/// The programs and topics whose tests may behave differently as threads of one process, since they share its session,
/// its background thread and its statics.
const OF_ONE_PROCESS: [(&str, &[&str]); 2] =
    [("pool", &["pool", "pool_fixtures"]), ("session", &["drop", "session_link"])];

impl Options {
    /// Returns the options for all tests with cargo-nextest, in its profile for continuous integration.
    pub(crate) fn of_ci() -> Self {
        Self { nextest: true, args: words(&["--profile", "ci"]), ..Self::default() }
    }

    /// Returns the options for the doc tests, which cargo-nextest does not run.
    pub(crate) fn of_documentation() -> Self {
        Self { args: words(&["--doc"]), ..Self::default() }
    }

    /// Returns the options for the tests that may behave differently when they share a process.
    ///
    /// # Errors
    /// Fails if the tests cannot be built.
    pub(crate) fn in_one_process() -> Result<Self> {
        Ok(Self { programs: programs()?, ..Self::default() })
    }
}

/// The topics that pass with gVisor and the host's network, by their programs.
///
/// The others depend on the network (ports, addresses, networks), new limits, the out-of-memory flag, or files that the
/// engine replaces in a container; or they start engines of their own, which have no gVisor.
const OF_GVISOR: [(&str, &[&str]); 4] = [
    ("commands", &["case"]),
    ("containers", &["inspect", "keep", "mounted_files", "run", "runtimes"]),
    ("session", &["drop", "removal"]),
    ("waits", &["early_end", "log_wait", "logs"]),
];

/// Returns the arguments for Cargo: the given ones, else those for the runtime's topics.
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

/// Runs the tests, then checks that they left nothing behind.
///
/// # Errors
/// Fails if a test fails, or resources are left.
pub(crate) async fn test(options: &Options) -> Result<()> {
    if !options.engine.is_empty() {
        return on_engines::test(&options.engine, &options.args).await;
    }
    here(options).await?;
    if options.full { on_engines::test(&["all".to_owned()], &options.args).await } else { Ok(()) }
}

/// Runs the tests on the engine that the commands use.
async fn here(options: &Options) -> Result<()> {
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
        programs => programs.iter().map(alone).collect(),
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

/// Creates the command that runs a program's topics in its package's folder, as Cargo does it.
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
        let path = path.with_context(|| format!("cargo-nextest lists no test program `{name}`"))?;
        Ok(Program { path: path.into(), topics })
    };
    OF_ONE_PROCESS.iter().map(program).collect()
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
