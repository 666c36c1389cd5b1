//! Options for the runs of a container: restarts that a function decides on, and the profile hook.

use std::sync::Arc;

use super::ContainerRequest;
use crate::life::{AfterExit, LastRun, ProfileHook, Profiler};

impl ContainerRequest {
    /// Sets a function that decides, each time the container ends by itself, whether it is restarted. Default: no
    /// restarts.
    ///
    /// The function is called once the container was ready, on a thread where it may block. The pauses before restarts
    /// double from 100 ms to 60 s, and start over after a run of 10 s. It is not called for an end caused by the handle
    /// ([`stop`](crate::TestContainer::stop), [`restart`](crate::TestContainer::restart), a removal). If it panics,
    /// that is reported in [`Snapshot::error`](crate::monitor::Snapshot::error), and there are no further restarts.
    ///
    /// The engine's restart policy can't be used together with it.
    ///
    /// ```
    /// # use seatrial::{ContainerRequest, monitor::AfterExit};
    /// let request = ContainerRequest::new("redis:7")
    ///     .restart_when(|run| if run.exit_code == Some(1) { AfterExit::Restart } else { AfterExit::Stop })
    ///     .max_restarts(5);
    /// ```
    pub fn restart_when(mut self, decide: impl Fn(LastRun) -> AfterExit + Send + Sync + 'static) -> Self {
        self.restarts.decide = Some(Arc::new(decide));
        self
    }

    /// Sets the maximum number of restarts by [`restart_when`](Self::restart_when), failed ones included; at least 1.
    /// Default: no limit.
    pub fn max_restarts(mut self, most: u32) -> Self {
        self.restarts.most = Some(most);
        self
    }

    /// Sets a hook that is called when a run begins and before it is ended. Default: none.
    pub fn profile_with(mut self, hook: impl ProfileHook) -> Self {
        self.profiler = Profiler::new(hook);
        self
    }
}
