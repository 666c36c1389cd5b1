//! Changes to a container that runs: stop, kill, restart, pause, limits. One call of the engine each.

use std::time::Duration;

use bollard::models::ContainerUpdateBody;

use super::TestContainer;
use crate::container::Subject;
use crate::engine::Change;
use crate::life::Intent;
use crate::words::Result;

/// New limits for a container that runs; what is not set stays.
#[derive(Clone, Debug, Default)]
#[must_use = "limits do nothing until a container is given them"]
pub struct Limits(ContainerUpdateBody);

impl Limits {
    /// No change.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most memory, in bytes, and memory and swap together, in bytes. Default: unchanged.
    pub fn memory(mut self, bytes: u64, with_swap: u64) -> Self {
        self.0.memory = Some(bytes.try_into().unwrap_or(i64::MAX));
        self.0.memory_swap = Some(with_swap.try_into().unwrap_or(i64::MAX));
        self
    }

    /// The most CPU, in thousandths of a core. Default: unchanged.
    pub fn milli_cpus(mut self, milli: u32) -> Self {
        self.0.cpu_period = Some(100_000);
        self.0.cpu_quota = Some(i64::from(milli) * 100);
        self
    }

    /// The most processes. Default: unchanged.
    pub fn pids_limit(mut self, processes: u32) -> Self {
        self.0.pids_limit = Some(processes.into());
        self
    }

    pub(super) fn into_body(self) -> ContainerUpdateBody {
        self.0
    }
}

impl TestContainer {
    /// Stops it: the stop signal, then after its stop timeout (10 s unless the request says otherwise) a kill.
    ///
    /// # Errors
    /// Not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it to the engine whether it is stopped.
    pub async fn stop(&self) -> Result<Change> {
        self.stop_in(None).await
    }

    /// As [`stop`](Self::stop), with a grace of your own; whole seconds, rounded up.
    ///
    /// # Errors
    /// As [`stop`](Self::stop).
    ///
    /// # Cancel safety
    /// As [`stop`](Self::stop).
    pub async fn stop_within(&self, grace: Duration) -> Result<Change> {
        self.stop_in(Some(grace)).await
    }

    async fn stop_in(&self, grace: Option<Duration>) -> Result<Change> {
        let subject = self.subject();
        let Subject { course, .. } = subject.clone();
        let intended = course.intend(Intent::Stop);
        course.end_profile().await;
        let change = subject.stop(grace).await?;
        // It stays so until it is started again.
        intended.keep();
        Ok(change)
    }

    /// Sends a signal to its first process, by name (`SIGKILL`) or number.
    ///
    /// # Errors
    /// Invalid, if there is no such signal; not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it to the engine whether the signal is sent.
    pub async fn kill(&self, signal: &str) -> Result<Change> {
        let subject = self.subject();
        subject.kill(signal).await
    }

    /// Stops it and starts it again, and looks its ports up anew: the engine may choose others. Does not wait until
    /// it is ready; see [`wait`](Self::wait).
    ///
    /// # Errors
    /// Not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it to the engine whether it is restarted, and the ports as they were known.
    pub async fn restart(&self) -> Result<()> {
        let subject = self.subject();
        let Subject { commands, course, .. } = &subject;
        subject.mark_ran_before();
        let _intended = course.intend(Intent::Restart);
        course.end_profile().await;
        subject.restart(None).await?;
        commands.cure();
        self.look_again().await
    }

    /// Starts it again after it ended, and looks its ports up anew.
    ///
    /// # Errors
    /// Not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// As [`restart`](Self::restart).
    pub async fn start(&self) -> Result<Change> {
        let subject = self.subject();
        subject.mark_ran_before();
        let change = subject.start().await?;
        if change == Change::Made {
            subject.commands.cure();
        }
        self.look_again().await?;
        Ok(change)
    }

    pub(super) async fn look_again(&self) -> Result<()> {
        let info = self.inspect().await?;
        self.refresh(&info);
        let subject = self.subject();
        subject.course.began(&info.state);
        subject.course.begin_profile(&subject, &info).await;
        Ok(())
    }

    /// Freezes all of its processes.
    ///
    /// # Errors
    /// Conflict, if it does not run; not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it to the engine whether it is paused.
    pub async fn pause(&self) -> Result<Change> {
        let subject = self.subject();
        subject.pause().await
    }

    /// Lets all of its processes go on. One that does not run is not frozen: that is so already.
    ///
    /// # Errors
    /// Not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it to the engine whether it goes on.
    pub async fn unpause(&self) -> Result<Change> {
        let subject = self.subject();
        subject.unpause().await
    }

    /// Gives it new limits while it runs.
    ///
    /// # Errors
    /// Invalid, if the engine refuses one; not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it to the engine whether the limits are set.
    pub async fn update_limits(&self, limits: Limits) -> Result<()> {
        let subject = self.subject();
        subject.update(limits.0).await
    }
}
