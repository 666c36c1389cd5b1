//! Streams sources as one tar archive, rooted at the container's root; it sends it nowhere.

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

use super::exact::{Exact, Origin};
use super::failure::{cannot, files, unwrapped, wrapped};
use super::header::{Attributes, append_dir, append_file, append_symlink};
use super::source::{CopyIn, Source};
use super::walk::{Found, What, walk};
use crate::words::Error;

/// How large the pieces of the stream are.
const CHUNK: usize = 256 * 1024;

/// How many pieces wait for the one who reads. With the two that are being written and sent, that bounds the memory.
const WAITING: usize = 4;

/// Streams all sources as one archive, in their order.
///
/// The archive is written on a thread of its own, which reads the sources while the stream is read, and ends when the
/// stream is dropped. The sources should have passed [`check`](super::check) together.
///
/// Whoever sends the stream as the body of a request is told no more than that the body broke off: the outcome says
/// why.
pub(crate) fn pack(sources: Vec<CopyIn>) -> (PackStream, PackOutcome) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let outcome = PackOutcome::default();
    let writer = outcome.clone();
    let spawned =
        thread::Builder::new().name("seatrial-pack".into()).spawn(move || run(&sources, sender, &writer));
    if let Err(error) = spawned {
        outcome.set(files("no thread could be started to read what is to be copied").with_source(error));
    }
    (PackStream { receiver, outcome: outcome.clone(), done: false }, outcome)
}

/// An archive that is being written.
#[derive(Debug)]
#[must_use = "what is to be copied is read only as the stream is"]
pub(crate) struct PackStream {
    receiver: mpsc::Receiver<Piece>,
    outcome: PackOutcome,
    done: bool,
}

#[derive(Debug)]
enum Piece {
    Chunk(Bytes),
    /// All was written. Without it, the thread ended in some other way.
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

/// Why the archive could not be written, once the stream has ended with an error.
///
/// The thread of the archive writes it, once; the one who sent the stream takes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackOutcome(Arc<Mutex<Option<Error>>>);

impl PackOutcome {
    /// The error, which is given away. `None` if there was none, or the stream was dropped first.
    pub(crate) fn take_error(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, error: Error) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// What the stream says. No error here means that the thread panicked, in a reader that was given to us.
    fn broken(&self) -> String {
        let mut error = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        error.get_or_insert_with(|| files("a reader of what is to be copied panicked")).to_string()
    }
}

fn run(sources: &[CopyIn], sender: mpsc::Sender<Piece>, outcome: &PackOutcome) {
    let mut archive = Builder::new(Chunks { sender, chunk: BytesMut::new() });
    match write(sources, &mut archive) {
        Ok(()) => archive.get_mut().end(),
        // The stream was dropped: an error of a source comes wrapped, and is of another kind.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => archive.get_mut().abandon(),
        Err(error) => {
            // Set before the channel closes with the archive, since the stream asks for it then.
            outcome
                .set(unwrapped(error, |error| files("the archive could not be written").with_source(error)));
            // Left as it is, not finished with the mark of its end, which the archive would do when it is dropped.
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
                    wrapped(files(format!("no reader for `{}`", origin.display())).with_source(error))
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
    // The size is that of the file that was opened, whatever has its name by now.
    let file = opened.map_err(|error| wrapped(cannot("read", host, error)))?;
    let meta = file.metadata().map_err(|error| wrapped(cannot("read", host, error)))?;
    let data = Exact::new(file, Origin::File(host.to_owned()), meta.len());
    append_file(archive, target, Attributes::of(source, &meta), meta.len(), data)
}

/// The target itself is left out: the engine makes it if it is missing, and if it is there, an entry would change its
/// mode and owner, and put a directory in the place of a link. With a given owner that is what was asked for; and an
/// empty directory has nothing else that would make it.
fn write_dir(archive: &mut Builder<Chunks>, source: &CopyIn, host: &Path, target: &Path) -> io::Result<()> {
    let mut all = walk(host).peekable();
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
    match found.what {
        What::Dir => append_dir(archive, &target, attributes),
        What::Symlink { to } => append_symlink(archive, &target, attributes, &to),
        What::File => write_file(archive, source, &found.host, &target, File::open(&found.host)),
    }
}

/// Sends what is written in pieces, and waits while there are enough of them.
struct Chunks {
    sender: mpsc::Sender<Piece>,
    chunk: BytesMut,
}

impl Chunks {
    fn send(&mut self, piece: Piece) -> io::Result<()> {
        self.sender.blocking_send(piece).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn end(&mut self) {
        // An error means that nobody reads on, who then needs no end.
        let _ = self.flush().and_then(|()| self.send(Piece::End));
    }

    /// Makes whatever is written from now on go nowhere.
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

#[cfg(test)]
mod tests;
