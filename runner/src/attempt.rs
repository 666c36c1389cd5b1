//! One attempt at a case: how it ended, and what is kept of it.

use std::fmt;
use std::time::Duration;

use seatrial::driver::Status;

use crate::schedule::Place;
use crate::spool::Span;
use crate::verdict::Outcome;

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The command ran.
    Ran {
        /// How it ended.
        status: Status,
        /// Its exit code, if it has one.
        exit_code: Option<i64>,
        /// The signal that ended it, if it is known.
        signal: Option<i32>,
        /// What else is to be said: why it could not be started, for example.
        note: Option<String>,
    },
    /// The engine, the container or the agent failed; why.
    Infrastructure(String),
    /// The run was over before.
    Cancelled,
}

/// One attempt at a case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Beside whom it ran.
    pub place: Place,
    /// The name of the container; empty if there was none yet.
    pub member: String,
    /// How it ended.
    pub end: End,
    /// How long the command took; for one that did not run to its end, how long it was waited for.
    pub elapsed: Duration,
    /// The processor time of the command and all that it has waited for, where that is known.
    pub cpu: Option<Duration>,
    /// The most memory that one of its processes had, in bytes, where that is known.
    pub max_rss: Option<u64>,
    /// Whether one of its streams was longer than what is kept.
    pub truncated: bool,
    /// How many processes it left behind, which were ended, where that is known.
    pub left_behind: Option<u32>,
    /// Where its output is.
    pub(crate) output: Option<Span>,
}

impl Attempt {
    pub(crate) fn new(place: Place, member: String, end: End) -> Self {
        Self {
            place,
            member,
            end,
            elapsed: Duration::ZERO,
            cpu: None,
            max_rss: None,
            truncated: false,
            left_behind: None,
            output: None,
        }
    }

    /// One that says nothing of the case.
    pub(crate) fn failed(place: Place, member: &str, why: String, elapsed: Duration) -> Self {
        Self { elapsed, ..Self::new(place, member.to_owned(), End::Infrastructure(why)) }
    }

    /// One that we have ended.
    pub(crate) fn cancelled(place: Place, elapsed: Duration) -> Self {
        Self { elapsed, ..Self::new(place, String::new(), End::Cancelled) }
    }

    /// What it says about the case.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match &self.end {
            End::Ran { status: Status::Success, .. } => Outcome::Pass,
            End::Ran { .. } => Outcome::Fail,
            End::Infrastructure(_) => Outcome::Infrastructure,
            End::Cancelled => Outcome::Cancelled,
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
            Self::Infrastructure(why) => write!(f, "infrastructure: {why}"),
            Self::Cancelled => f.write_str("ended with the run"),
        }
    }
}
