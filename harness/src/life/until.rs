//! Waits for a container's end as the engine reports it: not running, the next exit, or the removal.

use std::fmt;
use std::time::{Duration, Instant};

use crate::base::Backoff;
use crate::engine::{EndNotice, EventKind, Signal, Signals, Target};
use crate::words::{ContainerState, Error, Kind, Result, seconds};

/// The time limit for the engine's events, after which a slower or less exact source is used.
const EVENTS_WITHIN: Duration = Duration::from_secs(1);

/// The condition of [`TestContainer::wait_until`](crate::TestContainer::wait_until).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitCondition {
    /// The container does not run. Met at once if it has ended, was never started, or the engine is about to restart
    /// it.
    NotRunning,
    /// The container exits once more. Never met at once.
    NextExit,
    /// The container is removed.
    Removed,
}

impl WaitCondition {
    /// Returns the engine's name for the condition.
    fn word(self) -> &'static str {
        match self {
            Self::NotRunning => "not-running",
            Self::NextExit => "next-exit",
            Self::Removed => "removed",
        }
    }
}

impl fmt::Display for WaitCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Waits for at most `timeout`. A condition that is met when the time is up counts as met, even for a timeout of zero.
pub(crate) async fn wait_timeout(
    target: Target,
    condition: WaitCondition,
    timeout: Duration,
) -> Result<Option<i64>> {
    let began = Instant::now();
    match crate::base::timeout(timeout, wait(target.clone(), condition)).await {
        Ok(outcome) => outcome,
        Err(_) => last_look(&target, condition, began).await,
    }
}

/// Inspects the container once more after the time is up, in case the condition is met.
async fn last_look(target: &Target, condition: WaitCondition, began: Instant) -> Result<Option<i64>> {
    let state = match target.inspect().await {
        Ok(info) => info.state,
        Err(error) if error.is_not_found() && condition == WaitCondition::Removed => return Ok(None),
        Err(error) => return Err(error),
    };
    if condition == WaitCondition::NotRunning && !state.is_running() {
        return Ok(state.exit_code);
    }
    Err(Error::new(
        Kind::NotReady,
        format!("`{condition}` is not met after {}: {state}", seconds(began.elapsed())),
    )
    .with_subject(format!("container `{}`", target.name)))
}

/// Waits for the condition. A connection that breaks is replaced.
pub(crate) async fn wait(target: Target, condition: WaitCondition) -> Result<Option<i64>> {
    let mut pauses = Backoff::for_engine();
    let mut before = None;
    let mut has_begun = false;
    loop {
        match attempt(&target, condition, &mut before, &mut has_begun).await {
            Err(error) if has_begun && error.is_engine_away() => tracing::debug!("{error}"),
            Err(error) if error.is_not_found() && condition == WaitCondition::Removed => return Ok(None),
            outcome => return outcome,
        }
        crate::base::sleep(pauses.next()).await;
    }
}

/// Waits over one connection. `before` is the state that the first connection found.
async fn attempt(
    target: &Target,
    condition: WaitCondition,
    before: &mut Option<ContainerState>,
    has_begun: &mut bool,
) -> Result<Option<i64>> {
    if condition == WaitCondition::Removed {
        let notice = target.notice_of(condition.word()).await?;
        *has_begun = true;
        return removed(target, notice).await;
    }
    // Subscribed before the inspection, so that no end in between is missed. The wait works without events, too.
    let mut signals = target.listen();
    crate::base::timeout(EVENTS_WITHIN, signals.next()).await.ok();
    let state = target.inspect().await?.state;
    if condition == WaitCondition::NotRunning && !state.is_running() {
        return Ok(state.exit_code);
    }
    // The container ended without a notification. The code is known unless it runs again.
    if before.get_or_insert_with(|| state.clone()).finished_at != state.finished_at {
        return Ok(state.exit_code);
    }
    let notice = target.notice_of(condition.word()).await?;
    *has_begun = true;
    let told = notice.read().await?.code;
    // Docker 20.10 reads the code after it has noticed the end, when a new run may have reset it to 0.
    match crate::base::timeout(EVENTS_WITHIN, end_of_run(&mut signals, &state)).await {
        Ok(Some(code)) => Ok(Some(code)),
        Ok(None) | Err(_) if state.is_running() => Ok(told),
        // The engine also sends a notification when a container that does not run is removed, which is no exit.
        Ok(None) | Err(_) => target.inspect().await.map(|_| told),
    }
}

async fn removed(target: &Target, notice: EndNotice) -> Result<Option<i64>> {
    let answer = notice.read().await?;
    match answer.error {
        Some(message) => Err(Error::new(Kind::Engine, message)
            .with_subject(format!("container `{}`", target.name))
            .with_phase("wait for its removal")),
        None => Ok(answer.code),
    }
}

/// Returns the code of the first end after the given state, of its run or the next one.
async fn end_of_run(signals: &mut Signals, state: &ContainerState) -> Option<i64> {
    let mut runs = state.is_running();
    loop {
        let Signal::Event(event) = signals.next().await else { continue };
        match event.kind {
            EventKind::Start => runs = true,
            // A late event of the previous run.
            EventKind::Die(_) if !runs || event.at < state.started_at => {}
            EventKind::Die(code) => return code,
            EventKind::Destroy => return None,
            _ => {}
        }
    }
}
