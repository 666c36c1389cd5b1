//! Notices a container's end, for all branches of a wait.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use once_cell::sync::OnceCell;
use tokio::sync::watch;

use crate::base::{Backoff, Run, background};
use crate::engine::Target;

/// The end of a container, as far as a wait needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Exited(Option<i64>),
    Removed,
}

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
            let ended = follow(&target).await;
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

async fn follow(target: &Target) -> End {
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
    loop {
        match target.wait_not_running().await {
            Ok(code) => match target.inspect().await {
                // The engine restarts it, or another caller has started it in the meantime.
                Ok(info) if info.state.is_running() || info.state.is_restarting() => {}
                Ok(info) => return End::Exited(info.state.exit_code.or(code)),
                Err(error) if error.is_not_found() => {
                    return code.map_or(End::Removed, |code| End::Exited(Some(code)));
                }
                Err(error) => tracing::debug!("{error}"),
            },
            Err(error) if error.is_not_found() => return End::Removed,
            // An unreachable engine says nothing about the container, so this is retried.
            Err(error) => tracing::debug!("{error}"),
        }
        tokio::time::sleep(backoff.next()).await;
    }
}
