//! Streams sources as one tar archive with the container's root as its base. It does not send the archive.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tar::Builder;
use tokio::sync::mpsc;

use crate::archive::exact::{Exact, Origin};
use crate::archive::failure::{cannot, files, unwrapped, wrapped};
use crate::archive::header::{Attributes, append_dir, append_file, append_symlink};
use crate::archive::source::{CopyIn, Source};
use crate::archive::walk::{EntryKind, Found, walk};
use crate::words::Error;

/// The size of the stream's chunks, in bytes.
pub(super) const CHUNK: usize = 256 * 1024;

/// The capacity of the channel to the reader, in chunks. Together with the chunk being written and the chunk being
/// sent, it bounds the memory.
pub(super) const WAITING: usize = 4;

/// Streams all sources as one archive, in their order.
///
/// The archive is written on a dedicated thread, which reads the sources as the stream is read and ends when the stream
/// is dropped. The sources should have passed [`check`](super::check) together.
///
/// An HTTP client that sends the stream as a request body reports only that the body broke off. The returned
/// [`PackOutcome`] has the cause.
pub(crate) fn pack(sources: Vec<CopyIn>) -> (PackStream, PackOutcome) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let outcome = PackOutcome::default();
    let writer = outcome.clone();
    let spawned =
        thread::Builder::new().name("seatrial-pack".into()).spawn(move || run(&sources, sender, &writer));
    if let Err(error) = spawned {
        outcome.set(files("the thread that reads the sources could not be started").with_source(error));
    }
    (PackStream { receiver, outcome: outcome.clone(), done: false }, outcome)
}

/// A tar archive that is being written, as a stream of chunks.
#[derive(Debug)]
#[must_use = "the sources are read only as the stream is read"]
pub(crate) struct PackStream {
    receiver: mpsc::Receiver<Piece>,
    outcome: PackOutcome,
    done: bool,
}

#[derive(Debug)]
enum Piece {
    Chunk(Bytes),
    /// The archive is complete. A channel that closes without it means that the thread failed.
    End,
}

impl Stream for PackStream {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.done {
            return Poll::Ready(None);
        }
        self.receiver.poll_recv(context).map(|piece| match piece {
            Some(Piece::Chunk(chunk)) => Some(Ok(chunk)),
            Some(Piece::End) => {
                self.done = true;
                None
            }
            None => {
                self.done = true;
                Some(Err(io::Error::other(self.outcome.broken())))
            }
        })
    }
}

/// The cause of a failed pack: set when the stream ends with an error.
///
/// The writing thread sets it, once; the sender of the stream takes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackOutcome(Arc<Mutex<Option<Error>>>);

impl PackOutcome {
    /// Takes the error. Returns `None` if packing succeeded, or if the stream was dropped first.
    pub(crate) fn take_error(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, error: Error) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// Returns the text of the stream's error. If none was set, the thread panicked, in a reader provided by the user.
    fn broken(&self) -> String {
        let mut error = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        error.get_or_insert_with(|| files("a reader passed to `CopyIn::reader` panicked")).to_string()
    }
}

fn run(sources: &[CopyIn], sender: mpsc::Sender<Piece>, outcome: &PackOutcome) {
    let mut archive = Builder::new(Chunks { sender, chunk: BytesMut::new() });
    match write(sources, &mut archive) {
        Ok(()) => archive.get_mut().end(),
        // The receiver was dropped. An error of a source arrives wrapped, with another kind.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => archive.get_mut().abandon(),
        Err(error) => {
            // Set before the channel closes with the archive, since the stream reads it then.
            outcome
                .set(unwrapped(error, |error| files("the archive could not be written").with_source(error)));
            // Abandoned, since dropping the archive would otherwise write its end marker.
            archive.get_mut().abandon();
        }
    }
}

