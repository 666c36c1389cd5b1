//! A sidecar whose link was lost while it may still run.

use std::time::{Duration, Instant};

use crate::config::ReaperSettings;
use crate::session::reaper::link::Limits;
use crate::words::ContainerId;

/// The longest time in which a lost sidecar is only tried again.
const GRACE: Duration = Duration::from_secs(2);
/// The time after which a reaper without clients removes everything, unless it is told another one.
const RECONNECTION: Duration = Duration::from_secs(10);

/// A sidecar that this process was linked to.
///
/// It counts down from the loss: without a client in time it removes the session, which still runs. So if it can't be
/// reached again soon, it is killed and replaced, before it can do so.
#[derive(Clone, Debug)]
pub(in crate::session::reaper) struct Lost {
    id: ContainerId,
    since: Instant,
}

impl Lost {
    pub(in crate::session::reaper) fn now(id: ContainerId) -> Self {
        Self { id, since: Instant::now() }
    }

    /// Returns `true` if this is the container `id`. A process replaces only a sidecar that it was linked to: one that it
    /// never reached may be serving others.
    pub(super) fn is(&self, id: &ContainerId) -> bool {
        self.id == *id
    }

    /// Returns `true` if it has been out of reach for too long.
    pub(super) fn is_overdue(&self, settings: &ReaperSettings) -> bool {
        self.since.elapsed() >= grace(settings)
    }

    /// Returns the limits for one try, so that a sidecar that does not answer is found out in time.
    pub(super) fn limits(settings: &ReaperSettings) -> Limits {
        // Long enough for a busy machine.
        let limit = grace(settings).max(Duration::from_secs(1));
        Limits { connect: limit, acknowledge: limit }
    }
}

/// A fifth of the time that the reaper waits for its clients to come back.
fn grace(settings: &ReaperSettings) -> Duration {
    (settings.reconnection().unwrap_or(RECONNECTION) / 5).min(GRACE)
}
