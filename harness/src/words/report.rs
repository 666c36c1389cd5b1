//! The report of a failed wait: the known facts in one text block of limited size.

use std::fmt;
use std::time::Duration;

use super::state::ContainerState;
use super::text::{cut, quoted, seconds};

/// The facts about a container whose wait failed. `Display` prints them as a block.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The branches of the wait, each before its children.
    pub branches: Vec<BranchReport>,
    /// The container's state after the wait had failed.
    pub state: ReportedState,
    /// The ports with their mappings.
    pub ports: Vec<String>,
    /// The last lines of standard output, each truncated to 400 characters. With a terminal, of the whole output.
    pub stdout: Vec<String>,
    /// The last lines of standard error, each truncated to 400 characters.
    pub stderr: Vec<String>,
    /// The reason why the output could not be read, or not all of it.
    pub output_error: Option<String>,
}

/// The state of a container whose wait failed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum ReportedState {
    /// The engine reported the state.
    Known(Box<ContainerState>),
    /// The container is gone.
    Removed,
    /// The engine did not report the state, for this reason.
    Unknown(String),
    /// The state was not requested.
    #[default]
    NotAsked,
}

impl ReportedState {
    /// Returns the state if the engine reported it.
    #[must_use]
    pub fn known(&self) -> Option<&ContainerState> {
        match self {
            Self::Known(state) => Some(state),
            Self::Removed | Self::Unknown(_) | Self::NotAsked => None,
        }
    }
}

/// Writes the state with exit code, memory, restarts and health as text.
impl fmt::Display for ReportedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(state) => f.write_str(&state.describe()),
            Self::Removed => f.write_str("removed"),
            Self::Unknown(reason) => write!(f, "unknown: {reason}"),
            Self::NotAsked => f.write_str("unknown"),
        }
    }
}

impl Report {
    /// Describes the container's end, as a phrase in front of "before it was ready".
    pub(crate) fn end_in_words(&self) -> String {
        match &self.state {
            ReportedState::Known(state) if state.is_out_of_memory() => "was OOM-killed".to_owned(),
            ReportedState::Known(state) => match state.exit_code {
                Some(code) => format!("exited with code {code}"),
                None => "ended".to_owned(),
            },
            ReportedState::Removed => "was removed".to_owned(),
            ReportedState::Unknown(_) | ReportedState::NotAsked => "ended".to_owned(),
        }
    }

    /// Returns `true` if the container, or one of its processes, was killed for lack of memory.
    pub(crate) fn is_short_of_memory(&self) -> bool {
        self.state.known().is_some_and(|state| state.oom_killed)
    }
}

/// A branch of a failed wait.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BranchReport {
    /// The nesting depth below `all` and `any`, from 0.
    pub depth: usize,
    /// The condition that was waited for, as text.
    pub waited_for: String,
    /// The outcome of the branch.
    pub outcome: BranchOutcome,
    /// The duration of the wait.
    pub elapsed: Duration,
    /// The last observation, such as a status, an exit code with output, or a connect error. Empty if there was none.
    pub last_seen: String,
}

/// The outcome of one branch of a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BranchOutcome {
    /// The condition was not met yet when the wait ended.
    NotMet,
    /// The condition was met.
    Met,
    /// The condition can't be met any more, for this reason.
    Failed(String),
}

impl fmt::Display for BranchOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMet => f.write_str("not met"),
            Self::Met => f.write_str("met"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.branches.as_slice() {
            // The error's message states the outcome of a single branch.
            [only] => writeln!(f, "  waiting for: {}{}", only.waited_for, last(only))?,
            branches => branches.iter().try_for_each(|branch| write_branch(f, branch))?,
        }
        writeln!(f, "  state: {}", self.state)?;
        let probe = self.state.known().and_then(|state| state.health_output.as_deref());
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
    let (outcome, reason) = match outcome {
        // The error's message states the reason of the outermost branch.
        BranchOutcome::Failed(_) if *depth == 0 => ("failed", String::new()),
        BranchOutcome::Failed(reason) => ("failed", format!(": {}", cut(reason))),
        BranchOutcome::Met => ("met", String::new()),
        BranchOutcome::NotMet => ("not met", String::new()),
    };
    let after = seconds(*elapsed);
    writeln!(f, "{margin}{label} {waited_for} ({outcome} after {after}{reason}){}", last(branch))
}

/// Returns the last observation of a branch that is not met, as the end of its line.
fn last(branch: &BranchReport) -> String {
    if branch.last_seen.is_empty() || branch.outcome == BranchOutcome::Met {
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
