//! A container's state as it changes, driven by the engine's events.

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

/// A container's state now, and each one that it changes to; ends when the container is gone.
///
/// It is a [`Stream`], and [`next`](Self::next) needs no trait. Who reads slowly gets the newest state, and may miss
/// some in between; nothing waits for the reader. An engine that is away is waited for, and looked at when it is back,
/// so that no last state is missed. Dropping it ends the watching.
#[must_use = "a watch does nothing unless it is read"]
pub struct StateWatch(BoxStream<'static, ContainerState>);

impl StateWatch {
    /// The next state; none when the container is gone.
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
        // The follower goes with the stream.
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

/// A look under way.
type Looking = BoxFuture<'static, (Mark, Result<ContainerInfo>)>;

/// Tracks a container until it is gone, and sends each state that differs from the one before.
pub(crate) async fn follow(target: Target, sender: watch::Sender<Option<ContainerState>>) {
    let mut signals = target.listen();
    let mut track = Track::default();
    let mut pauses = Pauses::new();
    // Nothing is looked at before the engine tells of what comes after.
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
            // What was known stays so until it tells again.
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
        // What is about to be looked at is told with what the look sees, unless looking does not work.
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
        tokio::time::sleep(pause).await;
        (mark, target.inspect().await)
    })
}

/// Whether the engine may start it again by itself.
fn restarts(info: &ContainerInfo) -> bool {
    !info.restart_policy.is_empty()
}

/// The pauses before looks: none, unless the last one failed.
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
                self.0 = Some(Backoff::new(Duration::from_millis(50), Duration::from_secs(2)));
            }
            Err(_) => {}
        }
    }

    fn has_failed(&self) -> bool {
        self.0.is_some()
    }
}
