//! An engine that does not answer, and the one line that says why. Which ones are asked is for `discover.rs`.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use crate::config::Endpoint;
use crate::words::{Error, Kind};

/// An engine that does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// What led to it, in words that a message can use.
    pub source: String,
    /// Where it should listen.
    pub endpoint: Endpoint,
    /// Why it is no engine to use.
    pub reason: String,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}): {}", self.endpoint, self.source, self.reason)
    }
}

/// One line on why a probe failed, with what to do about it where that is known.
pub(super) fn reason(error: &Error) -> String {
    match causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind) {
        Some(io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => "no such file".to_owned(),
        Some(io::ErrorKind::PermissionDenied) => {
            "permission denied: is this user in the group that owns it, usually `docker`?".to_owned()
        }
        Some(io::ErrorKind::ConnectionRefused) => "connection refused: the daemon is not running".to_owned(),
        Some(io::ErrorKind::TimedOut) => {
            "no answer in time: the daemon hangs, or is not reachable".to_owned()
        }
        _ if error.kind() == Kind::Timeout => {
            format!("{}: the daemon hangs, or is not reachable", chain(error))
        }
        _ => chain(error),
    }
}

/// An error and its sources, the first line of each.
fn chain(error: &Error) -> String {
    let texts = std::iter::once(error.to_string()).chain(causes(error).map(ToString::to_string));
    let lines = texts.map(|text| text.lines().next().unwrap_or_default().to_owned());
    lines.collect::<Vec<_>>().join(": ")
}

fn causes(error: &Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}
