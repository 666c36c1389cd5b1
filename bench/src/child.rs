//! Runs a measurement in a child process, so that its CPU time and memory are measured alone. The child is this
//! program.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};

use crate::runtime::RuntimeKind;
use crate::scenarios::{copy_in, log_wait, requests};

/// The first argument of a child process.
const CHILD: &str = "child";

/// The client of the engine that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    Raw,
    Ours,
    Testcontainers,
}

/// The task of a child process.
#[derive(Clone, Debug, Parser)]
pub(crate) enum Task {
    /// Waits for one line.
    LogWait { client: Client, runtime: RuntimeKind, lines: u64, image: String },
    /// Copies one file into a container.
    CopyIn { client: Client, moment: copy_in::Moment, file: PathBuf, image: String },
    /// Starts and removes this number of containers, one after the other.
    Lives { client: Client, count: usize, image: String },
}

/// Returns the task, if this process was started as a child.
pub(crate) fn task_of_this_process() -> Option<Task> {
    let is_child = env::args().nth(1).is_some_and(|first| first == CHILD);
    is_child.then(|| Task::parse_from(env::args().skip(1)))
}

impl Client {
    /// Returns the value's spelling on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Ours => "ours",
            Self::Testcontainers => "testcontainers",
        }
    }
}

impl Task {
    /// Runs the task in this process, and prints the values as one line of JSON.
    pub(crate) fn run(self) -> Result<()> {
        let values = match self {
            Self::LogWait { client, runtime, lines, image } => {
                log_wait::once(client, runtime, lines, &image)?
            }
            Self::CopyIn { client, moment, file, image } => copy_in::once(client, moment, &file, &image)?,
            Self::Lives { client, count, image } => requests::lives(client, count, &image)?,
        };
        println!("{}", serde_json::to_string(&values)?);
        Ok(())
    }
}

/// Runs a task in a child process and returns its values. `docker_host` replaces `DOCKER_HOST` for it.
pub(crate) fn measure(arguments: &[&str], docker_host: Option<&str>) -> Result<Vec<f64>> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(CHILD).args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit());
    // The peers have no reaper, and a process starts it only once, so it is left out of the measurement.
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
