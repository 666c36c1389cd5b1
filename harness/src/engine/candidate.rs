//! An engine that did not answer, with the reason in one line. Choosing the candidates is up to `discover.rs`.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use crate::config::Endpoint;
use crate::words::{Error, Kind};

/// An engine that was tried and did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// The source of the address, as messages name it.
    pub source: String,
    /// The address of its API.
    pub endpoint: Endpoint,
    /// The reason why it can't be used.
    pub reason: String,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}): {}", self.endpoint, self.source, self.reason)
    }
}

/// Describes in one line why a probe failed, and what to do about it if that is known.
pub(super) fn reason(error: &Error) -> String {
    match causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind) {
        Some(io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => "no such file".to_owned(),
        Some(io::ErrorKind::PermissionDenied) => {
            "permission denied: is this user in the group that owns the socket, usually `docker`?".to_owned()
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

/// Joins the first lines of an error and its sources.
fn chain(error: &Error) -> String {
    let texts = std::iter::once(error.to_string()).chain(causes(error).map(ToString::to_string));
    let lines = texts.map(|text| text.lines().next().unwrap_or_default().to_owned());
    lines.collect::<Vec<_>>().join(": ")
}

pub(super) fn causes(error: &Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}
