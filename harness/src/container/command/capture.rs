//! Reads a command's output to its end and keeps the beginning of each stream.

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::engine::{FrameDecoder, Mode};
use crate::error::{Error, Kind, Result};
use crate::stream::LogStream;
use crate::wait::{Collected, TapKeep};

/// How much is read at once.
pub(super) const READ_SIZE: usize = 32 * 1024;

/// Output that is being read.
pub(super) struct Capture<R> {
    reader: R,
    decoder: FrameDecoder,
    buffer: Vec<u8>,
    keep: TapKeep,
    collected: Collected,
}

impl<R: AsyncRead + Unpin> Capture<R> {
    /// Keeps the first `limit` bytes of each stream.
    pub(super) fn new(reader: R, mode: Mode, limit: usize) -> Self {
        let decoder = FrameDecoder::new(mode);
        let (keep, collected) = (TapKeep::Head(limit), Collected::default());
        Self { reader, decoder, buffer: vec![0; READ_SIZE], keep, collected }
    }

    /// Reads until the output ends; what is beyond the limit is dropped. May be dropped and called again.
    pub(super) async fn read_to_end(&mut self) -> Result<()> {
        loop {
            let read = self.reader.read(&mut self.buffer).await.map_err(broken_off)?;
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

pub(super) fn broken_off(error: std::io::Error) -> Error {
    Error::new(Kind::Protocol, "the engine broke the output off").with_source(error)
}
