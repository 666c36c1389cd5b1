//! The end of a container, found out in one place for everything that waits for it.
//!
//! Engines tell of an end in three ways: the answer to `/wait`, events, and an inspect. Each has its gaps: `/wait` answers
//! for a container that the engine is about to restart, events may be missed, and an inspect tells only of one moment.

use std::time::Duration;

use super::event::EventKind;
use super::feed::Signal;
use super::target::Target;
use crate::base::Backoff;
use crate::words::{ContainerState, Result};

/// The end of a container, as far as a wait must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It exited, with this code if the engine told it.
    Exited(Option<i64>),
    /// It is gone, and nobody knows its exit code.
    Removed,
}

impl Target {
    /// Waits until the container has ended for good. A restart that the engine makes by itself is not an end, and an
    /// engine that is away is waited for.
    pub(crate) async fn ended(&self) -> End {
        let mut backoff = Backoff::for_engine();
        loop {
            match self.wait_not_running().await {
                Ok(code) => match self.inspect().await {
                    // The engine starts it again by itself, or somebody did in the meantime.
                    Ok(info) if goes_on(&info.state) => {}
                    Ok(info) => return End::Exited(info.state.exit_code.or(code)),
                    Err(error) if error.is_not_found() => {
                        return code.map_or(End::Removed, |code| End::Exited(Some(code)));
                    }
                    Err(error) => tracing::debug!("{error}"),
                },
                Err(error) if error.is_not_found() => return End::Removed,
                // An engine that is away for a moment says nothing about the container.
                Err(error) => tracing::debug!("{error}"),
            }
            tokio::time::sleep(backoff.next()).await;
        }
    }

    /// Returns `true` if the container has ended for good, or does so within a time: its output ends a moment before the
    /// engine says that it has. `false` if the engine does not answer.
    pub(crate) async fn ends_in(&self, time: Duration) -> bool {
        match tokio::time::timeout(time, self.wait_not_running()).await {
            Err(_) => return false,
            Ok(Err(error)) => return error.is_not_found(),
            Ok(Ok(_)) => {}
        }
        match self.inspect().await {
            Ok(info) => !goes_on(&info.state),
            Err(error) => error.is_not_found(),
        }
    }

    /// Waits until the container runs, if it does not; `false` once it is gone.
    ///
    /// Returns `true` as well while the engine's events are missing, since then nobody can tell.
    pub(crate) async fn runs_again(&self) -> Result<bool> {
        // The events first and the state after: nothing that happens in between is missed.
        let mut signals = self.listen();
        loop {
            match signals.next().await {
                Signal::Look | Signal::Event(_) => {}
                Signal::Silence(_) => return Ok(true),
            }
            match self.inspect().await {
                Ok(info) if goes_on(&info.state) => return Ok(true),
                Ok(_) => {}
                Err(error) if error.is_not_found() => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until the container does not run any more, by its events alone. Costs no request of its own while another
    /// reader follows the events.
    pub(crate) async fn stopped(&self) {
        let mut signals = self.listen();
        loop {
            let has_stopped = match signals.next().await {
                Signal::Look => match self.inspect().await {
                    Ok(info) => !info.state.is_running(),
                    Err(error) => error.is_not_found(),
                },
                Signal::Event(event) => matches!(event.kind, EventKind::Die(_) | EventKind::Destroy),
                Signal::Silence(_) => false,
            };
            if has_stopped {
                return;
            }
        }
    }
}

/// Returns `true` for a container that runs, or that the engine is about to start again by itself.
fn goes_on(state: &ContainerState) -> bool {
    state.is_running() || state.is_restarting()
}
