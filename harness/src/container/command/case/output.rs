//! What a case printed, how it ended, and what it took.

use std::fmt;
use std::time::Duration;

use crate::words::stream_texts;

/// What a case did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaseOutput {
    /// How it ended.
    pub end: CaseEnd,
    /// What it printed to standard output, up to the limit; empty if there was a writer for it.
    pub stdout: Vec<u8>,
    /// What it printed to standard error, up to the limit; empty if there was a writer for it.
    pub stderr: Vec<u8>,
    /// Whether one of the streams was longer than the limit.
    pub truncated: bool,
    /// From the start of its process to its end. Through the engine's exec: from the request to its end.
    pub elapsed: Duration,
    /// CPU time in user mode of its process and all others that came of it. Not known through the engine's exec.
    pub cpu_user: Option<Duration>,
    /// The same in the kernel.
    pub cpu_system: Option<Duration>,
    /// The most memory that one of them had resident, in bytes, where the kernel tells. Not known through the engine's
    /// exec.
    pub max_rss: Option<u64>,
    /// How many processes ran still when its own had ended, and were ended. Not known through the engine's exec, which
    /// ends them all the same.
    pub left_behind: Option<u32>,
}

stream_texts!(CaseOutput);

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseEnd {
    /// Its process exited with this code.
    Exited(i32),
    /// Its process was ended by this signal. Through the engine's exec, which does not tell of signals, it is
    /// `Exited` with 128 and the signal.
    Signalled(i32),
    /// Its time was up, and it was ended.
    TimedOut,
    /// There is no such program, user or directory, or it can't be executed, for this reason.
    CouldNotStart(String),
}

impl CaseEnd {
    /// Whether it exited with 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        *self == Self::Exited(0)
    }

    /// Its exit code; 128 and more for a signal, as shells have it. None if its time was up or it did not start.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Self::Exited(code) => Some(*code),
            Self::Signalled(signal) => Some(128 + signal),
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
