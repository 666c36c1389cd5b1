//! The health check of a request.

use std::time::Duration;

use bollard::models::HealthConfig;

use super::texts;

/// A health check: a command that the engine runs in the container periodically.
#[derive(Clone, Debug)]
#[must_use]
pub struct HealthCheck(HealthConfig);

impl HealthCheck {
    /// Creates a check that executes a command with its arguments, without a shell.
    pub fn cmd<T: Into<String>>(cmd: impl IntoIterator<Item = T>) -> Self {
        let test = std::iter::once("CMD".to_owned()).chain(texts(cmd)).collect();
        Self(HealthConfig { test: Some(test), ..Default::default() })
    }

    /// Creates a check that passes a line to the container's shell.
    pub fn shell(line: impl Into<String>) -> Self {
        Self(HealthConfig { test: Some(vec!["CMD-SHELL".to_owned(), line.into()]), ..Default::default() })
    }

    /// Disables the image's health check.
    pub fn none() -> Self {
        Self(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..Default::default() })
    }

    /// Sets the time between two checks, at least 1 ms. Default: the engine's, 30 s.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.0.interval = Some(nanoseconds(interval));
        self
    }

    /// Sets the time limit of one check. Default: the engine's, 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = Some(nanoseconds(timeout));
        self
    }

    /// Sets the number of consecutive failures that make the container unhealthy. Default: the engine's, 3.
    pub fn retries(mut self, retries: u32) -> Self {
        self.0.retries = Some(retries.into());
        self
    }

    /// Sets the period after the start in which failures do not count. Default: the engine's, 0 s.
    pub fn start_period(mut self, period: Duration) -> Self {
        self.0.start_period = Some(nanoseconds(period));
        self
    }

    pub(super) fn into_config(self) -> HealthConfig {
        self.0
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    duration.as_nanos().try_into().unwrap_or(i64::MAX)
}
