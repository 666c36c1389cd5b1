//! Waits for a container's end, by what the engine itself tells: it stopped, it ended once more, it is gone.

use std::fmt;
use std::time::{Duration, Instant};

use crate::base::Backoff;
use crate::engine::{EndNotice, EventKind, Signal, Signals, Target};
use crate::words::{ContainerState, Error, Kind, Result, seconds};

/// How long the engine's events may take to be told, where another way to know is slower or less exact.
const EVENTS_WITHIN: Duration = Duration::from_secs(1);

/// What [`TestContainer::wait_until`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitCondition {
    /// It does not run: met at once by one that has ended or was never started, or that the engine is about to restart.
    NotRunning,
    /// It ends once more: never met at once.
    NextExit,
    /// It is removed.
    Removed,
}

impl WaitCondition {
    /// The engine's word.
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

/// Waits up to a time. A condition that is met by then is met, even if there was no time at all.
pub(crate) async fn wait_timeout(
    target: Target,
    condition: WaitCondition,
    timeout: Duration,
) -> Result<Option<i64>> {
    let began = Instant::now();
    match tokio::time::timeout(timeout, wait(target.clone(), condition)).await {
        Ok(outcome) => outcome,
        Err(_) => last_look(&target, condition, began).await,
    }
}

/// Whether the condition is met after all, for a caller whose time is up.
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

/// Waits; what breaks off is begun again, once it had begun.
pub(crate) async fn wait(target: Target, condition: WaitCondition) -> Result<Option<i64>> {
    let mut pauses = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
    let mut before = None;
    let mut has_begun = false;
    loop {
        match attempt(&target, condition, &mut before, &mut has_begun).await {
            Err(error) if has_begun && is_away(&error) => tracing::debug!("{error}"),
            Err(error) if error.is_not_found() && condition == WaitCondition::Removed => return Ok(None),
            outcome => return outcome,
        }
        tokio::time::sleep(pauses.next()).await;
    }
}

/// Whether the engine may be back later, and know the container still.
fn is_away(error: &Error) -> bool {
    matches!(error.kind(), Kind::Unreachable | Kind::Timeout | Kind::Protocol)
}

/// One connection's wait. `before` is the state in which the first one found the container.
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
    // The events first and the state after: no end in between is missed. Without events the wait works too.
    let mut signals = target.listen();
    tokio::time::timeout(EVENTS_WITHIN, signals.next()).await.ok();
    let state = target.inspect().await?.state;
    if condition == WaitCondition::NotRunning && !state.is_running() {
        return Ok(state.exit_code);
    }
    // It ended while nobody told; the code is known unless it runs again.
    if before.get_or_insert_with(|| state.clone()).finished_at != state.finished_at {
        return Ok(state.exit_code);
    }
    let notice = target.notice_of(condition.word()).await?;
    *has_begun = true;
    let told = notice.read().await?.code;
    // Docker 20.10 reads the code after it has noticed the end, and a new run may have set it to 0 by then.
    match tokio::time::timeout(EVENTS_WITHIN, end_of_run(&mut signals, &state)).await {
        Ok(Some(code)) => Ok(Some(code)),
        Ok(None) | Err(_) if state.is_running() => Ok(told),
        // The engine also tells of the end of one that did not run, when it is removed; that is no exit.
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

/// The code of the first end that the engine tells of after a state, of the run in it or the next one.
async fn end_of_run(signals: &mut Signals, state: &ContainerState) -> Option<i64> {
    let mut runs = state.is_running();
    loop {
        let Signal::Event(event) = signals.next().await else { continue };
        match event.kind {
            EventKind::Start => runs = true,
            // A late word of the run before.
            EventKind::Die(_) if !runs || event.at < state.started_at => {}
            EventKind::Die(code) => return code,
            EventKind::Destroy => return None,
            _ => {}
        }
    }
}
