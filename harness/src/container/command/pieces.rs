//! The output of a command, read piece by piece: from the connection to it, or from a container's log.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::engine::{Bodies, FrameDecoder, Mode};
use crate::life::Presence;
use crate::output::{Collected, Retain};
use crate::words::{Error, Kind, LogStream, Result};

/// The size of one read, in bytes.
pub(super) const READ_SIZE: usize = 32 * 1024;

/// A part of the output, as it arrived, and its stream.
pub(crate) type Piece = (LogStream, Bytes);

/// A receiver of output.
pub(crate) trait Sink: Send {
    /// Takes a piece. The command is held back, as by a pipe, until the future completes.
    ///
    /// # Cancel safety
    /// A future that is dropped has taken nothing: the piece is passed again.
    fn take(&mut self, stream: LogStream, bytes: Bytes) -> impl Future<Output = ()> + Send;
}

/// A command's output. All methods are cancel safe: nothing is lost with a dropped future.
pub(crate) struct Pieces {
    source: Source,
    decoder: FrameDecoder,
    /// The pieces that were read and not yet taken.
    ready: VecDeque<Piece>,
    /// The end of the output, after the pieces that are ready.
    end: Option<Result<()>>,
    presence: Option<Presence>,
    /// `true` once the command was given input. Written by the writer of its standard input, read here.
    has_input: Arc<AtomicBool>,
}

enum Source {
    Connection { reader: Box<dyn AsyncRead + Send + Unpin>, buffer: BytesMut },
    Log(Bodies),
}

impl Pieces {
    /// Reads from a connection.
    pub(crate) fn of_connection(reader: impl AsyncRead + Send + Unpin + 'static, mode: Mode) -> Self {
        Self::new(Source::Connection { reader: Box::new(reader), buffer: BytesMut::new() }, mode)
    }

    /// Reads from a container's log.
    pub(crate) fn of_log(bodies: Bodies, mode: Mode) -> Self {
        Self::new(Source::Log(bodies), mode)
    }

    fn new(source: Source, mode: Mode) -> Self {
        let decoder = FrameDecoder::new(mode);
        Self { source, decoder, ready: VecDeque::new(), end: None, presence: None, has_input: Arc::default() }
    }

    /// Fails once the container has ended, should the engine leave the connection open.
    pub(super) fn while_present(self, presence: Presence) -> Self {
        Self { presence: Some(presence), ..self }
    }

    /// Returns the flag that a writer of standard input sets.
    pub(super) fn input_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.has_input)
    }

    /// Returns the next piece, which stays the next until it is [taken](Self::take); `None` at the end.
    ///
    /// # Errors
    /// Protocol, if the engine breaks the output off; exec, if the container has ended and the output has not.
    pub(crate) async fn peek(&mut self) -> Result<Option<Piece>> {
        loop {
            if let Some(piece) = self.ready.front() {
                return Ok(Some(piece.clone()));
            }
            if let Some(end) = self.end.clone() {
                return end.map(|()| None).map_err(|error| error.with_phase("read a command's output"));
            }
            let reading = self.source.read(&self.has_input);
            let read = match &mut self.presence {
                None => reading.await,
                Some(presence) => presence.unless_gone(reading).await.unwrap_or_else(|| {
                    let message = "the container has ended, and how the command ended is not known";
                    Err(Error::new(Kind::Exec, message))
                }),
            };
            match read {
                Ok(Some(chunk)) => {
                    let ready = &mut self.ready;
                    let decoded = self.decoder.decode(&chunk, |stream, bytes| {
                        ready.push_back((stream, chunk.slice_ref(bytes)));
                    });
                    self.end = decoded.err().map(Err);
                }
                Ok(None) => self.end = Some(self.decoder.finish()),
                Err(error) => self.end = Some(Err(error)),
            }
        }
    }

    /// Takes the piece that was peeked at.
    pub(crate) fn take(&mut self) {
        self.ready.pop_front();
    }

    /// Passes all that is still to come to a sink.
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    pub(super) async fn read_to_end(&mut self, sink: &mut impl Sink) -> Result<()> {
        while let Some((stream, bytes)) = self.peek().await? {
            sink.take(stream, bytes).await;
            self.take();
        }
        Ok(())
    }

    /// Does the same for a limited time, not counting the time that the sink takes.
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    pub(super) async fn read_rest(&mut self, sink: &mut impl Sink, mut limit: Duration) -> Result<()> {
        loop {
            let began = Instant::now();
            let Ok(piece) = crate::base::timeout(limit, self.peek()).await else { return Ok(()) };
            limit = limit.saturating_sub(began.elapsed());
            let Some((stream, bytes)) = piece? else { return Ok(()) };
            sink.take(stream, bytes).await;
            self.take();
        }
    }
}

