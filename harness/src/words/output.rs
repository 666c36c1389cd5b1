//! The output of a command, complete or up to its time limit.

use std::time::Duration;

use super::texts::stream_texts;

/// The result of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecOutput {
    /// The exit code. As in shells, 128 plus the signal's number for a command that was killed by a signal.
    pub exit_code: i64,
    /// The standard output, up to the limit. With a terminal, the whole output.
    pub stdout: Vec<u8>,
    /// The standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// The time from the request until the end of the output.
    pub elapsed: Duration,
    /// `true` if one of the streams was longer than the limit.
    pub truncated: bool,
}

/// The output of a command that exceeded its time limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartialOutput {
    /// The standard output, up to the limit. With a terminal, the whole output.
    pub stdout: Vec<u8>,
    /// The standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// The time from the request until the command was killed.
    pub elapsed: Duration,
    /// `true` if one of the streams was longer than the limit.
    pub truncated: bool,
}

stream_texts!(PartialOutput);
stream_texts!(ExecOutput);
