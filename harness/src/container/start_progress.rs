//! The progress of a start, for a caller that follows it.

use std::fmt;

use super::Subject;
use crate::pulling::PullProgress;

/// A listener for the progress of a start.
pub(crate) trait StartProgress: Send + Sync {
    /// Receives the progress of the image's pull.
    fn pulling(&self, progress: &PullProgress);

    /// Receives the container's identity once it is created.
    fn created(&self, subject: Subject);
}

impl fmt::Debug for dyn StartProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StartProgress")
    }
}
