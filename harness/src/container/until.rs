//! The handle's waits for changes of the container's state.

use std::time::Duration;

use super::TestContainer;
use crate::base::background;
use crate::life::{self, StateWatch, WaitCondition};
use crate::words::Result;

impl TestContainer {
    /// Waits until it has ended or is gone, and returns the exit code of that very end: a restart right after does not
    /// change it.
    ///
    /// None, if nobody can tell the code: the container was gone already, or the engine was away when it ended. An
    /// engine that is away is waited for.
    ///
    /// # Errors
    /// Not found, if it is gone, unless that is what is waited for; the engine's own, for example of a removal that
    /// failed.
    ///
    /// # Cancel safety
    /// Dropping the future ends the wait and its connection.
    pub async fn wait_until(&self, condition: WaitCondition) -> Result<Option<i64>> {
        background().run(life::wait_until(self.subject().target, condition)).await
    }

    /// As [`wait_until`](Self::wait_until), up to a time. A condition that is met by then is met, even if there was no
    /// time at all.
    ///
    /// # Errors
    /// Not ready, if it is not met in time; as [`wait_until`](Self::wait_until).
    ///
    /// # Cancel safety
    /// As [`wait_until`](Self::wait_until).
    pub async fn wait_until_timeout(
        &self,
        condition: WaitCondition,
        timeout: Duration,
    ) -> Result<Option<i64>> {
        background().run(life::wait_until_timeout(self.subject().target, condition, timeout)).await
    }

    /// Its state now, and each one that it changes to, until it is gone.
    ///
    /// All watches share one connection to the engine, which is there for as long as anybody watches.
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
