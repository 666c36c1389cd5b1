//! The end of a command that is out of time or whose owner is gone: a guard, and what it has done in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::agent::Whom;
use super::commands::UnderWay;
use super::host_pid;
use crate::base::{Backoff, background};
use crate::container::Subject;
use crate::words::{Error, Kind, Result, seconds};

/// How long the ending of a command may take before its container counts as poisoned.
const PATIENCE: Duration = Duration::from_secs(10);

/// A mark that no other command has.
pub(super) fn new_mark() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// Ends a command when it is dropped, unless it was disarmed.
#[derive(Debug)]
#[must_use = "dropping this ends the command"]
pub(crate) struct Ender {
    target: Option<Target>,
}

/// A command that the engine may run.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) subject: Subject,
    /// The engine's name for it.
    pub(super) exec: String,
    /// What its processes have in their environment.
    pub(super) mark: String,
    /// Who runs it, if not the container's user.
    pub(super) user: Option<String>,
    /// The command in words.
    pub(super) what: String,
    /// Whether its output has ended, after which what it leaves running is meant to run. Written by who reads it,
    /// read here.
    pub(super) is_over: Arc<AtomicBool>,
    /// Held until it is over or ended.
    pub(super) _under_way: UnderWay,
}

impl Ender {
    pub(super) fn armed(target: Target) -> Self {
        Self { target: Some(target) }
    }

    /// The command has ended, or was never started.
    pub(crate) fn disarm(&mut self) {
        self.target = None;
    }

    /// Where it is to be written down that the output has ended.
    pub(crate) fn over_flag(&self) -> Arc<AtomicBool> {
        self.target.as_ref().map(|target| target.is_over.clone()).unwrap_or_default()
    }

    /// Says that the output has ended.
    pub(super) fn is_over(&self) {
        if let Some(target) = &self.target {
            target.is_over.store(true, Ordering::Relaxed);
        }
    }

    /// Ends it now, with all that came of it. Dropping the future lets the ending go on.
    ///
    /// # Errors
    /// If it could not be ended; the container is poisoned then.
    pub(crate) async fn end(&mut self) -> Result<()> {
        let Some(target) = self.target.take() else { return Ok(()) };
        // Whatever runs in its name has to go, its output ended or not.
        target.is_over.store(false, Ordering::Relaxed);
        background().carry_through(end_or_poison(target)).await
    }

    /// Ends what a command that has ended left running; nothing ends it later.
    ///
    /// # Errors
    /// If it could not be ended, for which the container is not poisoned: what a command leaves may be meant to run.
    pub(super) async fn end_rest(&mut self) -> Result<()> {
        let Some(target) = self.target.take() else { return Ok(()) };
        let ending = async move {
            let Target { subject, mark, user, .. } = &target;
            let whom = Whom { mark: mark.clone(), user: user.clone() };
            subject.commands.agent.end(subject, whom).await
        };
        background().carry_through(ending).await
    }
}

impl Drop for Ender {
    fn drop(&mut self) {
        if let Some(target) = self.target.take() {
            background().carry_through(end_or_poison(target)).detach();
        }
    }
}

async fn end_or_poison(target: Target) -> Result<()> {
    let ended = match tokio::time::timeout(PATIENCE, end(&target)).await {
        Ok(ended) => ended,
        Err(_) => {
            Err(Error::new(Kind::Exec, format!("its processes did not end within {}", seconds(PATIENCE))))
        }
    };
    ended.inspect_err(|error| {
        let Target { subject, what, .. } = &target;
        let reason = format!("command {what} could not be ended: {}", error.message());
        tracing::warn!(container = subject.name, "{reason}");
        subject.commands.poison(reason);
    })
}

/// Ends it, and looks that the engine says so too: it may start it only now, or have seen its end not yet.
async fn end(target: &Target) -> Result<()> {
    let Target { subject, exec, mark, user, is_over, .. } = target;
    let (id, commands) = (&subject.id, &subject.commands);
    let mut backoff = Backoff::new(Duration::from_millis(2), Duration::from_millis(500));
    loop {
        let state = match subject.inspect_exec(exec).await {
            Ok(state) => state,
            // It is forgotten with its container.
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(error),
        };
        if is_over.load(Ordering::Relaxed) && state.ended().is_some() {
            return Ok(());
        }
        // A first process that has cleared its environment is found by its number.
        let root = state.pid.filter(|_| state.running).and_then(|pid| host_pid::within(pid, id));
        let mark = root.map_or_else(|| mark.clone(), |pid| format!("{mark}@{pid}"));
        let whom = Whom { mark, user: user.clone() };
        if let Err(error) = commands.agent.end(subject, whom).await {
            return if has_processes(subject).await { Err(error) } else { Ok(()) };
        }
        match subject.inspect_exec(exec).await {
            Ok(state) if state.ended().is_none() => tokio::time::sleep(backoff.next()).await,
            Err(error) if !error.is_not_found() => return Err(error),
            Ok(_) | Err(_) => return Ok(()),
        }
    }
}

/// Whether the container has any: with it, its commands have ended.
async fn has_processes(subject: &Subject) -> bool {
    match subject.inspect().await {
        Ok(info) => info.state.is_running(),
        Err(error) => !error.is_not_found(),
    }
}
