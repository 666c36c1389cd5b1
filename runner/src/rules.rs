//! The rules by which cases are attempted, retried and repeated.

/// The number of attempts at a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The number of times that a failed case is retried, alone and in a fresh container. Default: 1.
    pub retries: u32,
    /// The same for cases on a flaky list. Default: 3.
    pub flaky_retries: u32,
    /// The most failed cases that are retried. If more cases fail, none is. Default: any number.
    pub max_retries: Option<u32>,
    /// The number of attempts, in all, at a case whose container fails under it. Default: 3.
    pub infrastructure_attempts: u32,
    /// The number of times that each case is run. With more than one, failures are not retried. Default: 1.
    pub repeat: u32,
    /// Set to end the run with the first failure, which is retried at once. Default: `false`.
    pub fail_fast: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            retries: 1,
            flaky_retries: 3,
            max_retries: None,
            infrastructure_attempts: 3,
            repeat: 1,
            fail_fast: false,
        }
    }
}

/// The cases beside which an attempt runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Other cases may run at the same time, in other containers.
    Shared,
    /// No other case runs at the same time.
    Alone,
}
