//! The standard input of a command, written piece by piece.

use std::fmt;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::engine::Mode;
use crate::words::{Error, Kind, Result};

/// The size of one read from a reader, in bytes.
const PIECE: usize = 32 * 1024;
/// The number of pieces that wait to be written.
const PIECES: usize = 4;

/// The origin of a command's standard input.
#[derive(Default)]
pub(super) enum Stdin<'a> {
    /// A command that reads is at the end at once.
    #[default]
    None,
    Bytes(Bytes),
    Reader(Pin<Box<dyn AsyncRead + Send + 'a>>),
}

/// The half of a standard input that is written, on the background thread.
pub(crate) enum Input {
    None,
    Bytes(Bytes),
    Pieces(mpsc::Receiver<Bytes>),
}

/// The half of a standard input that reads the user's reader, on the user's own task.
pub(super) struct Feeder<'a> {
    reader: Pin<Box<dyn AsyncRead + Send + 'a>>,
    pieces: mpsc::Sender<Bytes>,
}

impl<'a> Stdin<'a> {
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    pub(super) fn split(self) -> (Input, Option<Feeder<'a>>) {
        match self {
            Self::None => (Input::None, None),
            Self::Bytes(bytes) => (Input::Bytes(bytes), None),
            Self::Reader(reader) => {
                let (pieces, receiver) = mpsc::channel(PIECES);
                (Input::Pieces(receiver), Some(Feeder { reader, pieces }))
            }
        }
    }
}

impl Input {
    /// Returns the next piece; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::None => None,
            Self::Bytes(bytes) => Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty()),
            Self::Pieces(pieces) => pieces.recv().await,
        }
    }

    /// Writes all of it and closes the command's standard input. A command that does not read to the end is no error, as
    /// in a shell's pipe.
    pub(crate) async fn write_to(mut self, mut writer: impl AsyncWrite + Unpin, mode: Mode) {
        if matches!(self, Self::None) {
            return;
        }
        let writing = async {
            while let Some(piece) = self.next().await {
                writer.write_all(&piece).await?;
                writer.flush().await?;
            }
            match mode {
                Mode::Multiplexed => writer.shutdown().await,
                // Behind a terminal the engine would close the output too.
                Mode::Raw => Ok(()),
            }
        };
        if let Err(error) = writing.await {
            tracing::debug!("a command closed its standard input before all of it was written: {error}");
        }
    }
}

impl Feeder<'_> {
    /// Reads the reader to its end, or until the other half is dropped.
    ///
    /// # Errors
    /// Files, if the reader fails.
    pub(super) async fn feed(mut self) -> Result<()> {
        loop {
            let mut piece = BytesMut::with_capacity(PIECE);
            let read = self.reader.read_buf(&mut piece).await.map_err(|error| {
                Error::new(Kind::Files, "the reader of the standard input failed").with_source(error)
            })?;
            if read == 0 || self.pieces.send(piece.freeze()).await.is_err() {
                return Ok(());
            }
        }
    }
}

impl fmt::Debug for Stdin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Reader(_) => f.write_str("Reader"),
        }
    }
}
