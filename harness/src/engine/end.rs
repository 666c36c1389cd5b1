//! The detection of a container's end, in one place for all waits.
//!
//! Engines report an end in three ways, each with gaps: the answer to `/wait` comes even if the engine is about to
//! restart the container, events may be missed, and an inspect shows a single moment.

use std::time::Duration;

use super::event::EventKind;
use super::feed::Signal;
use super::target::Target;
use crate::base::Backoff;
use crate::words::{ContainerState, Result};

/// The end of a container, as far as a wait needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It exited, with this code if the engine reported one.
    Exited(Option<i64>),
    /// It is gone, and its exit code is unknown.
    Removed,
}

impl Target {
    /// Waits until the container has ended for good. A restart by the engine does not count as an end, and a broken
    /// connection to the engine is replaced.
    pub(crate) async fn ended(&self) -> End {
        let mut backoff = Backoff::for_engine();
        loop {
            match self.wait_not_running().await {
                Ok(code) => match self.inspect().await {
                    // The engine restarts it, or another caller has started it in the meantime.
                    Ok(info) if goes_on(&info.state) => {}
                    Ok(info) => return End::Exited(info.state.exit_code.or(code)),
                    Err(error) if error.is_not_found() => {
                        return code.map_or(End::Removed, |code| End::Exited(Some(code)));
                    }
                    Err(error) => tracing::debug!("{error}"),
                },
                Err(error) if error.is_not_found() => return End::Removed,
                // An unreachable engine says nothing about the container, so this is retried.
                Err(error) => tracing::debug!("{error}"),
            }
            crate::base::sleep(backoff.next()).await;
        }
    }

    /// Returns `true` if the container has ended for good, or does so within `time`, since its output ends a moment
    /// before the engine reports the end. Returns `false` if the engine does not answer.
    pub(crate) async fn ends_in(&self, time: Duration) -> bool {
        match crate::base::timeout(time, self.wait_not_running()).await {
            Err(_) => return false,
            Ok(Err(error)) => return error.is_not_found(),
            Ok(Ok(_)) => {}
        }
        match self.inspect().await {
            Ok(info) => !goes_on(&info.state),
            Err(error) => error.is_not_found(),
        }
    }

    /// Waits until the container runs. Returns `false` if it is gone.
    ///
    /// Returns `true`, too, if the engine's events are not available, since the state is unknown then.
    pub(crate) async fn runs_again(&self) -> Result<bool> {
        // Subscribed before the inspection, so that nothing in between is missed.
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

    /// Waits until the container does not run, by events alone. It needs no request of its own while others follow the
    /// events.
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

/// Returns `true` for a container that runs, or that the engine is about to restart.
fn goes_on(state: &ContainerState) -> bool {
    state.is_running() || state.is_restarting()
}
