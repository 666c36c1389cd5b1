//! The failure block: what a failed wait knew, in one place, bounded in size.

use std::fmt;
use std::time::Duration;

use super::state::ContainerState;
use super::text::{cut, quoted, seconds};

/// What was known of a container when a wait for it failed. `Display` prints the block.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// What was waited for, branch by branch, from the outside in.
    pub branches: Vec<BranchReport>,
    /// State with exit code, memory, restarts and health, in words.
    pub state: String,
    /// The state, for programs; none if the container is gone or the engine did not tell.
    pub container_state: Option<ContainerState>,
    /// Ports with their mappings.
    pub ports: Vec<String>,
    /// The last lines of standard output, each cut to 400 characters; with a terminal, of all output.
    pub stdout: Vec<String>,
    /// The last lines of standard error, each cut to 400 characters.
    pub stderr: Vec<String>,
    /// Why the output could not be read, or not all of it.
    pub output_error: Option<String>,
}

impl Report {
    /// How the container ended, to go before "before it was ready".
    pub(crate) fn end_in_words(&self) -> String {
        match &self.container_state {
            Some(state) if state.oom_killed => "was OOM-killed".to_owned(),
            Some(ContainerState { exit_code: Some(code), .. }) => format!("exited with code {code}"),
            None if self.state == "removed" => "was removed".to_owned(),
            _ => "ended".to_owned(),
        }
    }

    /// Whether the container ended for want of memory.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        self.container_state.as_ref().is_some_and(|state| state.oom_killed)
    }
}

/// A branch for the reader of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BranchReport {
    /// How deep it is below `all` and `any`.
    pub depth: usize,
    /// What was waited for, in words.
    pub waited_for: String,
    /// `met`, `not met`, `failed: …`.
    pub outcome: String,
    /// For how long.
    pub elapsed: Duration,
    /// The last thing that was seen, in words: a status, an exit code with output, a connect error; empty for none.
    pub last_seen: String,
}

impl BranchReport {
    pub(crate) fn is_met(&self) -> bool {
        self.outcome == "met"
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.branches.as_slice() {
            // What became of it is what the error says.
            [only] => writeln!(f, "  waiting for: {}{}", only.waited_for, last(only))?,
            branches => branches.iter().try_for_each(|branch| write_branch(f, branch))?,
        }
        writeln!(f, "  state: {}", self.state)?;
        let probe = self.container_state.as_ref().and_then(|state| state.health_output.as_deref());
        if let Some(output) = probe {
            writeln!(f, "  last health check printed: {}", quoted(output))?;
        }
        match self.ports.as_slice() {
            [] => f.write_str("  ports: none")?,
            ports => write!(f, "  ports: {}", ports.join("; "))?,
        }
        if let Some(error) = &self.output_error {
            return write!(f, "\n  output: not read: {}", cut(error));
        }
        if self.stdout.is_empty() && self.stderr.is_empty() {
            return f.write_str("\n  output: none");
        }
        write_stream(f, "stdout", &self.stdout)?;
        write_stream(f, "stderr", &self.stderr)
    }
}

fn write_branch(f: &mut fmt::Formatter<'_>, branch: &BranchReport) -> fmt::Result {
    let BranchReport { depth, waited_for, outcome, elapsed, .. } = branch;
    let margin = "  ".repeat(depth + 1);
    let label = if *depth == 0 { "waiting for:" } else { "-" };
    let (outcome, reason) = match outcome.split_once(": ") {
        // The error says of the outermost one why it failed.
        Some((failed, _)) if *depth == 0 => (failed, String::new()),
        Some((failed, reason)) => (failed, format!(": {}", cut(reason))),
        None => (outcome.as_str(), String::new()),
    };
    let after = seconds(*elapsed);
    writeln!(f, "{margin}{label} {waited_for} ({outcome} after {after}{reason}){}", last(branch))
}

/// What a branch that was not met saw last, as the end of its line.
fn last(branch: &BranchReport) -> String {
    if branch.last_seen.is_empty() || branch.is_met() {
        return String::new();
    }
    format!("; {}", cut(&branch.last_seen))
}

fn write_stream(f: &mut fmt::Formatter<'_>, name: &str, lines: &[String]) -> fmt::Result {
    match lines.len() {
        0 => return write!(f, "\n  {name}: nothing"),
        1 => write!(f, "\n  last line of {name}:")?,
        many => write!(f, "\n  last {many} lines of {name}:")?,
    }
    lines.iter().try_for_each(|line| write!(f, "\n    {line}"))
}
