//! Options about the runs of a container: restarts that a function decides on, and the profile hook.

use std::sync::Arc;

use super::ContainerRequest;
use crate::life::{AfterExit, LastRun, ProfileHook, Profiler};

impl ContainerRequest {
    /// Has a function decide, each time that the container ends by itself, whether it is started again. Default:
    /// nobody starts it again.
    ///
    /// It is called from the moment that the container is ready, on a thread of its own, and may block. Pauses before
    /// restarts double from 100 ms to a minute, and begin anew after a run of 10 s. An end that the handle has caused
    /// ([`stop`](crate::TestContainer::stop), [`restart`](crate::TestContainer::restart), a removal) asks nobody. If the
    /// function panics, that is reported (see [`Snapshot::error`](crate::Snapshot::error)) and nothing is restarted any
    /// more.
    ///
    /// A restart policy of the engine's beside it is refused.
    ///
    /// ```
    /// # use seatrial::{AfterExit, ContainerRequest};
    /// let request = ContainerRequest::new("redis:7")
    ///     .restart_when(|run| if run.exit_code == Some(1) { AfterExit::Restart } else { AfterExit::Stop })
    ///     .max_restarts(5);
    /// ```
    pub fn restart_when(mut self, decide: impl Fn(LastRun) -> AfterExit + Send + Sync + 'static) -> Self {
        self.restarts.decide = Some(Arc::new(decide));
        self
    }

    /// How many restarts [`restart_when`](Self::restart_when) may cause, starts that fail included; at least 1. Default:
    /// as many as it wants.
    pub fn max_restarts(mut self, most: u32) -> Self {
        self.restarts.most = Some(most);
        self
    }

    /// Has a profiler called when the container runs, and before it is ended. Default: none.
    pub fn profile_with(mut self, hook: impl ProfileHook) -> Self {
        self.profiler = Profiler::new(hook);
        self
    }
}
