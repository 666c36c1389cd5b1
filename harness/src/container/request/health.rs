//! A health check that a request gives its container.

use std::time::Duration;

use bollard::models::HealthConfig;

use super::texts;

/// A command that the engine runs in the container to tell whether it is healthy.
#[derive(Clone, Debug)]
#[must_use]
pub struct HealthCheck(HealthConfig);

impl HealthCheck {
    /// A command with its arguments, run as it is.
    pub fn cmd<T: Into<String>>(cmd: impl IntoIterator<Item = T>) -> Self {
        let test = std::iter::once("CMD".to_owned()).chain(texts(cmd)).collect();
        Self(HealthConfig { test: Some(test), ..Default::default() })
    }

    /// A line for the container's shell.
    pub fn shell(line: impl Into<String>) -> Self {
        Self(HealthConfig { test: Some(vec!["CMD-SHELL".to_owned(), line.into()]), ..Default::default() })
    }

    /// Turns the image's own check off.
    pub fn none() -> Self {
        Self(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..Default::default() })
    }

    /// Time between checks, at least 1 ms. Default: the engine's, 30 s.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.0.interval = Some(nanoseconds(interval));
        self
    }

    /// How long one check may take. Default: the engine's, 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = Some(nanoseconds(timeout));
        self
    }

    /// How many checks in a row must fail. Default: the engine's, 3.
    pub fn retries(mut self, retries: u32) -> Self {
        self.0.retries = Some(retries.into());
        self
    }

    /// How long failures do not count at the start. Default: the engine's, none.
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
