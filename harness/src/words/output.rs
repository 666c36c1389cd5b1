//! Output that a command printed before its deadline.

use std::time::Duration;

use super::texts::stream_texts;

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
