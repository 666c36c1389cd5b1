//! The connection to one agent: frames out, frames in, and the loss of its cases when the connection is cut.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use seatrial_core::case::Encoder;
use seatrial_core::case::frame::{Kind as FrameKind, SLOTS, WINDOW};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};

use super::super::agent::Marked;
use super::super::commands::{Commands, UnderWay};
use super::super::pieces::broken_off;
use super::super::stdin::Input;
use super::active::{ActiveCases, Admission, CaseId, FinishedCase};
use super::drain::GiveBack;
use super::incoming::Incoming;
use super::output::CaseOutput;
use super::plan::Plan;
use super::streams::Streams;
use crate::base::{Run, background, stopped};
use crate::container::Subject;
use crate::engine::Upgraded;
use crate::life::Presence;
use crate::words::{Error, Kind, LogStream, Result};

/// The interval in which late answers are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// The additional time for an answer while the agent answers others.
const BUSY: Duration = Duration::from_secs(30);

/// The connection to a running agent; dropping it ends the agent, and all of its cases.
pub(super) struct Link {
    shared: Arc<Shared>,
    _tasks: [Run<()>; 2],
}

struct Shared {
    /// The container, without its commands.
    container: Subject,
    /// The container's commands. Weak, since they hold the link.
    commands: Weak<Commands>,
    /// The agent as a command that can be ended; `None` if it is the main process, which needs no end.
    marked: Option<Marked>,
    /// Written by callers that run cases and by the reader; std's lock, since nothing is awaited with it.
    cases: Mutex<ActiveCases>,
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    /// The free slots.
    free: Arc<Semaphore>,
    /// The number of restarts of the container before the agent was started.
    epoch: u64,
}

impl Link {
    /// Greets an agent that was just started, or is the container's main process.
    ///
    /// # Errors
    /// Exec, with its standard error, if it does not answer as an agent of this version.
    pub(super) async fn open(
        subject: Subject,
        marked: Option<Marked>,
        epoch: u64,
        connection: Upgraded,
    ) -> Result<Self> {
        let (reader, mut writer) = tokio::io::split(connection);
        let mut hello = Vec::new();
        Encoder::hello(&mut hello);
        let mut incoming = Incoming::new(reader);
        // A main process answers a greeting, since its own may have come before the connection.
        let is_main = marked.is_none();
        if is_main {
            writer.write_all(&hello).await.map_err(broken_off)?;
        }
        incoming.wait_for_hello().await?;
        if !is_main {
            writer.write_all(&hello).await.map_err(broken_off)?;
        }
        let (outgoing, queue) = mpsc::unbounded_channel();
        let free = Arc::new(Semaphore::new(SLOTS));
        let commands = Arc::downgrade(&subject.commands);
        let container = Subject { commands: Arc::default(), ..subject };
        let cases = Mutex::default();
        let shared = Arc::new(Shared { container, commands, marked, cases, outgoing, free, epoch });
        let reading = background().run(read(Arc::clone(&shared), incoming));
        let writing = background().run(write(queue, writer));
        Ok(Self { shared, _tasks: [reading, writing] })
    }

    /// Returns `true` if the agent is gone, given the container's number of restarts.
    pub(super) fn is_lost(&self, epoch: u64) -> bool {
        epoch != self.shared.epoch || self.shared.lock().is_lost()
    }

    /// Returns a function that gives credit back for bytes that were written, and the id of the case, which is to be
    /// set before.
    pub(super) fn credit(&self) -> (GiveBack, Arc<Mutex<Option<CaseId>>>) {
        let id = Arc::new(Mutex::new(None));
        let (shared, of) = (Arc::clone(&self.shared), Arc::clone(&id));
        let owed = Mutex::new([0_u32; 2]);
        let give_back = move |stream, written| {
            let Some(CaseId { slot, number }) = *lock(&of) else { return };
            let kind = if stream == LogStream::Stdout { FrameKind::Stdout } else { FrameKind::Stderr };
            let owed = &mut lock(&owed)[stream as usize];
            *owed += u32::try_from(written).unwrap_or(u32::MAX);
            if *owed >= WINDOW / 2 {
                let mut bytes = Vec::new();
                Encoder::new(&mut bytes, slot, number).credit(kind, std::mem::take(owed));
                shared.send(bytes);
            }
        };
        (Arc::new(give_back), id)
    }

    /// Runs a case to its end. Dropping the future ends the case.
    ///
    /// # Errors
    /// Exec, if the agent is lost.
    pub(super) async fn run(
        &self,
        commands: &Arc<Commands>,
        plan: Plan,
        input: Input,
        streams: Streams,
        credit_of: &Mutex<Option<CaseId>>,
    ) -> Result<CaseOutput> {
        let permit = Arc::clone(&self.shared.free).acquire_owned().await.expect("it is never closed");
        let under_way = UnderWay::new(commands);
        let mut bytes = Vec::new();
        let added = self.shared.lock().add(plan, streams, under_way, permit, &mut bytes);
        let Admission { id, outcome, window } = added?;
        let guard = Guard { shared: &self.shared, id };
        *lock(credit_of) = Some(id);
        self.shared.send(bytes);
        let _feeding = match input {
            Input::None => None,
            input => Some(background().run(feed(Arc::clone(&self.shared), id, window, input))),
        };
        let outcome = outcome.await.expect("every case is finished before it is dropped");
        drop(guard);
        outcome
    }
}

