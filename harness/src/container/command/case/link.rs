//! The stream to one agent: frames out, frames in, and what becomes of its cases when it is cut.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use seatrial_core::case::frame::{Kind as FrameKind, SLOTS, WINDOW, version_of};
use seatrial_core::case::{Buffer, Encoder};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};

use super::super::agent::Whom;
use super::super::capture::{READ_SIZE, broken_off};
use super::super::commands::{Commands, UnderWay};
use super::super::stdin::Source;
use super::drain::GiveBack;
use super::output::CaseOutput;
use super::plan::Plan;
use super::sink::Sink;
use super::under::{Added, Board, Newcomer, Over, Place};
use crate::base::{Run, background};
use crate::container::Subject;
use crate::engine::{FrameDecoder, Mode, Upgraded};
use crate::life::unless_gone;
use crate::words::{Error, Kind, LogStream, Result};

/// How often it is looked whether the agent owes an answer.
const LOOK: Duration = Duration::from_secs(1);
/// How much longer the answer to one case may take while others get theirs.
const BUSY: Duration = Duration::from_secs(30);
/// How much of what the agent says to people is kept.
const SAID: usize = 2048;

/// A running agent; dropping this ends it, and all of its cases.
pub(super) struct Link {
    shared: Arc<Shared>,
    _tasks: [Run<()>; 2],
}

struct Shared {
    /// The container, but for its commands.
    container: Subject,
    /// These hold the link.
    commands: Weak<Commands>,
    /// What the agent's processes have in their environment, and who runs it; nothing if it is the main process, which
    /// nobody has to end.
    whom: Option<Whom>,
    /// Written by who runs cases and by the reader; std's lock since no one awaits with it.
    board: Mutex<Board>,
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    /// One per slot.
    free: Arc<Semaphore>,
    /// How often the container had been restarted.
    epoch: u64,
}

/// Reads what the agent says: frames on its standard output, text on its standard error.
struct Incoming<R> {
    reader: R,
    decoder: FrameDecoder,
    bytes: Vec<u8>,
    buffer: Buffer,
    said: Vec<u8>,
}

impl Link {
    /// Speaks to an agent that was just started, or is the container's main process.
    ///
    /// # Errors
    /// Exec, with what it said, if it is none that we understand.
    pub(super) async fn open(
        subject: Subject,
        whom: Option<Whom>,
        epoch: u64,
        connection: Upgraded,
    ) -> Result<Self> {
        let (reader, mut writer) = tokio::io::split(connection);
        let mut hello = Vec::new();
        Encoder::hello(&mut hello);
        let mut incoming = Incoming::new(reader);
        // A main process answers, since it may have begun before anybody was there to hear it.
        let is_main = whom.is_none();
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
        let board = Mutex::default();
        let shared = Arc::new(Shared { container, commands, whom, board, outgoing, free, epoch });
        let reading = background().run(read(Arc::clone(&shared), incoming));
        let writing = background().run(write(queue, writer));
        Ok(Self { shared, _tasks: [reading, writing] })
    }

    /// Whether it can't be used any more, if all of the container's processes became new ones so many times.
    pub(super) fn is_lost(&self, epoch: u64) -> bool {
        epoch != self.shared.epoch || self.shared.lock().is_lost()
    }

    /// Where credit for what was written goes, once it is known which case it is.
    pub(super) fn credit(&self) -> (GiveBack, Arc<Mutex<Option<Place>>>) {
        let place = Arc::new(Mutex::new(None));
        let (shared, of) = (Arc::clone(&self.shared), Arc::clone(&place));
        let owed = Mutex::new([0_u32; 2]);
        let give_back = move |stream, written| {
            let Some(Place { slot, number }) = *lock(&of) else { return };
            let kind = if stream == LogStream::Stdout { FrameKind::Stdout } else { FrameKind::Stderr };
            let owed = &mut lock(&owed)[usize::from(stream == LogStream::Stderr)];
            *owed += u32::try_from(written).unwrap_or(u32::MAX);
            if *owed >= WINDOW / 2 {
                let mut bytes = Vec::new();
                Encoder::new(&mut bytes, slot, number).credit(kind, std::mem::take(owed));
                shared.send(bytes);
            }
        };
        (Arc::new(give_back), place)
    }

