//! `demo`: the library with three services, then CPython's test suite in a pool of containers.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cargo::cargo;
use crate::engine::Engine;
use crate::{command, console, ready, workspace};

/// The folder with the lists of CPython's tests, relative to the workspace's root.
const CPYTHON: &str = "runner/examples/cpython";

/// Options of `cargo xtask demo`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Runs all modules of CPython's test suite instead of 40 quick ones; takes about ten minutes on two cores.
    #[arg(long)]
    all: bool,
}

/// Runs the library's demo, then CPython's tests.
///
/// # Errors
/// Fails if there is no engine, or a command of the demo fails.
pub(crate) async fn demo(options: &Options) -> Result<()> {
    let engine = ready::engine_with_images(None).await?;
    run(&engine, &["run", "--package", "seatrial", "--example", "demo"], &[]).await?;
    let reports = workspace::target().join("demo");
    std::fs::create_dir_all(&reports).with_context(|| format!("failed to create `{}`", reports.display()))?;
    console::step("CPython's test suite, module by module, in a pool of 4 containers");
    let seatrial = ["run", "--package", "seatrial-runner", "--bin", "seatrial", "--"];
    run(&engine, &seatrial, &arguments(options, &reports)).await?;
    for report in ["junit.xml", "results.jsonl", "timeline.html"] {
        console::detail(&reports.join(report).display().to_string());
    }
    if !options.all {
        console::step("for comparison, the same without a pool");
        let example = ["run", "--package", "seatrial-runner", "--example", "fresh", "--"];
        run(&engine, &example, &[reports.join("results.jsonl").display().to_string()]).await?;
    }
    Ok(())
}

/// Returns the arguments of the command `seatrial`.
fn arguments(options: &Options, reports: &Path) -> Vec<String> {
    let list = |name: &str| PathBuf::from(CPYTHON).join(name).display().to_string();
    let report = |name: &str| reports.join(name).display().to_string();
    // On a busy machine the longest module takes nearly ten minutes.
    let timeout = if options.all { "20m" } else { "10m" };
    let mut arguments: Vec<String> =
        ["run", "--pool", "4", "--timeout", timeout, "--suite", "cpython"].map(Into::into).into();
    if options.all {
        arguments.extend(["--list".to_owned(), "python3.11 -m test --list-tests".to_owned()]);
        arguments.extend(["--expected-failure-list".to_owned(), list("expected-failures-of-the-rest")]);
    } else {
        arguments.extend(["--cases".to_owned(), list("modules")]);
    }
    let files = [
        ("--request", list("request.toml")),
        ("--expected-failure-list", list("expected-failures")),
        ("--durations", report("durations")),
        ("--junit", report("junit.xml")),
        ("--json", report("results.jsonl")),
        ("--timeline", report("timeline.html")),
    ];
    arguments.extend(files.into_iter().flat_map(|(option, path)| [option.to_owned(), path]));
    arguments.extend(["--", "python3.11", "-m", "test", "{case}"].map(Into::into));
    arguments
}

async fn run(engine: &Engine, first: &[&str], then: &[String]) -> Result<()> {
    let mut cargo = cargo(first);
    cargo.args(then);
    engine.pass_on(&mut cargo);
    console::step(&format!("cargo {} {}", first.join(" "), shown(then)));
    tokio::task::spawn_blocking(move || command::run(&mut cargo)).await?
}

/// Returns arguments as one would type them in a shell.
fn shown(arguments: &[String]) -> String {
    let quoted = arguments.iter().map(|argument| match argument.contains(' ') {
        true => format!("'{argument}'"),
        false => argument.clone(),
    });
    quoted.collect::<Vec<_>>().join(" ")
}
