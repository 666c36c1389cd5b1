//! The outcome of a case: its output, its end, and the resources that it used.

use std::fmt;
use std::time::Duration;

use seatrial_core::case::end::How;

use crate::words::stream_texts;

/// The outcome of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaseOutput {
    /// The way in which it ended.
    pub end: CaseEnd,
    /// The standard output, up to the limit; empty if there was a writer for it.
    pub stdout: Vec<u8>,
    /// The standard error, up to the limit; empty if there was a writer for it.
    pub stderr: Vec<u8>,
    /// `true` if one of the streams was longer than the limit.
    pub truncated: bool,
    /// The time from the start of its process to its end. By the engine's exec: from the request to its end.
    pub elapsed: Duration,
    /// The CPU time of the case's processes in user mode. `None` by the engine's exec.
    pub cpu_user: Option<Duration>,
    /// The CPU time of the case's processes in the kernel. `None` by the engine's exec.
    pub cpu_system: Option<Duration>,
    /// The largest resident memory of one of its processes, in bytes. `None` if the kernel does not report it, and by
    /// the engine's exec.
    pub max_rss: Option<u64>,
    /// The number of processes that still ran when its own had ended, and were ended. `None` by the engine's exec, which
    /// ends them all the same.
    pub left_behind: Option<u32>,
}

stream_texts!(CaseOutput);

/// The way in which a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseEnd {
    /// Its process exited with this exit code.
    Exited(i64),
    /// Its process was ended by this signal. The engine's exec does not report signals: it is `Exited` there, with 128
    /// and the signal's number.
    Signalled(i32),
    /// It exceeded its time limit, and was ended.
    TimedOut,
    /// It could not be started, for this reason: the program, user or directory does not exist, or the program can't be
    /// executed.
    CouldNotStart(String),
}

impl CaseEnd {
    pub(super) fn of(how: How) -> Self {
        match how {
            How::Exited(code) => Self::Exited(code.into()),
            How::Signalled(signal) => Self::Signalled(signal),
            How::TimedOut | How::Cancelled => Self::TimedOut,
        }
    }

    /// Returns `true` if the process exited with 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        *self == Self::Exited(0)
    }

    /// Returns the exit code; 128 and the signal's number after a signal, as shells have it. `None` after a time-out,
    /// and if the case could not be started.
    #[must_use]
    pub fn exit_code(&self) -> Option<i64> {
        match self {
            Self::Exited(code) => Some(*code),
            Self::Signalled(signal) => Some(128 + i64::from(*signal)),
            Self::TimedOut | Self::CouldNotStart(_) => None,
        }
    }
}

impl fmt::Display for CaseEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with {code}"),
            Self::Signalled(signal) => write!(f, "ended by signal {signal}"),
            Self::TimedOut => f.write_str("timed out"),
            Self::CouldNotStart(reason) => write!(f, "could not start: {reason}"),
        }
    }
}
