//! Connections as the relay sees them: a buffered reading side, a writing side, and the copying of bodies.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::{TcpStream, UnixStream, tcp, unix};

use crate::Then;
use crate::framing::Framing;
use crate::head::Head;
use crate::valve::Valve;

/// The longest head that is taken for one.
const MAX_HEAD: usize = 256 * 1024;
/// The number of bytes that are read at once.
const READ_SIZE: usize = 128 * 1024;
/// The time between two looks at whether a half-closed connection is closed altogether. The runtime has no event for
/// that.
const HANG_UP_POLL: Duration = Duration::from_millis(20);

/// The reading half of a connection of either kind.
trait Reading: AsyncRead + Send + Sync + Unpin {
    /// Returns `true` if the other side has closed both directions, as far as that is known.
    fn hung_up(&self) -> bool;
}

/// The writing side of a connection.
pub(crate) type Sink = Box<dyn AsyncWrite + Send + Unpin>;

/// The reading side of a connection, with what was read and not used yet.
pub(crate) struct Source {
    io: Box<dyn Reading>,
    buffer: BytesMut,
}

/// The result of copying a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Copied {
    /// The last byte was forwarded.
    Whole,
    /// The sender closed before.
    Short,
    /// The valve let no more through.
    Stopped(Then),
}

/// Splits a connection over a unix socket into its two sides.
pub(crate) fn split_unix(stream: UnixStream) -> (Source, Sink) {
    let (reading, writing) = stream.into_split();
    (Source { io: Box::new(reading), buffer: BytesMut::new() }, Box::new(writing))
}

/// Splits a connection over TCP into its two sides.
pub(crate) fn split_tcp(stream: TcpStream) -> (Source, Sink) {
    let (reading, writing) = stream.into_split();
    (Source { io: Box::new(reading), buffer: BytesMut::new() }, Box::new(writing))
}

impl Reading for unix::OwnedReadHalf {
    fn hung_up(&self) -> bool {
        let ready = self.as_ref().ready(Interest::WRITABLE).now_or_never();
        ready.is_some_and(|ready| ready.is_ok_and(|ready| ready.is_write_closed()))
    }
}

impl Reading for tcp::OwnedReadHalf {
    fn hung_up(&self) -> bool {
        let ready = self.as_ref().ready(Interest::WRITABLE).now_or_never();
        ready.is_some_and(|ready| ready.is_ok_and(|ready| ready.is_write_closed()))
    }
}

impl Source {
    /// Reads once; 0 means that the sender has closed. Dropping the future loses nothing.
    async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(READ_SIZE);
        self.io.read_buf(&mut self.buffer).await
    }

    /// Reads a head; nothing if the sender closes first.
    pub(crate) async fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(end) = Head::end_in(&self.buffer) {
                let head = Head::parse(self.buffer.split_to(end).freeze());
                return head
                    .map(Some)
                    .ok_or_else(|| io::Error::other("the head of a message is not HTTP/1.1"));
            }
            // A TLS handshake has no line end to wait for: Docker tries one with every registry first.
            let is_text = self.buffer.first().is_none_or(u8::is_ascii_alphabetic);
            if !is_text || self.buffer.len() > MAX_HEAD {
                return Err(io::Error::other("the head of a message is not HTTP/1.1"));
            }
            if self.fill().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Forwards a body as it is, as far as the valve lets it.
    pub(crate) async fn copy(
        &mut self,
        sink: &mut (impl AsyncWrite + Unpin),
        framing: &mut Framing,
        valve: &mut Valve,
    ) -> io::Result<Copied> {
        while !framing.is_done() {
            let allowance = match valve.allowance() {
                Ok(allowance) => allowance,
                Err(then) => return Ok(Copied::Stopped(then)),
            };
            if self.buffer.is_empty() && self.fill().await? == 0 {
                let whole = *framing == Framing::UntilClose;
                return Ok(if whole { Copied::Whole } else { Copied::Short });
            }
            let piece = self.buffer.len().min(allowance);
            let taken = framing.take(&self.buffer[..piece]);
            // The bytes leave the buffer before they are written: if this future is dropped while it writes, they
            // must not be taken for the next message.
            let bytes = self.buffer.split_to(taken);
            sink.write_all(&bytes).await?;
            valve.passed(taken).await;
        }
        Ok(Copied::Whole)
    }

    /// Waits until the sender closes its direction; what it says until then is kept, up to a limit.
    pub(crate) async fn until_closed(&mut self) {
        while self.buffer.len() <= MAX_HEAD {
            if !matches!(self.fill().await, Ok(1..)) {
                return;
            }
        }
        self.until_hung_up().await;
    }

    /// Returns `true` if a connection whose end was read is closed in both directions. The news may come a moment
    /// later.
    pub(crate) async fn is_hung_up(&self) -> bool {
        tokio::time::timeout(HANG_UP_POLL * 2, self.until_hung_up()).await.is_ok()
    }

    /// Waits until the other side has closed both directions.
    pub(crate) async fn until_hung_up(&self) {
        while !self.io.hung_up() {
            tokio::time::sleep(HANG_UP_POLL).await;
        }
    }
}
