//! Reapers that never were: created by a process that was killed before it started them.
//!
//! The engine has no call that creates and starts at once, and removes by itself only what has run. They hold nothing,
//! and would be there for ever: who makes a reaper of its own removes those of dead processes.

use crate::config::is_gone;
use crate::engine::Engine;
use crate::words::Result;

/// Removes them. What can't be removed is for the next one.
pub(super) async fn remove(engine: Engine) {
    match try_to(&engine).await {
        Ok(0) => {}
        Ok(removed) => tracing::debug!(removed, "reapers of dead processes that were never started"),
        Err(error) => tracing::debug!("{error}"),
    }
}

async fn try_to(engine: &Engine) -> Result<usize> {
    let mut removed = 0;
    for (id, owner) in engine.reapers_never_started().await? {
        // Its session may have other processes: one that starts it in this moment sees it gone, and makes its own.
        if is_gone(&owner) {
            engine.remove_idle_container(&id).await?;
            removed += 1;
        }
    }
    Ok(removed)
}
