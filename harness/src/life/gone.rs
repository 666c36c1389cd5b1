//! The end of a container, for readers of its output. Mostly the end of the stream tells of it; engines have been seen
//! to leave the streams of commands open when a sandbox dies.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};

use crate::engine::Target;

/// The time before a reader subscribes to the container's events. Most readers are done sooner.
const DELAY: Duration = Duration::from_secs(5);
/// The time in which output may still arrive after the container's end.
const REST: Duration = Duration::from_secs(2);

/// A container that a reader expects to run.
pub(crate) struct Presence {
    /// Completes at the container's end. None once it has completed.
    gone: Option<BoxFuture<'static, ()>>,
}

impl Presence {
    pub(crate) fn of(target: &Target) -> Self {
        Self { gone: Some(Box::pin(gone(target.clone()))) }
    }

    /// Awaits a future that reads from the container. Returns `None` if the container has ended and the future does not
    /// complete.
    ///
    /// # Cancel safety
    /// May be dropped and called again with another future.
    pub(crate) async fn unless_gone<T>(&mut self, reading: impl Future<Output = T>) -> Option<T> {
        let mut reading = pin!(reading);
        if let Some(gone) = &mut self.gone {
            match select(reading.as_mut(), gone).await {
                Either::Left((read, _)) => return Some(read),
                Either::Right(((), _)) => self.gone = None,
            }
        }
        crate::base::timeout(REST, reading).await.ok()
    }
}

/// Returns once the container has ended or was removed, after [`DELAY`] at the earliest.
async fn gone(target: Target) {
    crate::base::sleep(DELAY).await;
    target.stopped().await;
}
