//! The end of a task's container: noticed by the engine's events, and by inspections where these may be missing.

use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use super::life::Stops;
use super::{Ending, Stop};
use crate::base::Backoff;
use crate::container::Subject;
use crate::engine::{Change, ContainerInfo, EventKind, Signal, Signals};
use crate::words::{ContainerState, ContainerStatus, Error, Kind, Result, seconds};

/// The limit for the engine's events to begin. Without them the container is inspected, later.
const EVENTS_TIMEOUT: Duration = Duration::from_secs(1);
/// The limit for an engine that does not answer, after which it counts as lost.
const AWAY: Duration = Duration::from_secs(10);
/// The time without an event after which the container is inspected: an engine that has died does not always say so.
const SILENCE: Duration = Duration::from_secs(60);
/// The same time for a container that was killed and should have ended.
const SILENCE_AFTER_KILL: Duration = Duration::from_secs(5);

/// Listens to the events of a container, and waits until they are told, for a limited time.
pub(super) async fn listen(subject: &Subject) -> Signals {
    let mut signals = subject.listen();
    crate::base::timeout(EVENTS_TIMEOUT, signals.next()).await.ok();
    signals
}

/// Repeats a request while the engine is away, for a limited time. Sets the flag if it was.
pub(super) async fn retried<T, F: Future<Output = Result<T>>>(
    is_lost: &AtomicBool,
    ask: impl Fn() -> F,
) -> Result<T> {
    let (began, mut pauses) =
        (Instant::now(), Backoff::new(Duration::from_millis(50), Duration::from_secs(1)));
    loop {
        match ask().await {
            Err(error) if error.is_engine_away() => {
                is_lost.store(true, Ordering::Relaxed);
                if began.elapsed() > AWAY {
                    return Err(error.with_part("the engine was lost while the task ran"));
                }
            }
            outcome => return outcome,
        }
        crate::base::sleep(pauses.next()).await;
    }
}

/// Explains the error of a container that does not exist any more.
pub(super) fn gone(error: Error, name: &str) -> Error {
    if error.is_not_found() { vanished(name).with_source(error) } else { error }
}

/// Returns the error of a container that was removed by another process.
fn vanished(name: &str) -> Error {
    Error::new(Kind::NotFound, format!("container `{name}` was removed by somebody else while it ran"))
}

/// Returns the state of an inspected container.
///
/// # Errors
/// Not found, if another process removes it; the engine's own.
pub(super) fn state_of(
    info: Result<ContainerInfo>,
    Subject { target, .. }: &Subject,
) -> Result<ContainerState> {
    let state = info.map_err(|error| gone(error, &target.name))?.state;
    if state.status == ContainerStatus::Removing { Err(vanished(&target.name)) } else { Ok(state) }
}

/// A container that was started, until its end.
pub(super) struct Watched<'a> {
    subject: &'a Subject,
    /// `true` if the engine was away meanwhile.
    is_lost: &'a AtomicBool,
    signals: Signals,
    out_of_memory: bool,
    /// The time at which it was killed.
    ending_since: Option<Instant>,
    /// The reason for which it was killed; `None` if it had ended before.
    stop: Option<Stop>,
}

/// The next thing to do about a container.
enum Next {
    Event(EventKind),
    /// To inspect it.
    Inspect,
    /// To kill it.
    Stop(Stop),
}

impl<'a> Watched<'a> {
    pub(super) fn new(subject: &'a Subject, is_lost: &'a AtomicBool, signals: Signals) -> Self {
        Self { subject, is_lost, signals, out_of_memory: false, ending_since: None, stop: None }
    }

    /// Waits for the container's end, and kills it if it is to stop.
    ///
    /// # Errors
    /// Not found, if another process removes it; engine, if it can't be killed, or its end is not known; the engine's
    /// own.
    pub(super) async fn follow(mut self, mut stops: Stops) -> Result<Ending> {
        let exit_code = loop {
            let may_have_ended = match self.next(&mut stops).await {
                Next::Event(EventKind::Die(Some(code))) => break code,
                Next::Event(EventKind::Destroy) => return Err(vanished(&self.subject.name)),
                Next::Event(EventKind::Oom) => {
                    self.out_of_memory = true;
                    false
                }
                Next::Event(EventKind::Die(None)) | Next::Inspect => true,
                Next::Event(_) => false,
                Next::Stop(why) => {
                    self.kill(why).await?;
                    false
                }
            };
            if may_have_ended && let Some(code) = self.exit_code().await? {
                break code;
            }
        };
        let is_explained = self.stop.is_some() && !self.out_of_memory;
        let mut state = if is_explained { self.inspect().await? } else { self.inspect_end().await? };
        state.oom_killed |= self.out_of_memory;
        let out_of_memory = state.is_out_of_memory();
        Ok(Ending { exit_code, out_of_memory, stop: self.stop })
    }

    /// Returns the next thing to do; no stop once the container was killed.
    async fn next(&mut self, stops: &mut Stops) -> Next {
        let is_ending = self.ending_since.is_some();
        let silence = if is_ending { SILENCE_AFTER_KILL } else { SILENCE };
        let signal = crate::base::timeout(silence, self.signals.next());
        let stop = async { if is_ending { pending().await } else { stops.next().await } };
        match select(pin!(signal), pin!(stop)).await {
            Either::Left((Ok(Signal::Event(event)), _)) => Next::Event(event.kind),
            // Events may be missing, or have ended.
            Either::Left((Ok(Signal::Look | Signal::Silence(_)) | Err(_), _)) => Next::Inspect,
            Either::Right((why, _)) => Next::Stop(why),
        }
    }

    async fn kill(&mut self, why: Stop) -> Result<()> {
        self.ending_since = Some(Instant::now());
        let killed = self.subject.kill("KILL").await;
        match killed.map_err(|error| gone(error, &self.subject.name).with_phase("end it"))? {
            Change::Made => self.stop = Some(why),
            // It had ended by itself.
            Change::AlreadySo => {}
        }
        Ok(())
    }

    /// Inspects the container. Returns the exit code if it has ended.
    async fn exit_code(&mut self) -> Result<Option<i64>> {
        let state = self.inspect().await?;
        self.out_of_memory |= state.oom_killed;
        let ending_for = self.ending_since.map(|since| since.elapsed());
        if let Some(time) = ending_for.filter(|time| *time > AWAY && state.is_running()) {
            let after = seconds(time);
            return Err(Error::new(Kind::Engine, format!("it still runs {after} after it was killed")));
        }
        if !state.status.has_ended() {
            return Ok(None);
        }
        match state.exit_code {
            // An engine that was away may report 0 for a container that ended meanwhile, however it ended.
            Some(0) if self.is_lost.load(Ordering::Relaxed) => Err(Error::new(
                Kind::Engine,
                "the engine was away when it ended, so its exit code is not known",
            )),
            Some(code) => Ok(Some(code)),
            None => Err(Error::new(Kind::Protocol, "the engine does not report its exit code")),
        }
    }

    /// Returns the container's state.
    ///
    /// # Errors
    /// Not found, if another process removes it; the engine's own.
    async fn inspect(&self) -> Result<ContainerState> {
        state_of(retried(self.is_lost, || self.subject.inspect()).await, self.subject)
    }

    /// Does the same for a container that has ended, and waits for the reason where it is in doubt.
    async fn inspect_end(&self) -> Result<ContainerState> {
        state_of(retried(self.is_lost, || self.subject.inspect_end()).await, self.subject)
    }
}
