//! The error of a request to the engine.

use std::fmt;

use bollard::errors::Error;

/// A request that failed.
#[derive(Debug)]
pub struct EngineError {
    /// The HTTP status, if the engine answered.
    pub(super) status: Option<u16>,
    pub(super) message: String,
}

impl EngineError {
    /// Makes an error that is not the engine's answer.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { status: None, message: message.into() }
    }

    /// Returns `true` if the resource does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status == Some(404)
    }

    /// Returns `true` if the engine failed while it did what it was asked for.
    #[must_use]
    pub fn is_engine_failure(&self) -> bool {
        self.status.is_some_and(|status| status >= 500)
    }

    /// Returns `true` if the engine may have done what it was asked for: it gave no answer, or failed on the way.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.status.is_none() || self.is_engine_failure()
    }

    /// Returns `true` if somebody else's removal of the resource is under way.
    #[must_use]
    pub fn is_in_progress(&self) -> bool {
        self.status == Some(409) && self.message.contains("already in progress")
    }

    /// Returns `true` if a network can't be removed because containers are connected to it.
    #[must_use]
    pub fn has_endpoints(&self) -> bool {
        self.message.contains("active endpoints") || self.message.contains("containers associated")
    }
}

impl From<Error> for EngineError {
    fn from(error: Error) -> Self {
        match error {
            Error::DockerResponseServerError { status_code, message } => {
                Self { status: Some(status_code), message: message.trim().to_owned() }
            }
            other => Self::new(other.to_string()),
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "the engine answered {status}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for EngineError {}
