//! Notices the container's end, for every wait at once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use once_cell::sync::OnceCell;
use tokio::sync::watch;

use crate::base::{Backoff, Run, background};
use crate::engine::Target;

/// How a container ended, as far as a wait must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Exited(Option<i64>),
    Removed,
}

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
            let ended = follow(&target).await;
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

async fn follow(target: &Target) -> End {
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
    loop {
        match target.wait_not_running().await {
            Ok(code) => match target.inspect().await {
                // The engine starts it again by itself, or somebody did in the meantime.
                Ok(info) if info.state.is_running() || info.state.is_restarting() => {}
                Ok(info) => return End::Exited(info.state.exit_code.or(code)),
                Err(error) if error.is_not_found() => {
                    return code.map_or(End::Removed, |code| End::Exited(Some(code)));
                }
                Err(error) => tracing::debug!("{error}"),
            },
            Err(error) if error.is_not_found() => return End::Removed,
            // An engine that is away for a moment says nothing about the container.
            Err(error) => tracing::debug!("{error}"),
        }
        tokio::time::sleep(backoff.next()).await;
    }
}
