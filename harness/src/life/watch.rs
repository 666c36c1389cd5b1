//! Watches a container's state by the engine's events.

use std::fmt;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use tokio::sync::watch;

use super::track::{Look, Mark, Track};
use crate::base::{Backoff, background};
use crate::engine::{ContainerInfo, Signal, Target};
use crate::words::{ContainerState, Result};

/// A stream of a container's states, which begins with the current one and ends when the container is gone.
///
/// It is a [`Stream`]; [`next`](Self::next) needs no trait. A slow reader gets the latest state and may miss earlier
/// ones; it delays nothing. After a broken connection, the container is inspected again, so that the last state is
/// never missed. Dropping the stream ends the watch.
#[must_use = "a watch does nothing unless it is read"]
pub struct StateWatch(BoxStream<'static, ContainerState>);

impl StateWatch {
    /// Returns the next state, or `None` once the container is gone.
    ///
    /// # Cancel safety
    /// Dropping the future loses no state.
    pub async fn next(&mut self) -> Option<ContainerState> {
        self.0.next().await
    }
}

impl Stream for StateWatch {
    type Item = ContainerState;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ContainerState>> {
        self.0.poll_next_unpin(cx)
    }
}

impl fmt::Debug for StateWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateWatch")
    }
}

impl StateWatch {
    /// Watches a container until it is gone.
    pub(crate) fn of(target: Target) -> Self {
        let (sender, changes) = watch::channel(None);
        let follower = background().run(follow(target, sender));
        // The task is dropped together with the stream.
        let states = stream::unfold((changes, follower), |(mut changes, follower)| async move {
            loop {
                changes.changed().await.ok()?;
                let state = changes.borrow_and_update().clone();
                if let Some(state) = state {
                    return Some((state, (changes, follower)));
                }
            }
        });
        Self(states.boxed())
    }
}

/// An inspection in progress.
type Looking = BoxFuture<'static, (Mark, Result<ContainerInfo>)>;

/// Tracks a container until it is gone, and sends each state that differs from the previous one.
pub(crate) async fn follow(target: Target, sender: watch::Sender<Option<ContainerState>>) {
    let mut signals = target.listen();
    let mut track = Track::default();
    let mut pauses = Pauses::new();
    // Nothing is inspected before the subscription to the events is established.
    let mut looking: Option<Looking> = None;
    let mut is_on = false;
    while !track.is_gone() {
        if looking.is_none() && is_on && track.wants_look() {
            looking = Some(look(target.clone(), track.mark(), pauses.next()));
        }
        let answer: Pin<&mut (dyn Future<Output = _> + Send)> = match &mut looking {
            Some(looking) => looking.as_mut(),
            None => pin!(pending()),
        };
        match select(pin!(signals.next()), answer).await {
            Either::Left((Signal::Look, _)) => {
                is_on = true;
                track.doubt();
            }
            // The known state is kept until the events resume.
            Either::Left((Signal::Silence(_), _)) => {}
            Either::Left((Signal::Event(event), _)) => {
                if let Some(at) = event.at {
                    track.apply(at, event.kind);
                }
            }
            Either::Right(((mark, answer), _)) => {
                looking = None;
                pauses.answered(&answer);
                match answer {
                    Ok(info) => track.looked(mark, Look { restarts: restarts(&info), state: info.state }),
                    Err(error) if error.is_not_found() => track.gone(),
                    Err(error) => tracing::debug!("{error}"),
                }
            }
        }
        // A state that is about to be inspected is sent with the result, unless inspections fail.
        if !track.wants_look() || pauses.has_failed() {
            let now = track.state();
            sender.send_if_modified(|last| {
                let differs = *last != now;
                *last = now;
                differs
            });
        }
    }
}

fn look(target: Target, mark: Mark, pause: Duration) -> Looking {
    Box::pin(async move {
        crate::base::sleep(pause).await;
        (mark, target.inspect().await)
    })
}

/// Returns `true` if the engine may restart the container by itself.
fn restarts(info: &ContainerInfo) -> bool {
    !info.restart_policy.is_empty()
}

/// The pauses before inspections: none, unless the previous one failed.
struct Pauses(Option<Backoff>);

impl Pauses {
    fn new() -> Self {
        Self(None)
    }

    fn next(&mut self) -> Duration {
        self.0.as_mut().map_or(Duration::ZERO, Backoff::next)
    }

    fn answered<T>(&mut self, answer: &Result<T>) {
        match answer {
            Ok(_) => self.0 = None,
            Err(_) if self.0.is_none() => {
                self.0 = Some(Backoff::for_engine());
            }
            Err(_) => {}
        }
    }

    fn has_failed(&self) -> bool {
        self.0.is_some()
    }
}
