//! Notices the container's end, for every wait at once.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use once_cell::sync::OnceCell;
use tokio::sync::watch;

use crate::base::{Run, background};
use crate::engine::{End, Target};

/// Follows one container until it ended for good; a restart that the engine makes by itself is not an end.
///
/// It begins when somebody first waits for the end: a log wait that is met at once never does, and asks nothing.
pub(crate) struct Sensor {
    end: watch::Receiver<Option<End>>,
    /// What is to run, until it does; taken once.
    following: Mutex<Option<BoxFuture<'static, ()>>>,
    /// What runs; its drop ends it with the sensor.
    follower: OnceCell<Run<()>>,
}

impl std::fmt::Debug for Sensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sensor").field("end", &self.seen()).finish_non_exhaustive()
    }
}

impl Sensor {
    /// Follows from when `after` is done: the end of an attached stream tells of most ends for free, so the engine
    /// is asked only then.
    pub(crate) fn new(target: Target, after: impl Future<Output = ()> + Send + 'static) -> Self {
        let (sender, end) = watch::channel(None);
        let following = Box::pin(async move {
            after.await;
            let ended = target.ended().await;
            sender.send(Some(ended)).ok();
        });
        Self { end, following: Mutex::new(Some(following)), follower: OnceCell::new() }
    }

    /// Returns once the container has ended.
    pub(crate) async fn ended(&self) -> End {
        self.follower.get_or_init(|| {
            let following = self.following.lock().unwrap_or_else(PoisonError::into_inner).take();
            background().run(following.expect("the cell is filled once"))
        });
        let mut end = self.end.clone();
        let seen = end.wait_for(Option::is_some).await.map(|end| *end);
        match seen {
            Ok(Some(end)) => end,
            // The follower never gives up while the sensor lives.
            _ => std::future::pending().await,
        }
    }

    /// The end, if it was noticed already.
    pub(crate) fn seen(&self) -> Option<End> {
        *self.end.borrow()
    }
}
