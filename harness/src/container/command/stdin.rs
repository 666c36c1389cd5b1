//! What is written to a command's standard input, piece by piece.

use std::fmt;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::engine::Mode;
use crate::words::{Error, Kind, Result};

/// How much is read at once from a reader, and how many such pieces wait to be written.
const PIECE: usize = 32 * 1024;
const PIECES: usize = 4;

/// Where a command's standard input comes from.
#[derive(Default)]
pub(super) enum Stdin<'a> {
    /// There is none: a command that reads is at its end.
    #[default]
    None,
    Bytes(Bytes),
    Reader(Pin<Box<dyn AsyncRead + Send + 'a>>),
}

/// The side that is written on the background thread.
pub(crate) enum Source {
    None,
    Bytes(Bytes),
    Pieces(mpsc::Receiver<Bytes>),
}

/// The side that reads the user's reader, on the user's own task.
pub(super) struct Feeder<'a> {
    reader: Pin<Box<dyn AsyncRead + Send + 'a>>,
    pieces: mpsc::Sender<Bytes>,
}

impl<'a> Stdin<'a> {
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    pub(super) fn split(self) -> (Source, Option<Feeder<'a>>) {
        match self {
            Self::None => (Source::None, None),
            Self::Bytes(bytes) => (Source::Bytes(bytes), None),
            Self::Reader(reader) => {
                let (pieces, receiver) = mpsc::channel(PIECES);
                (Source::Pieces(receiver), Some(Feeder { reader, pieces }))
            }
        }
    }
}

impl Source {
    /// Writes all of it and closes the command's standard input. A command that does not read to the end is no error,
    /// as it is none in a shell's pipe.
    pub(crate) async fn write_to(self, mut writer: impl AsyncWrite + Unpin, mode: Mode) {
        let written = match self {
            Self::None => return,
            Self::Bytes(bytes) => writer.write_all(&bytes).await,
            Self::Pieces(pieces) => write_pieces(pieces, &mut writer).await,
        };
        let closed = match (written, mode) {
            (Ok(()), Mode::Multiplexed) => writer.shutdown().await,
            // Behind a terminal the engine would close the output with it.
            (Ok(()), Mode::Raw) => Ok(()),
            (Err(error), _) => Err(error),
        };
        if let Err(error) = closed {
            tracing::debug!("a command closed its standard input before it was written: {error}");
        }
    }
}

async fn write_pieces(
    mut pieces: mpsc::Receiver<Bytes>,
    writer: &mut (impl AsyncWrite + Unpin),
) -> std::io::Result<()> {
    while let Some(piece) = pieces.recv().await {
        writer.write_all(&piece).await?;
        writer.flush().await?;
    }
    Ok(())
}

impl Feeder<'_> {
    /// Reads the reader to its end, or until nobody writes any more.
    ///
    /// # Errors
    /// Files, if the reader fails.
    pub(super) async fn feed(mut self) -> Result<()> {
        loop {
            let mut piece = BytesMut::with_capacity(PIECE);
            let read = self.reader.read_buf(&mut piece).await.map_err(|error| {
                Error::new(Kind::Files, "the reader of its standard input failed").with_source(error)
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
