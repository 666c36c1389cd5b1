//! A measurement in a process of its own, so that its CPU time and memory are its own: the program runs itself again.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};

use crate::runtime::RuntimeKind;
use crate::scenarios::{copy_in, log_wait, requests};

/// The first argument of a process that is a child.
const CHILD: &str = "child";

/// Who does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Who {
    Raw,
    Ours,
    Testcontainers,
}

/// What a child does.
#[derive(Clone, Debug, Parser)]
pub(crate) enum Task {
    /// Waits for a line once.
    LogWait { who: Who, runtime: RuntimeKind, lines: u64, image: String },
    /// Copies a file in once.
    CopyIn { who: Who, how: copy_in::How, file: PathBuf, image: String },
    /// Lets so many containers live and die, one after the other.
    Lives { who: Who, count: usize, image: String },
}

/// The task, if this process was started as a child.
pub(crate) fn task_of_this_process() -> Option<Task> {
    let is_child = env::args().nth(1).is_some_and(|first| first == CHILD);
    is_child.then(|| Task::parse_from(env::args().skip(1)))
}

impl Who {
    /// As the command line spells it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Ours => "ours",
            Self::Testcontainers => "testcontainers",
        }
    }
}

impl Task {
    /// Does it here, and prints the values as one line of JSON.
    pub(crate) fn run(self) -> Result<()> {
        let values = match self {
            Self::LogWait { who, runtime, lines, image } => log_wait::once(who, runtime, lines, &image)?,
            Self::CopyIn { who, how, file, image } => copy_in::once(who, how, &file, &image)?,
            Self::Lives { who, count, image } => requests::lives(who, count, &image)?,
        };
        println!("{}", serde_json::to_string(&values)?);
        Ok(())
    }
}

/// Runs a task in a child and takes its values; `docker_host` replaces the variable for it.
pub(crate) fn measure(arguments: &[&str], docker_host: Option<&str>) -> Result<Vec<f64>> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(CHILD).args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit());
    // The peers have no reaper, and a process makes one once: what is measured here is what comes after.
    command.env("SEATRIAL_REAPER", "off");
    if let Some(host) = docker_host {
        command.env("DOCKER_HOST", host);
    }
    let output = command.output()?;
    ensure!(output.status.success(), "the child `{}` failed: {}", arguments.join(" "), output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().context("the child printed nothing")?;
    serde_json::from_str(line).with_context(|| format!("the child printed `{line}`"))
}
