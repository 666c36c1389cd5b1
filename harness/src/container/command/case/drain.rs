//! Output on its way from the background thread to the caller's task, where the caller's writers are.
//!
//! The channel is unbounded; the sender stops at a number of bytes, and goes on once some were written.

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::case::Writer;
use super::plan::Writers;
use crate::words::{Error, Kind, LogStream, Result};

/// A function that is called with the number of bytes of a stream that were written.
pub(super) type GiveBack = Arc<dyn Fn(LogStream, usize) + Send + Sync>;

/// The sending side.
#[derive(Clone, Debug)]
pub(super) struct Pipe(mpsc::UnboundedSender<(LogStream, Bytes)>);

/// The writing side.
pub(super) struct Drain {
    pieces: mpsc::UnboundedReceiver<(LogStream, Bytes)>,
    writers: Writers,
}

pub(super) fn pipe(writers: Writers) -> (Pipe, Drain) {
    let (sender, pieces) = mpsc::unbounded_channel();
    (Pipe(sender), Drain { pieces, writers })
}

impl Pipe {
    pub(super) fn push(&self, stream: LogStream, bytes: &[u8]) {
        // A writing side that is gone has given the case up.
        self.0.send((stream, Bytes::copy_from_slice(bytes))).ok();
    }
}

impl Drain {
    /// Writes until the sending side is gone.
    ///
    /// # Errors
    /// Files, if a writer fails.
    pub(super) async fn write(mut self, give_back: GiveBack) -> Result<()> {
        while let Some((stream, bytes)) = self.pieces.recv().await {
            if let Some(writer) = self.writer(stream) {
                writer.write_all(&bytes).await.map_err(|error| failed(stream, error))?;
            }
            give_back(stream, bytes.len());
        }
        for stream in [LogStream::Stdout, LogStream::Stderr] {
            if let Some(writer) = self.writer(stream) {
                writer.flush().await.map_err(|error| failed(stream, error))?;
            }
        }
        Ok(())
    }

    fn writer(&mut self, stream: LogStream) -> Option<&mut Writer> {
        match stream {
            LogStream::Stdout => self.writers.stdout.as_mut(),
            LogStream::Stderr => self.writers.stderr.as_mut(),
        }
    }
}

fn failed(stream: LogStream, error: std::io::Error) -> Error {
    Error::new(Kind::Files, format!("the writer of its {stream} failed")).with_source(error)
}
