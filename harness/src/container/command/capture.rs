//! Reads a command's output to its end and keeps the beginning of each stream.

use std::io::ErrorKind;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::engine::{FrameDecoder, Mode};
use crate::output::{Collected, Retain};
use crate::words::{Error, Kind, LogStream, Result};

/// How much is read at once.
pub(super) const READ_SIZE: usize = 32 * 1024;

/// Output that is being read.
pub(super) struct Capture<R> {
    reader: R,
    decoder: FrameDecoder,
    buffer: Vec<u8>,
    has_input: bool,
    keep: Retain,
    collected: Collected,
}

impl<R: AsyncRead + Unpin> Capture<R> {
    /// Keeps the first `limit` bytes of each stream.
    pub(super) fn new(reader: R, mode: Mode, limit: usize) -> Self {
        let decoder = FrameDecoder::new(mode);
        let (keep, collected) = (Retain::Head(limit), Collected::default());
        Self { reader, decoder, buffer: vec![0; READ_SIZE], has_input: false, keep, collected }
    }

    /// Of a command that may be given input.
    pub(super) fn with_input(self, has_input: bool) -> Self {
        Self { has_input, ..self }
    }

    /// Reads until the output ends; what is beyond the limit is dropped. May be dropped and called again.
    pub(super) async fn read_to_end(&mut self) -> Result<()> {
        loop {
            let read = read_piece(&mut self.reader, &mut self.buffer, || self.has_input).await?;
            if read == 0 {
                return self.decoder.finish();
            }
            let Self { collected, keep, .. } = self;
            self.decoder.decode(&self.buffer[..read], |stream, bytes| match stream {
                LogStream::Stdout => collected.stdout.push(bytes, *keep),
                LogStream::Stderr => collected.stderr.push(bytes, *keep),
            })?;
        }
    }

    pub(super) fn take(&mut self) -> Collected {
        std::mem::take(&mut self.collected)
    }
}

/// Reads the next bytes of a command's output into a buffer; returns how many, 0 at its end.
///
/// An engine that closes the stream while input comes that the command has not read is said to have reset it, once all
/// that it has sent is read. For a command that was given input that is an end, then.
pub(super) async fn read_piece(
    reader: &mut (impl AsyncRead + Unpin),
    buffer: &mut [u8],
    has_input: impl FnOnce() -> bool,
) -> Result<usize> {
    match reader.read(buffer).await {
        Err(error) if error.kind() == ErrorKind::ConnectionReset && has_input() => Ok(0),
        read => read.map_err(broken_off),
    }
}

pub(super) fn broken_off(error: std::io::Error) -> Error {
    Error::new(Kind::Protocol, "the engine broke the output off").with_source(error)
}
