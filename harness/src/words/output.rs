//! The output of a command, whole or up to its time limit.

use std::time::Duration;

use super::texts::stream_texts;

/// The outcome of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecOutput {
    /// The exit code; 128 and the signal's number after a signal, as shells have it.
    pub exit_code: i64,
    /// The standard output, up to the limit; with a terminal, all output.
    pub stdout: Vec<u8>,
    /// The standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// The time from the request to the end of the output.
    pub elapsed: Duration,
    /// `true` if one of the streams was longer than the limit.
    pub truncated: bool,
}

/// The output of a command that exceeded its time limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartialOutput {
    /// The standard output, up to the limit; with a terminal, all output.
    pub stdout: Vec<u8>,
    /// The standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// The time from the request until the command was ended.
    pub elapsed: Duration,
    /// `true` if one of the streams was longer than the limit.
    pub truncated: bool,
}

stream_texts!(PartialOutput);
stream_texts!(ExecOutput);
