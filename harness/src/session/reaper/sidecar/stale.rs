//! The removal of reapers that their creators were killed before starting.
//!
//! The engine has no call that creates and starts at once, and removes by itself only what has run. Such a reaper would
//! stay for ever, so each process that makes a reaper removes those of processes that have ended, of all sessions.

use crate::engine::Engine;
use crate::session::owner::{Owner, Place};
use crate::words::Result;

/// Removes them. One that can't be removed is left to the next process.
pub(super) async fn remove(engine: Engine) {
    match try_to(&engine).await {
        Ok(0) => {}
        Ok(removed) => tracing::debug!(removed, "reapers of ended processes that were never started"),
        Err(error) => tracing::debug!("{error}"),
    }
}

async fn try_to(engine: &Engine) -> Result<usize> {
    let Some(here) = Place::current() else { return Ok(0) };
    let mut removed = 0;
    for (id, owner) in engine.reapers_never_started().await? {
        // Another process of the session may start it at this moment; it sees it gone then, and makes its own.
        if Owner::parse(&owner).is_some_and(|owner| owner.has_ended(&here)) {
            engine.remove_idle_container(&id).await?;
            removed += 1;
        }
    }
    Ok(removed)
}
