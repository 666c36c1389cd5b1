//! One attempt at a case: its end, and the measurements and output that are kept of it.

use std::fmt;
use std::time::Duration;

use seatrial::command::CaseOutput;
use seatrial::driver::Status;

use crate::rules::Place;
use crate::spool::Span;
use crate::verdict::Outcome;

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The command ran, or could not be started.
    #[non_exhaustive]
    Ran {
        /// The end in one word.
        status: Status,
        /// The exit code, if there is one.
        exit_code: Option<i64>,
        /// The signal that ended the command, if it is known.
        signal: Option<i32>,
        /// Further information: the reason why the command could not be started, for example.
        note: Option<String>,
    },
    /// The case skipped itself: it ended with one of the run's skip codes.
    #[non_exhaustive]
    Skipped {
        /// The exit code.
        exit_code: i64,
        /// The last line that the case printed.
        reason: Option<String>,
    },
    /// The engine, the container or the agent failed, for this reason.
    Infrastructure(String),
    /// No container could be leased for the attempt, for this reason.
    NoContainer(String),
    /// The run was over before the command had ended.
    Cancelled,
}

/// One attempt at a case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The cases beside which it ran.
    pub place: Place,
    /// The name of the container; empty if there was none yet.
    pub member: String,
    /// The end of the attempt.
    pub end: End,
    /// The duration of the command; for one that did not run to its end, the time for which its end was awaited.
    pub elapsed: Duration,
    /// The processor time of the command and its descendants, where it is known.
    pub cpu: Option<Duration>,
    /// The most memory that one of its processes had resident, in bytes, where it is known.
    pub max_rss: Option<u64>,
    /// `true` if one of its streams was longer than the output limit.
    pub truncated: bool,
    /// The number of processes that the command left running, and that were ended, where it is known.
    pub left_behind: Option<u32>,
    /// The output of the command.
    pub(crate) output: Output,
    /// The reason why the command went by the engine's exec, if the agent was preferred.
    pub(crate) by_exec: Option<String>,
}

/// The place of an attempt's output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Output {
    /// It is not kept.
    #[default]
    None,
    /// It is in memory.
    Held { stdout: Vec<u8>, stderr: Vec<u8> },
    /// It is on the disk.
    Spooled(Span),
}

impl End {
    /// Returns the end of a command that ran, without a signal or a note.
    #[must_use]
    pub fn ran(status: Status, exit_code: Option<i64>) -> Self {
        Self::Ran { status, exit_code, signal: None, note: None }
    }
}

impl Attempt {
    /// Creates an attempt of which only its end is known.
    #[must_use]
    pub fn new(place: Place, member: impl Into<String>, end: End) -> Self {
        Self {
            place,
            member: member.into(),
            end,
            elapsed: Duration::ZERO,
            cpu: None,
            max_rss: None,
            truncated: false,
            left_behind: None,
            output: Output::None,
            by_exec: None,
        }
    }

    /// Adds the measurements and the output of a command.
    pub(crate) fn with_output(self, output: CaseOutput) -> Self {
        Self {
            elapsed: output.elapsed,
            cpu: output.cpu_user.zip(output.cpu_system).map(|(user, system)| user + system),
            max_rss: output.max_rss,
            truncated: output.truncated,
            left_behind: output.left_behind,
            output: Output::Held { stdout: output.stdout, stderr: output.stderr },
            ..self
        }
    }

    /// Sets the time that the attempt took.
    pub(crate) fn after(self, elapsed: Duration) -> Self {
        Self { elapsed, ..self }
    }

    /// Returns the outcome: the attempt's part in the verdict on the case.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match &self.end {
            End::Ran { status: Status::Success, .. } => Outcome::Pass,
            End::Ran { .. } => Outcome::Fail,
            End::Skipped { .. } => Outcome::Skip,
            End::Infrastructure(_) | End::NoContainer(_) => Outcome::Infrastructure,
            End::Cancelled => Outcome::Cancelled,
        }
    }
}

impl Output {
    /// Returns what is in memory of both streams: nothing if the output is not kept, or is on the disk.
    pub(crate) fn held(&self) -> (&[u8], &[u8]) {
        match self {
            Self::Held { stdout, stderr } => (stdout, stderr),
            Self::None | Self::Spooled(_) => (&[], &[]),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ran { status, exit_code, signal, note } => {
                match (status, exit_code, signal) {
                    (Status::Error, Some(code), _) => write!(f, "exit code {code}")?,
                    (Status::Error | Status::Killed, None, Some(signal)) => {
                        write!(f, "ended by signal {signal}")?
                    }
                    (Status::Timeout, ..) => f.write_str("its time was up")?,
                    _ => write!(f, "{status}")?,
                }
                match note {
                    Some(note) => write!(f, ": {note}"),
                    None => Ok(()),
                }
            }
            Self::Skipped { exit_code, reason: Some(reason) } => {
                write!(f, "skipped itself with exit code {exit_code}: {reason}")
            }
            Self::Skipped { exit_code, reason: None } => {
                write!(f, "skipped itself with exit code {exit_code}")
            }
            Self::Infrastructure(reason) | Self::NoContainer(reason) => write!(f, "infrastructure: {reason}"),
            Self::Cancelled => f.write_str("ended with the run"),
        }
    }
}
