//! Methods of the handle that wait for changes of the container's state.

use std::time::Duration;

use super::TestContainer;
use crate::base::background;
use crate::life::{self, StateWatch, WaitCondition};
use crate::words::Result;

impl TestContainer {
    /// Waits until the container has ended or is gone, and returns the exit code of that end, even if the container is
    /// restarted right after it.
    ///
    /// The code is `None` if it is unknown: the container was gone already, or the engine was unreachable when it
    /// ended. A broken connection to the engine is replaced.
    ///
    /// # Errors
    /// Not found, if the container is gone, except for [`WaitCondition::Removed`]; those of the engine, for example for
    /// a failed removal.
    ///
    /// # Cancel safety
    /// Dropping the future ends the wait and its connection.
    pub async fn wait_until(&self, condition: WaitCondition) -> Result<Option<i64>> {
        background().run(life::wait_until(self.subject().target, condition)).await
    }

    /// Waits like [`wait_until`](Self::wait_until), for at most `timeout`. A condition that is met when the time is up
    /// counts as met, even for a timeout of zero.
    ///
    /// # Errors
    /// Not ready, if the condition is not met in time; those of [`wait_until`](Self::wait_until).
    ///
    /// # Cancel safety
    /// Like [`wait_until`](Self::wait_until).
    pub async fn wait_until_timeout(
        &self,
        condition: WaitCondition,
        timeout: Duration,
    ) -> Result<Option<i64>> {
        background().run(life::wait_until_timeout(self.subject().target, condition, timeout)).await
    }

    /// Watches the container's state, from the current one on, until the container is gone.
    ///
    /// All watches share one connection to the engine, which exists only while there are watches.
    ///
    /// ```no_run
    /// # async fn example(container: seatrial::TestContainer) {
    /// let mut watch = container.watch();
    /// while let Some(state) = watch.next().await {
    ///     println!("{state}"); // Up 2 seconds (healthy)
    /// }
    /// # }
    /// ```
    pub fn watch(&self) -> StateWatch {
        StateWatch::of(self.subject().target)
    }
}