    /// Runs a case; dropping the future ends it.
    ///
    /// # Errors
    /// If the agent is lost.
    pub(super) async fn run(
        &self,
        commands: &Arc<Commands>,
        plan: Plan,
        source: Source,
        sink: Sink,
        credit_of: &Mutex<Option<Place>>,
    ) -> Result<CaseOutput> {
        let permit = Arc::clone(&self.shared.free).acquire_owned().await.expect("it is never closed");
        let under_way = UnderWay::new(commands);
        let mut bytes = Vec::new();
        let newcomer = Newcomer { plan, sink, under_way, permit };
        let Added { place, outcome, window } = self.shared.lock().add(newcomer, &mut bytes)?;
        let guard = Guard { shared: &self.shared, place };
        *lock(credit_of) = Some(place);
        self.shared.send(bytes);
        let _feeding = match source {
            Source::None => None,
            source => Some(background().run(feed(Arc::clone(&self.shared), place, window, source))),
        };
        let outcome = outcome.await.expect("a case is told of its end");
        drop(guard);
        outcome
    }
}

impl Shared {
    fn send(&self, bytes: Vec<u8>) {
        // If nobody writes any more, the reader sees the end.
        self.outgoing.send(bytes).ok();
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        lock(&self.board)
    }

    /// Nothing comes any more.
    fn lose(&self, reason: &Error) {
        let over = self.lock().lose(reason);
        if over.is_empty() {
            tracing::debug!(container = self.container.name, "the agent is gone: {reason}");
            return;
        }
        let under_way = self.tell(over);
        let Some(commands) = self.commands.upgrade() else { return };
        // A main process ends them if it lives, and they end with it if not.
        let Some(whom) = self.whom.clone() else { return };
        // What the agent's own processes have not ended is ended from outside.
        let subject = Subject { commands, ..self.container.clone() };
        let ending = async move {
            if let Err(error) = subject.commands.agent.end(&subject, whom).await {
                tracing::debug!(container = subject.name, "what an agent left could not be ended: {error}");
            }
            drop(under_way);
        };
        background().carry_through(ending).detach();
    }

    /// Tells all who wait, and marks the container if it is not what it was.
    fn tell(&self, over: Vec<Over>) -> Vec<UnderWay> {
        // What was lost by a restart is gone with it.
        if let Some(commands) = self.commands.upgrade().filter(|commands| commands.epoch() == self.epoch) {
            for reason in over.iter().filter_map(Over::poison) {
                tracing::warn!(container = self.container.name, "{reason}");
                commands.poison(reason);
            }
        }
        over.into_iter().map(Over::tell).collect()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("whom", &self.shared.whom).finish_non_exhaustive()
    }
}

/// Cancels a case when it is dropped before its end.
struct Guard<'a> {
    shared: &'a Shared,
    place: Place,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let mut bytes = Vec::new();
        self.shared.lock().cancel(self.place, &mut bytes);
        if !bytes.is_empty() {
            self.shared.send(bytes);
        }
    }
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    fn new(reader: R) -> Self {
        Self {
            reader,
            decoder: FrameDecoder::new(Mode::Multiplexed),
            bytes: vec![0; READ_SIZE],
            buffer: Buffer::default(),
            said: Vec::new(),
        }
    }

    /// Reads what there is; whether there was anything before the end.
    async fn read(&mut self) -> Result<bool> {
        let Self { reader, decoder, bytes, buffer, said } = self;
        let read = reader.read(bytes).await.map_err(broken_off)?;
        decoder.decode(&bytes[..read], |stream, bytes| match stream {
            LogStream::Stdout => buffer.push(bytes),
            LogStream::Stderr => said.extend(bytes.iter().take(SAID.saturating_sub(said.len()))),
        })?;
        Ok(read > 0)
    }

    async fn wait_for_hello(&mut self) -> Result<()> {
        loop {
            match self.buffer.take() {
                Ok(Some(frame)) if frame.kind == FrameKind::Hello => {
                    let version = version_of(frame.payload);
                    let ours = seatrial_core::case::frame::VERSION;
                    if version == Some(ours) {
                        return Ok(());
                    }
                    let message = format!("the agent speaks version {version:?} and not {ours}");
                    return Err(Error::new(Kind::Exec, message));
                }
                // An engine that can't start a program says so in the place of the program's output.
                Ok(Some(_)) | Err(_) => {
                    while self.read().await? {}
                    return Err(self.end());
                }
                Ok(None) => {}
            }
            if !self.read().await? {
                return Err(self.end());
            }
        }
    }

    /// What an end without a word means.
    fn end(&self) -> Error {
        let said = String::from_utf8_lossy(&self.said);
        match said.trim() {
            "" => Error::new(Kind::Exec, "the agent in the container has ended"),
            said => Error::new(Kind::Exec, format!("the agent in the container has ended: {said}")),
        }
    }
}

