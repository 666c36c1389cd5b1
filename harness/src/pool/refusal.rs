//! The errors of requests that a pool refuses.

use seatrial_pool::Refusal;

use super::manager::PoolShell;
use crate::words::{Error, Kind};

/// Returns the error for a refused request.
pub(super) fn refused(shell: &PoolShell, refusal: Refusal) -> Error {
    let error = match refusal {
        Refusal::Closed => Error::new(Kind::Closed, "the pool is closed"),
        Refusal::Empty => {
            Error::new(Kind::Conflict, "the pool is empty: all of its containers were detached")
        }
        Refusal::Busy => Error::new(Kind::Conflict, "no container is free"),
        Refusal::Failed => {
            let message = "the pool has no working container left, and starting another one failed";
            match &*shell.manager().last_failure() {
                Some(error) => error.clone().without_subject().with_part(message),
                None => Error::new(Kind::Conflict, message),
            }
        }
    };
    error.with_subject(shell.manager().names.subject())
}

/// Returns the error for a request of user code that would wait for the pool that runs it.
pub(super) fn would_deadlock(shell: &PoolShell) -> Error {
    let message =
        "a recycle hook of this pool requests a container that is not free: it might wait for itself";
    Error::new(Kind::Conflict, message).with_subject(shell.manager().names.subject()).with_hint(
        "the hook has its container already: use the one that it is called with, or call `try_get`",
    )
}
