//! Notices a container's end, for all branches of a wait.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use once_cell::sync::OnceCell;
use tokio::sync::watch;

use crate::base::{Run, background};
use crate::engine::{End, Target};

/// An observer of one container until it has ended for good. A restart by the engine does not count as an end.
///
/// The observation begins when a wait first asks for the end, so a log wait that is met at once causes no request.
pub(crate) struct Sensor {
    end: watch::Receiver<Option<End>>,
    /// The observing future until it is started. It is taken once.
    following: Mutex<Option<BoxFuture<'static, ()>>>,
    /// The running observation. It is aborted when the sensor is dropped.
    follower: OnceCell<Run<()>>,
}

impl std::fmt::Debug for Sensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sensor").field("end", &self.seen()).finish_non_exhaustive()
    }
}

impl Sensor {
    /// Creates a sensor that observes the container after `after` has completed. An attached stream usually ends with
    /// the container, so the engine is asked only then.
    pub(crate) fn new(target: Target, after: impl Future<Output = ()> + Send + 'static) -> Self {
        let (sender, end) = watch::channel(None);
        let following = Box::pin(async move {
            after.await;
            let ended = target.ended().await;
            sender.send(Some(ended)).ok();
        });
        Self { end, following: Mutex::new(Some(following)), follower: OnceCell::new() }
    }

    /// Completes once the container has ended.
    pub(crate) async fn ended(&self) -> End {
        self.follower.get_or_init(|| {
            let following = self.following.lock().unwrap_or_else(PoisonError::into_inner).take();
            background().run(following.expect("the cell is filled once"))
        });
        let mut end = self.end.clone();
        let seen = end.wait_for(Option::is_some).await.map(|end| *end);
        match seen {
            Ok(Some(end)) => end,
            // The observation does not stop while the sensor exists.
            _ => std::future::pending().await,
        }
    }

    /// Returns the end if it was noticed already.
    pub(crate) fn seen(&self) -> Option<End> {
        *self.end.borrow()
    }
}
