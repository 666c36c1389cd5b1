//! Changes to a running container: stop, kill, restart, pause, limits. Each is one call to the engine.

use std::time::Duration;

use super::{Limits, TestContainer};
use crate::container::Subject;
use crate::engine::Change;
use crate::life::Intent;
use crate::words::Result;

impl TestContainer {
    /// Stops the container: sends the stop signal, and SIGKILL after the stop timeout (10 s unless the request sets
    /// one).
    ///
    /// # Errors
    /// Not found, if the container is gone; those of the engine.
    ///
    /// # Cancel safety
    /// If the future is dropped, the engine may still stop the container.
    pub async fn stop(&self) -> Result<Change> {
        self.stop_in(None).await
    }

    /// Stops the container like [`stop`](Self::stop), with a stop timeout in whole seconds, rounded up.
    ///
    /// # Errors
    /// Those of [`stop`](Self::stop).
    ///
    /// # Cancel safety
    /// Like [`stop`](Self::stop).
    pub async fn stop_timeout(&self, grace: Duration) -> Result<Change> {
        self.stop_in(Some(grace)).await
    }

    async fn stop_in(&self, grace: Option<Duration>) -> Result<Change> {
        let subject = self.subject();
        let Subject { course, .. } = subject.clone();
        let intended = course.intend(Intent::Stop);
        course.end_profile().await;
        let change = subject.stop(grace).await?;
        // Its ports are free for others from now on.
        self.ports().end();
        // Marked as intended until the container is started again.
        intended.keep();
        Ok(change)
    }

    /// Sends a signal to the container's first process, by name (`SIGKILL`) or number.
    ///
    /// # Errors
    /// Invalid, if there is no such signal; not found, if the container is gone; those of the engine.
    ///
    /// # Cancel safety
    /// If the future is dropped, the engine may still send the signal.
    pub async fn kill(&self, signal: &str) -> Result<Change> {
        let subject = self.subject();
        subject.kill(signal).await
    }

    /// Stops the container and starts it again, and looks its ports up again, since the engine may choose new ones.
    /// Does not wait until it is ready; [`wait`](Self::wait) does.
    ///
    /// # Errors
    /// Not found, if the container is gone; those of the engine.
    ///
    /// # Cancel safety
    /// If the future is dropped, the engine may still restart the container, and the handle keeps the previous ports.
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

    /// Starts the ended container again, and looks its ports up again.
    ///
    /// # Errors
    /// Not found, if the container is gone; those of the engine.
    ///
    /// # Cancel safety
    /// Like [`restart`](Self::restart).
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

    /// Freezes all of the container's processes.
    ///
    /// # Errors
    /// Conflict, if the container does not run; not found, if it is gone; those of the engine.
    ///
    /// # Cancel safety
    /// If the future is dropped, the engine may still pause the container.
    pub async fn pause(&self) -> Result<Change> {
        let subject = self.subject();
        subject.pause().await
    }

    /// Resumes all of the container's processes. A container that is not paused yields [`Change::AlreadySo`].
    ///
    /// # Errors
    /// Not found, if the container is gone; those of the engine.
    ///
    /// # Cancel safety
    /// If the future is dropped, the engine may still resume the container.
    pub async fn unpause(&self) -> Result<Change> {
        let subject = self.subject();
        subject.unpause().await
    }

    /// Changes the limits of the running container.
    ///
    /// # Errors
    /// Invalid, if the engine refuses a limit; not found, if the container is gone; those of the engine.
    ///
    /// # Cancel safety
    /// If the future is dropped, the engine may still set the limits.
    pub async fn update_limits(&self, limits: Limits) -> Result<()> {
        let subject = self.subject();
        subject.update(limits.into_body()).await
    }
}