fn write(sources: &[CopyIn], archive: &mut Builder<Chunks>) -> io::Result<()> {
    for source in sources {
        let target = source.entry_path().map_err(wrapped)?;
        match &source.source {
            Source::File(file) => write_file(archive, source, file, &target, File::open(file))?,
            Source::Dir(dir) => write_dir(archive, source, dir, &target)?,
            Source::Bytes(bytes) => {
                let attributes = Attributes::of_bytes(source);
                append_file(archive, &target, attributes, bytes.len() as u64, &bytes[..])?;
            }
            Source::Reader { size, open } => {
                let origin = Path::new("/").join(&target);
                let reader = open().map_err(|error| {
                    wrapped(
                        files(format!("the reader for `{}` could not be opened", origin.display()))
                            .with_source(error),
                    )
                })?;
                let data = Exact::new(reader, Origin::Reader(origin), *size);
                append_file(archive, &target, Attributes::of_bytes(source), *size, data)?;
            }
        }
    }
    archive.finish()
}

fn write_file(
    archive: &mut Builder<Chunks>,
    source: &CopyIn,
    host: &Path,
    target: &Path,
    opened: io::Result<File>,
) -> io::Result<()> {
    // The size is taken from the opened file, in case another file has its name by now.
    let file = opened.map_err(|error| wrapped(cannot("read", host, error)))?;
    let meta = file.metadata().map_err(|error| wrapped(cannot("read", host, error)))?;
    let data = Exact::new(file, Origin::File(host.to_owned()), meta.len());
    append_file(archive, target, Attributes::of(source, &meta), meta.len(), data)
}

/// Writes a directory's content, and in two cases an entry for the target itself.
///
/// Usually the target has no entry: the engine creates it if it is missing, and an entry for an existing target would
/// change its mode and owner and replace a link by a directory. There is an entry if an owner was set, which asks for
/// that change, and if the directory is empty, since nothing else would create it.
fn write_dir(archive: &mut Builder<Chunks>, source: &CopyIn, host: &Path, target: &Path) -> io::Result<()> {
    let mut all = walk(host, source.links).peekable();
    let is_root = target.as_os_str().is_empty();
    if !is_root && (source.owner.is_some() || all.peek().is_none()) {
        let meta = fs::metadata(host).map_err(|error| wrapped(cannot("read", host, error)))?;
        append_dir(archive, target, Attributes::of(source, &meta))?;
    }
    all.try_for_each(|found| write_found(archive, source, found.map_err(wrapped)?, target))
}

fn write_found(
    archive: &mut Builder<Chunks>,
    source: &CopyIn,
    found: Found,
    target: &Path,
) -> io::Result<()> {
    let target = target.join(&found.below);
    let attributes = Attributes::of(source, &found.meta);
    match found.kind {
        EntryKind::Dir => append_dir(archive, &target, attributes),
        EntryKind::Symlink { to } => append_symlink(archive, &target, attributes, &to),
        EntryKind::File => write_file(archive, source, &found.host, &target, File::open(&found.host)),
    }
}

/// A writer that sends chunks through a channel and blocks while the channel is full.
struct Chunks {
    sender: mpsc::Sender<Piece>,
    chunk: BytesMut,
}

impl Chunks {
    fn send(&mut self, piece: Piece) -> io::Result<()> {
        self.sender.blocking_send(piece).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn end(&mut self) {
        // A failed send means that the receiver is gone and needs no end.
        let _ = self.flush().and_then(|()| self.send(Piece::End));
    }

    /// Discards everything that is written from now on.
    fn abandon(&mut self) {
        (self.sender, _) = mpsc::channel(1);
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.capacity() == self.chunk.len() {
            self.flush()?;
            self.chunk.reserve(CHUNK);
        }
        let count = bytes.len().min(self.chunk.capacity() - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.chunk.split().freeze() {
            chunk if chunk.is_empty() => Ok(()),
            chunk => self.send(Piece::Chunk(chunk)),
        }
    }
}
