//! The output of a command, whole or up to its deadline.

use std::time::Duration;

use super::texts::stream_texts;

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecOutput {
    /// Its exit code; 128 and more for a signal, as shells have it.
    pub exit_code: i64,
    /// What it printed to standard output, up to the limit; with a terminal, all output.
    pub stdout: Vec<u8>,
    /// What it printed to standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// From the request until its output ended.
    pub elapsed: Duration,
    /// Whether one of the streams was longer than the limit.
    pub truncated: bool,
}

/// What a command printed before its time was up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartialOutput {
    /// What it printed to standard output, up to the limit; with a terminal, all output.
    pub stdout: Vec<u8>,
    /// What it printed to standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// From the request until it was ended.
    pub elapsed: Duration,
    /// Whether one of the streams was longer than the limit.
    pub truncated: bool,
}

stream_texts!(PartialOutput);
stream_texts!(ExecOutput);