impl Source {
    /// Reads the bytes that have arrived; `None` at the end.
    async fn read(&mut self, has_input: &AtomicBool) -> Result<Option<Bytes>> {
        match self {
            Self::Connection { reader, buffer } => {
                // Uses the same memory again unless a part of it was kept.
                buffer.reserve(READ_SIZE);
                match reader.read_buf(buffer).await {
                    Ok(0) => Ok(None),
                    Ok(_) => Ok(Some(buffer.split().freeze())),
                    // An engine that closes the connection while input arrives that the command does not read resets
                    // it. That is an end, then.
                    Err(error)
                        if error.kind() == ErrorKind::ConnectionReset
                            && has_input.load(Ordering::Relaxed) =>
                    {
                        Ok(None)
                    }
                    Err(error) => Err(broken_off(error)),
                }
            }
            Self::Log(bodies) => bodies.next().await.transpose(),
        }
    }
}

pub(super) fn broken_off(error: std::io::Error) -> Error {
    Error::new(Kind::Protocol, "the engine broke the output off").with_source(error)
}

/// The first bytes of each stream, up to a limit; the rest is dropped.
#[derive(Debug)]
pub(super) struct Collector {
    keep: Retain,
    collected: Collected,
}

impl Collector {
    /// Keeps the first `limit` bytes of each stream.
    pub(super) fn new(limit: usize) -> Self {
        Self { keep: Retain::Head(limit), collected: Collected::default() }
    }

    pub(super) fn push(&mut self, stream: LogStream, bytes: &[u8]) {
        match stream {
            LogStream::Stdout => self.collected.stdout.push(bytes, self.keep),
            LogStream::Stderr => self.collected.stderr.push(bytes, self.keep),
        }
    }

    pub(super) fn into_collected(self) -> Collected {
        self.collected
    }
}

impl Sink for Collector {
    async fn take(&mut self, stream: LogStream, bytes: Bytes) {
        self.push(stream, &bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).expect("it is short");
        [&[stream, 0, 0, 0][..], &length.to_be_bytes(), payload].concat()
    }

    fn pieces(bytes: Vec<u8>) -> Pieces {
        Pieces::of_connection(std::io::Cursor::new(bytes), Mode::Multiplexed)
    }

    #[tokio::test]
    async fn a_piece_is_passed_until_it_is_taken() {
        let mut pieces = pieces([frame(1, b"out"), frame(2, b"err")].concat());
        let out = Some((LogStream::Stdout, Bytes::from("out")));
        assert_eq!(pieces.peek().await.expect("it reads"), out);
        assert_eq!(pieces.peek().await.expect("it reads"), out);
        pieces.take();
        let err = Some((LogStream::Stderr, Bytes::from("err")));
        assert_eq!(pieces.peek().await.expect("it reads"), err);
        pieces.take();
        for _ in 0..2 {
            assert_eq!(pieces.peek().await.expect("an end stays the end"), None);
        }
    }

    #[tokio::test]
    async fn output_that_is_cut_gives_what_came_and_then_the_error() {
        let mut pieces = pieces(frame(1, b"abc")[..10].to_vec());
        let mut collector = Collector::new(100);
        for _ in 0..2 {
            let error = pieces.read_to_end(&mut collector).await.expect_err("a byte is missing");
            assert!(error.is_protocol(), "{error:?}");
        }
        assert_eq!(collector.into_collected().stdout.bytes, b"ab");
    }
}
