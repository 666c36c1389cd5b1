//! What a task came to.

use std::io;
use std::time::Duration;

use super::Status;

/// How a task ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct RunResult {
    /// In one word.
    pub status: Status,
    /// Its exit code, 128 and more for a signal; none if it was cancelled before it was started.
    pub exit_code: Option<i64>,
    /// From the start until its end was noticed.
    pub elapsed: Duration,
    /// Why the writer of standard output did not get all of it; none if it did, or there is none.
    pub stdout_error: Option<io::Error>,
    /// Why the writer of standard error did not get all of it; none if it did, or there is none.
    pub stderr_error: Option<io::Error>,
}

impl RunResult {
    /// A result whose output was all written.
    #[must_use]
    pub const fn new(status: Status, exit_code: Option<i64>, elapsed: Duration) -> Self {
        Self { status, exit_code, elapsed, stdout_error: None, stderr_error: None }
    }
}