impl Shared {
    fn send(&self, bytes: Vec<u8>) {
        // If the writer is gone, the reader sees the end.
        self.outgoing.send(bytes).ok();
    }

    fn lock(&self) -> MutexGuard<'_, ActiveCases> {
        lock(&self.cases)
    }

    /// Finishes all cases, since nothing arrives any more.
    fn lose(&self, reason: &Error) {
        let lost = self.lock().lose(reason);
        if lost.is_empty() {
            tracing::debug!(container = self.container.name, "the agent is gone: {reason}");
            return;
        }
        let under_way = self.tell(lost);
        let Some(commands) = self.commands.upgrade() else { return };
        // A main process ends them if it lives, and they end with it if not.
        let Some(marked) = self.marked.clone() else { return };
        // Processes that the agent has not ended are ended from outside.
        let subject = Subject { commands, ..self.container.clone() };
        let ending = async move {
            if let Err(error) = subject.commands.agent.end(&subject, marked).await {
                tracing::debug!(
                    container = subject.name,
                    "the processes of an agent could not be ended: {error}"
                );
            }
            drop(under_way);
        };
        background().carry_through(ending).detach();
    }

    /// Tells the outcome of cases to the tasks that await them. Poisons the container if something may run on.
    fn tell(&self, mut finished: Vec<FinishedCase>) -> Vec<UnderWay> {
        // A restart has ended whatever ran on.
        if let Some(commands) = self.commands.upgrade().filter(|commands| commands.epoch() == self.epoch) {
            for reason in finished.iter_mut().filter_map(|case| case.poison.take()) {
                tracing::warn!(container = self.container.name, "{reason}");
                commands.poison(reason);
            }
        }
        finished.into_iter().map(FinishedCase::tell).collect()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("marked", &self.shared.marked).finish_non_exhaustive()
    }
}

/// Cancels a case when it is dropped before its end.
struct Guard<'a> {
    shared: &'a Shared,
    id: CaseId,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let mut bytes = Vec::new();
        self.shared.lock().cancel(self.id, &mut bytes);
        if !bytes.is_empty() {
            self.shared.send(bytes);
        }
    }
}

/// Takes frames until the agent is lost.
async fn read<R: AsyncRead + Unpin>(shared: Arc<Shared>, mut incoming: Incoming<R>) {
    let mut presence = Presence::of(&shared.container);
    let error = presence.unless_gone(take(&shared, &mut incoming)).await;
    shared.lose(&error.unwrap_or_else(|| Error::new(Kind::Exec, "the container has ended")));
}

/// Takes frames; returns the reason for which there are no more.
async fn take<R: AsyncRead + Unpin>(shared: &Shared, incoming: &mut Incoming<R>) -> Error {
    let late = || Error::new(Kind::ExecTimeout, "the agent in the container does not answer");
    let mut looked = Instant::now();
    loop {
        // An agent that answers others may just be busy: it is given more time, but not for ever.
        if looked.elapsed() >= LOOK {
            looked = Instant::now();
            if looked.checked_sub(BUSY).is_some_and(|then| shared.lock().has_late(then)) {
                return late();
            }
        }
        let awaited = Instant::now();
        let read = crate::base::timeout(LOOK, incoming.read()).await;
        // A process that was stopped could not read the answers: they are there, or come now.
        let stopped = stopped(LOOK, awaited.elapsed());
        if !stopped.is_zero() {
            shared.lock().postpone(stopped);
        }
        match read {
            Err(_) if shared.lock().has_late(Instant::now()) => return late(),
            Err(_) => {}
            Ok(Err(error)) => return error,
            Ok(Ok(false)) => return incoming.end(),
            Ok(Ok(true)) => {
                let (mut finished, mut bytes) = (Vec::new(), Vec::new());
                let taken = shared.lock().take(&mut incoming.buffer, &mut finished, &mut bytes);
                if !bytes.is_empty() {
                    shared.send(bytes);
                }
                shared.tell(finished);
                if let Err(error) = taken {
                    return error;
                }
            }
        }
    }
}

/// Writes the frames that are queued, as many at once as there are.
async fn write(mut queue: mpsc::UnboundedReceiver<Vec<u8>>, mut writer: impl AsyncWrite + Unpin) {
    while let Some(mut bytes) = queue.recv().await {
        while let Ok(more) = queue.try_recv() {
            bytes.extend_from_slice(&more);
        }
        // The reader notices the end.
        if writer.write_all(&bytes).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
}

/// Sends standard input, as fast as the case takes it, until the case has finished.
async fn feed(shared: Arc<Shared>, id: CaseId, window: Arc<Semaphore>, mut input: Input) {
    while let Some(piece) = input.next().await {
        for part in piece.chunks(32 * 1024) {
            let size = u32::try_from(part.len()).unwrap_or(u32::MAX);
            let Ok(room) = window.acquire_many(size).await else { return };
            room.forget();
            let mut bytes = Vec::new();
            Encoder::new(&mut bytes, id.slot, id.number).stdin(part);
            shared.send(bytes);
        }
    }
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, id.slot, id.number).stdin_end();
    shared.send(bytes);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each critical section leaves the value whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
