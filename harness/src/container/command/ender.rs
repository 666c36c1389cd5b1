//! The end of a command that exceeded its time or lost its owner: a guard that has it ended in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::agent::Marked;
use super::commands::UnderWay;
use super::host_pid;
use crate::base::{Backoff, background};
use crate::container::Subject;
use crate::words::{Error, Kind, Result, seconds};

/// The limit for ending a command, after which its container counts as poisoned.
const PATIENCE: Duration = Duration::from_secs(10);

/// Returns a mark that no other command has.
pub(super) fn new_mark() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// Ends a command when it is dropped, unless it was disarmed.
#[derive(Debug)]
#[must_use = "dropping this ends the command"]
pub(crate) struct Ender {
    command: Option<Command>,
}

/// A command that the engine may run.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) subject: Subject,
    /// The engine's id of it.
    pub(super) exec: String,
    /// The mark that its processes have in their environment.
    pub(super) mark: String,
    /// The user that runs it; `None` for the container's user.
    pub(super) user: Option<String>,
    /// The command as messages name it.
    pub(super) what: String,
    /// `true` once its output has ended; processes that still run then are meant to run. Written by the reader of the
    /// output, read here.
    pub(super) is_over: Arc<AtomicBool>,
    /// Held until the command is over or ended.
    pub(super) _under_way: UnderWay,
}

impl Ender {
    pub(super) fn armed(command: Command) -> Self {
        Self { command: Some(command) }
    }

    /// Ends nothing any more: the command has ended, or was never started.
    pub(super) fn disarm(&mut self) {
        self.command = None;
    }

    /// Returns the flag that the reader of the output sets at its end.
    pub(super) fn over_flag(&self) -> Arc<AtomicBool> {
        self.command.as_ref().map(|command| command.is_over.clone()).unwrap_or_default()
    }

    /// Notes that the output has ended.
    pub(super) fn mark_over(&self) {
        if let Some(command) = &self.command {
            command.is_over.store(true, Ordering::Relaxed);
        }
    }

    /// Ends the command now, with all that it has started. Returns `true` if it still ran.
    ///
    /// # Errors
    /// Exec, if it could not be ended; the container is poisoned then.
    ///
    /// # Cancel safety
    /// Dropping the future lets the ending go on.
    pub(super) async fn end(&mut self) -> Result<bool> {
        let Some(command) = self.command.take() else { return Ok(false) };
        // All of its processes have to go, whether or not its output has ended.
        command.is_over.store(false, Ordering::Relaxed);
        background().carry_through(end_or_poison(command)).await
    }

    /// Ends the processes that a command has left running; nothing ends them later.
    ///
    /// # Errors
    /// Exec, if they could not be ended. The container is not poisoned: they may be meant to run.
    pub(super) async fn end_rest(&mut self) -> Result<()> {
        let Some(command) = self.command.take() else { return Ok(()) };
        let ending = async move {
            let Command { subject, mark, user, .. } = &command;
            let marked = Marked { mark: mark.clone(), user: user.clone() };
            subject.commands.agent.end(subject, marked).await
        };
        background().carry_through(ending).await
    }
}

impl Drop for Ender {
    fn drop(&mut self) {
        if let Some(command) = self.command.take() {
            background().carry_through(end_or_poison(command)).detach();
        }
    }
}

async fn end_or_poison(command: Command) -> Result<bool> {
    let ended = crate::base::timeout(PATIENCE, end(&command)).await.unwrap_or_else(|_| {
        Err(Error::new(Kind::Exec, format!("its processes did not end within {}", seconds(PATIENCE))))
    });
    ended.inspect_err(|error| {
        let Command { subject, what, .. } = &command;
        let reason = format!("command {what} could not be ended: {}", error.message());
        tracing::warn!(container = subject.name, "{reason}");
        subject.commands.poison(reason);
    })
}

/// Ends a command until the engine reports its end too: the engine may start it late, or notice its end late. Returns
/// `true` if its first process ran at the beginning.
async fn end(command: &Command) -> Result<bool> {
    let Command { subject, exec, mark, user, is_over, .. } = command;
    let (id, commands) = (&subject.id, &subject.commands);
    let mut backoff = Backoff::new(Duration::from_millis(2), Duration::from_millis(500));
    let mut ran = None;
    loop {
        let state = match subject.inspect_exec(exec).await {
            Ok(state) => state,
            // The engine forgets a command with its container.
            Err(error) if error.is_not_found() => return Ok(ran.unwrap_or(false)),
            Err(error) => return Err(error),
        };
        let runs = state.ended().is_none();
        let ran = *ran.get_or_insert(runs);
        if is_over.load(Ordering::Relaxed) && !runs {
            return Ok(ran);
        }
        // A first process that has cleared its environment is found by its process id.
        let root = state.pid.filter(|_| state.running).and_then(|pid| host_pid::within(pid, id));
        let mark = root.map_or_else(|| mark.clone(), |pid| format!("{mark}@{pid}"));
        let marked = Marked { mark, user: user.clone() };
        if let Err(error) = commands.agent.end(subject, marked).await {
            return if has_processes(subject).await { Err(error) } else { Ok(ran) };
        }
        match subject.inspect_exec(exec).await {
            Ok(state) if state.ended().is_none() => crate::base::sleep(backoff.next()).await,
            Err(error) if !error.is_not_found() => return Err(error),
            Ok(_) | Err(_) => return Ok(ran),
        }
    }
}

/// Returns `true` if the container has processes: a container's commands end with it.
async fn has_processes(subject: &Subject) -> bool {
    match subject.inspect().await {
        Ok(info) => info.state.is_running(),
        Err(error) => !error.is_not_found(),
    }
}
