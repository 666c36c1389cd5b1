//! Our program in a container, the agent: copied there when it is needed, and asked to end marked commands.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use seatrial_agent::{MOST_MARKS, PROGRAM};
use tokio::sync::oneshot;

use super::ending::{run_end, run_end_with_room};
use crate::archive::CopyIn;
use crate::base::background;
use crate::container::Subject;
use crate::container::copy::put_below;
use crate::engine::Engine;
use crate::words::{Error, Kind, Result};

/// The program's directory in a container. Where the root file system is read-only, a volume is mounted there, since
/// nothing can be copied to anywhere else.
pub(crate) const DIRECTORY: &str = "/.seatrial";
/// The program's path in a container.
pub(crate) const PATH: &str = "/.seatrial/agent";

/// The agent of one container.
#[derive(Debug, Default)]
pub(crate) struct Agent {
    /// The requests that wait for the next run. Written by callers, taken by the one that runs the program; std's lock,
    /// since nothing is awaited with it.
    pending: Mutex<Vec<EndRequest>>,
    /// Held by the caller that copies or runs the program; requests of others are served by the next run.
    turn: tokio::sync::Mutex<Installation>,
}

/// The program's presence in a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Installation {
    #[default]
    Missing,
    Copied,
    /// In a volume of ours, into which no process of the container can write.
    Mounted,
}

impl Installation {
    /// Notes that a copy may have been removed.
    fn mark_doubtful(&mut self) {
        if *self == Self::Copied {
            *self = Self::Missing;
        }
    }
}

/// A command, by the mark of its processes.
#[derive(Clone, Debug)]
pub(super) struct Marked {
    /// `MARK` or `MARK@PID`.
    pub(super) mark: String,
    /// The user that runs it; `None` for the container's user.
    pub(super) user: Option<String>,
}

/// A request to end a command.
#[derive(Debug)]
struct EndRequest {
    marked: Marked,
    done: oneshot::Sender<Result<()>>,
}

impl Agent {
    /// Notes that the program is in a volume that is mounted into the container.
    pub(super) fn mark_mounted(&self) {
        // No other caller knows of a container that was just created.
        if let Ok(mut installation) = self.turn.try_lock() {
            *installation = Installation::Mounted;
        }
    }

    /// Copies the program ahead of time, in the background. A failure shows when the program is needed.
    pub(crate) fn prepare(subject: &Subject) {
        // A caller that holds the lock copies the program, or runs it.
        let turn = &subject.commands.agent.turn;
        if turn.try_lock().is_ok_and(|installation| *installation == Installation::Missing) {
            let subject = subject.clone();
            let copying = async move {
                if let Err(error) = Self::ensure_there(&subject).await {
                    tracing::debug!("the agent could not be copied ahead of time: {error}");
                }
            };
            background().carry_through(copying).detach();
        }
    }

    /// Copies the program, unless it is there.
    ///
    /// # Errors
    /// As [`ensure`].
    pub(super) async fn ensure_there(subject: &Subject) -> Result<()> {
        ensure(&mut *subject.commands.agent.turn.lock().await, subject).await
    }

    /// Copies the program again, if it may have been removed.
    ///
    /// # Errors
    /// As [`ensure`].
    pub(super) async fn copy_again(subject: &Subject) -> Result<()> {
        let mut installation = subject.commands.agent.turn.lock().await;
        installation.mark_doubtful();
        ensure(&mut installation, subject).await
    }

    /// Ends a command and all processes that it has started. Requests at the same time share one run of the program.
    ///
    /// # Errors
    /// Exec, if the program can't be run, or processes are left; as [`ensure`].
    pub(super) async fn end(&self, subject: &Subject, marked: Marked) -> Result<()> {
        let mut outcome = self.enqueue(&marked);
        loop {
            let mut installation = self.turn.lock().await;
            match outcome.try_recv() {
                Ok(outcome) => return outcome,
                Err(oneshot::error::TryRecvError::Empty) => {}
                // The caller that had taken the request was dropped.
                Err(oneshot::error::TryRecvError::Closed) => outcome = self.enqueue(&marked),
            }
            let batch = self.next_batch();
            let marked: Vec<_> = batch.iter().map(|request| request.marked.clone()).collect();
            let ended = end_all(&mut installation, subject, &marked).await;
            for request in batch {
                request.done.send(ended.as_ref().copied().map_err(Error::clone)).ok();
            }
        }
    }

    fn enqueue(&self, marked: &Marked) -> oneshot::Receiver<Result<()>> {
        let (done, outcome) = oneshot::channel();
        let request = EndRequest { marked: marked.clone(), done };
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        outcome
    }

    /// Takes as many requests as the program serves at once, without those of dropped callers.
    fn next_batch(&self) -> Vec<EndRequest> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|request| !request.done.is_closed());
        let count = pending.len().min(MOST_MARKS);
        pending.drain(..count).collect()
    }
}

async fn end_all(installation: &mut Installation, subject: &Subject, marked: &[Marked]) -> Result<()> {
    ensure(installation, subject).await?;
    match run_end(subject, marked).await {
        Err(error) if error.is_not_started() => {
            tracing::debug!("the agent did not start at first: {error}");
            installation.mark_doubtful();
            ensure(installation, subject).await?;
            run_end_with_room(subject, marked, error).await
        }
        other => other,
    }
}

/// Copies the program, unless it is there.
///
/// # Errors
/// Exec, if the program can't run on the engine's machine; as a copy into the container.
async fn ensure(installation: &mut Installation, subject: &Subject) -> Result<()> {
    if *installation != Installation::Missing {
        return Ok(());
    }
    check_architecture(&subject.engine)?;
    match put_below("/", subject, program(PATH)).await {
        Err(error) if error.message().contains("read-only") => put_into_directory(subject).await?,
        other => other?,
    }
    *installation = Installation::Copied;
    Ok(())
}

/// Copies the program into our own directory, at which a volume is mounted.
pub(super) async fn put_into_directory(subject: &Subject) -> Result<()> {
    put_below(DIRECTORY, subject, program("/agent")).await
}

fn program(path: &str) -> Vec<CopyIn> {
    vec![CopyIn::bytes(Bytes::from_static(PROGRAM), path).mode(0o755)]
}

/// Checks that the program can run on the engine's machine.
///
/// # Errors
/// Exec, if it can't.
pub(super) fn check_architecture(engine: &Engine) -> Result<()> {
    let arch = &engine.version().arch;
    if seatrial_agent::architecture() != Some(arch) {
        return Err(Error::new(Kind::Exec, format!("there is no agent for the architecture `{arch}`")));
    }
    Ok(())
}
