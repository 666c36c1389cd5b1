//! The output of an agent: frames on its standard output, text on its standard error.

use seatrial_core::case::Buffer;
use seatrial_core::case::frame::{Kind as FrameKind, VERSION, version_of};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::super::pieces::{READ_SIZE, broken_off};
use crate::engine::{FrameDecoder, Mode};
use crate::words::{Error, Kind, LogStream, Result};

/// The number of bytes of the agent's standard error that are kept.
const SAID: usize = 2048;

/// The output of an agent that is being read.
pub(super) struct Incoming<R> {
    reader: R,
    decoder: FrameDecoder,
    bytes: Vec<u8>,
    /// The frames that were read.
    pub(super) buffer: Buffer,
    said: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            decoder: FrameDecoder::new(Mode::Multiplexed),
            bytes: vec![0; READ_SIZE],
            buffer: Buffer::default(),
            said: Vec::new(),
        }
    }

    /// Reads the bytes that have arrived. Returns `false` at the end.
    pub(super) async fn read(&mut self) -> Result<bool> {
        let Self { reader, decoder, bytes, buffer, said } = self;
        let read = reader.read(bytes).await.map_err(broken_off)?;
        decoder.decode(&bytes[..read], |stream, bytes| match stream {
            LogStream::Stdout => buffer.push(bytes),
            LogStream::Stderr => said.extend(bytes.iter().take(SAID.saturating_sub(said.len()))),
        })?;
        Ok(read > 0)
    }

    /// Reads up to the agent's greeting.
    ///
    /// # Errors
    /// Exec, with its standard error, if it ends without a greeting, or speaks another version.
    pub(super) async fn wait_for_hello(&mut self) -> Result<()> {
        loop {
            match self.buffer.take() {
                Ok(Some(frame)) if frame.kind == FrameKind::Hello => {
                    let version = version_of(frame.payload);
                    if version == Some(VERSION) {
                        return Ok(());
                    }
                    let message = format!("the agent speaks version {version:?} and not {VERSION}");
                    return Err(Error::new(Kind::Exec, message));
                }
                // An engine that can't start a program gives the reason in the place of the program's output.
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

    /// Returns the error of an agent that has ended.
    pub(super) fn end(&self) -> Error {
        let said = String::from_utf8_lossy(&self.said);
        match said.trim() {
            "" => Error::new(Kind::Exec, "the agent in the container has ended"),
            said => Error::new(Kind::Exec, format!("the agent in the container has ended: {said}")),
        }
    }
}
