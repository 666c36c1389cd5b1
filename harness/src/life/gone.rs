//! The container's end, for those who read what comes out of it. Mostly the end of the stream tells of it; where a
//! sandbox dies, engines have been seen to leave the streams of its commands open.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};

use crate::engine::{EventKind, Signal, Target};

/// Who is done sooner has the engine asked nothing.
const SOON: Duration = Duration::from_secs(5);
/// What was said before the end may come after it.
const REST: Duration = Duration::from_secs(2);

/// What a future gives that reads from a container; nothing if it reads on although the container has ended.
pub(crate) async fn unless_gone<T>(target: &Target, reading: impl Future<Output = T>) -> Option<T> {
    Presence::of(target).unless_gone(reading).await
}

/// Whether a container is there and runs, for one who reads from it again and again.
pub(crate) struct Presence<'a> {
    /// None once it has ended.
    gone: Option<BoxFuture<'a, ()>>,
}

impl<'a> Presence<'a> {
    pub(crate) fn of(target: &'a Target) -> Self {
        Self { gone: Some(Box::pin(gone(target))) }
    }

    /// What a future gives; nothing if it reads on although the container has ended.
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

/// Returns after a while at the earliest, once the container has ended or is gone.
async fn gone(target: &Target) {
    tokio::time::sleep(SOON).await;
    let mut signals = target.listen();
    loop {
        let is_gone = match signals.next().await {
            Signal::Look => match target.inspect().await {
                Ok(info) => !info.state.is_running(),
                Err(error) => error.is_not_found(),
            },
            Signal::Event(event) => matches!(event.kind, EventKind::Die(_) | EventKind::Destroy),
            Signal::Silence(_) => false,
        };
        if is_gone {
            return;
        }
    }
}