/// Takes what comes until nothing does.
async fn read<R: AsyncRead + Unpin>(shared: Arc<Shared>, mut incoming: Incoming<R>) {
    let error = unless_gone(&shared.container, take(&shared, &mut incoming)).await;
    shared.lose(&error.unwrap_or_else(|| Error::new(Kind::Exec, "the container has ended")));
}

/// Takes what comes; why nothing does any more.
async fn take<R: AsyncRead + Unpin>(shared: &Shared, incoming: &mut Incoming<R>) -> Error {
    let late = || Error::new(Kind::ExecTimeout, "the agent in the container does not answer");
    let mut looked = Instant::now();
    loop {
        // While it answers others it may just have much to do: that is given more time, and not for ever.
        if looked.elapsed() >= LOOK {
            looked = Instant::now();
            if looked.checked_sub(BUSY).is_some_and(|then| shared.lock().has_late(then)) {
                return late();
            }
        }
        match tokio::time::timeout(LOOK, incoming.read()).await {
            Err(_) if shared.lock().has_late(Instant::now()) => return late(),
            Err(_) => {}
            Ok(Err(error)) => return error,
            Ok(Ok(false)) => return incoming.end(),
            Ok(Ok(true)) => {
                let (mut over, mut bytes) = (Vec::new(), Vec::new());
                let taken = shared.lock().take(&mut incoming.buffer, &mut over, &mut bytes);
                if !bytes.is_empty() {
                    shared.send(bytes);
                }
                shared.tell(over);
                if let Err(error) = taken {
                    return error;
                }
            }
        }
    }
}

/// Writes all that is to be sent, as much at once as there is.
async fn write(mut queue: mpsc::UnboundedReceiver<Vec<u8>>, mut writer: impl AsyncWrite + Unpin) {
    while let Some(mut bytes) = queue.recv().await {
        while let Ok(more) = queue.try_recv() {
            bytes.extend_from_slice(&more);
        }
        // The reader sees that it is over.
        if writer.write_all(&bytes).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
}

/// Sends standard input, as much as the case takes.
async fn feed(shared: Arc<Shared>, place: Place, window: Arc<Semaphore>, source: Source) {
    let send = async |piece: Bytes| {
        for part in piece.chunks(32 * 1024) {
            let room = window.acquire_many(u32::try_from(part.len()).unwrap_or(u32::MAX)).await.ok()?;
            room.forget();
            let mut bytes = Vec::new();
            Encoder::new(&mut bytes, place.slot, place.number).stdin(part);
            shared.send(bytes);
        }
        Some(())
    };
    let sent = match source {
        Source::None => Some(()),
        Source::Bytes(bytes) => send(bytes).await,
        Source::Pieces(mut pieces) => loop {
            match pieces.recv().await {
                None => break Some(()),
                Some(piece) => {
                    if send(piece).await.is_none() {
                        break None;
                    }
                }
            }
        },
    };
    if sent.is_some() {
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes, place.slot, place.number).stdin_end();
        shared.send(bytes);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each critical section leaves the value whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
