//! Notices a container's end while its output is read. Usually the stream ends with the container, but if a sandbox
//! dies, engines may leave the streams of its commands open.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};

use crate::engine::Target;

/// The time after which the engine is asked. Shorter reads need no request.
const SOON: Duration = Duration::from_secs(5);
/// The time for output that was sent before the end and arrives after it.
const REST: Duration = Duration::from_secs(2);

/// Awaits a future that reads from a container. Returns `None` if it does not complete although the container has
/// ended.
pub(crate) async fn unless_gone<T>(target: &Target, reading: impl Future<Output = T>) -> Option<T> {
    Presence::of(target).unless_gone(reading).await
}

/// The presence of a running container, for a caller that reads from it repeatedly.
pub(crate) struct Presence<'a> {
    /// Completes with the container's end. `None` afterwards.
    gone: Option<BoxFuture<'a, ()>>,
}

impl<'a> Presence<'a> {
    pub(crate) fn of(target: &'a Target) -> Self {
        Self { gone: Some(Box::pin(gone(target))) }
    }

    /// Awaits a future that reads. Returns `None` if it does not complete although the container has ended.
    pub(crate) async fn unless_gone<T>(&mut self, reading: impl Future<Output = T>) -> Option<T> {
        let mut reading = pin!(reading);
        if let Some(gone) = &mut self.gone {
            match select(reading.as_mut(), gone).await {
                Either::Left((read, _)) => return Some(read),
                Either::Right(((), _)) => self.gone = None,
            }
        }
        tokio::time::timeout(REST, reading).await.ok()
    }
}

/// Completes once the container has ended or is gone, but not before [`SOON`] has passed.
async fn gone(target: &Target) {
    tokio::time::sleep(SOON).await;
    target.stopped().await;
}
