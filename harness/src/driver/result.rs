//! The result of a task.

use std::io;
use std::time::Duration;

use super::Status;

/// The result of a task.
#[derive(Debug)]
#[non_exhaustive]
pub struct RunResult {
    /// The end in one word.
    pub status: Status,
    /// The exit code; 128 and the signal's number after a signal. `None` if the task was cancelled before its start.
    pub exit_code: Option<i64>,
    /// The time from the start until the end was noticed.
    pub elapsed: Duration,
    /// The error of the standard output's writer, which did not take all of it. `None` if it did, or there is no writer.
    pub stdout_error: Option<io::Error>,
    /// The error of the standard error's writer, which did not take all of it. `None` if it did, or there is no writer.
    pub stderr_error: Option<io::Error>,
}

impl RunResult {
    /// Creates a result without errors of writers.
    #[must_use]
    pub const fn new(status: Status, exit_code: Option<i64>, elapsed: Duration) -> Self {
        Self { status, exit_code, elapsed, stdout_error: None, stderr_error: None }
    }
}
