//! Runs blocking code that reads an async stream, on a dedicated thread.

use std::io::{self, Read};
use std::pin::pin;
use std::thread;

use bytes::{Buf, Bytes};
use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};

use super::failure::files;
use crate::words::{Error, Kind, Result};

/// The capacity of the channel to the thread, in chunks.
const WAITING: usize = 4;

/// The maximum number of bytes read after the end of an archive, so that the connection below the stream can be reused.
const PADDING_LIMIT: u64 = 1024 * 1024;

/// Runs `work` on a dedicated thread and gives it the stream as a blocking reader.
///
/// # Errors
/// Returns the stream's error if the stream failed, else the error of `work`.
///
/// # Cancel safety
/// If the future is dropped, the next read fails, so `work` soon ends with an error. Its result is discarded.
pub(super) async fn on_thread<T, S, F>(stream: S, work: F) -> Result<T>
where
    T: Send + 'static,
    S: Stream<Item = Result<Bytes>>,
    F: FnOnce(&mut StreamReader) -> Result<T> + Send + 'static,
{
    let (pieces, receiver) = mpsc::channel(WAITING);
    let (answer, answered) = oneshot::channel();
    thread::Builder::new()
        .name("seatrial-unpack".into())
        .spawn(move || {
            let mut reader = StreamReader::new(receiver);
            let result = work(&mut reader);
            // The receiver is gone if the caller was dropped.
            let _ = answer.send(result.map_err(|error| reader.failure.take().unwrap_or(error)));
        })
        .map_err(|error| files("no thread could be started to read the archive").with_source(error))?;
    feed(stream, pieces).await;
    answered.await.unwrap_or_else(|_| Err(files("the thread that read the archive panicked")))
}

/// Forwards the stream to the thread until the stream ends or the thread has ended.
async fn feed<S: Stream<Item = Result<Bytes>>>(stream: S, pieces: mpsc::Sender<Piece>) {
    let mut stream = pin!(stream);
    loop {
        // A thread that has ended reads no more, even if the stream never ends.
        let piece = match select(stream.next(), pin!(pieces.closed())).await {
            Either::Left((Some(Ok(bytes)), _)) => Piece::Chunk(bytes),
            Either::Left((Some(Err(error)), _)) => Piece::Failed(error),
            Either::Left((None, _)) => Piece::End,
            Either::Right(((), _)) => return,
        };
        let more = matches!(piece, Piece::Chunk(_));
        if pieces.send(piece).await.is_err() || !more {
            return;
        }
    }
}

enum Piece {
    Chunk(Bytes),
    Failed(Error),
    End,
}

/// The blocking side of the stream.
pub(super) struct StreamReader {
    receiver: mpsc::Receiver<Piece>,
    chunk: Bytes,
    ended: bool,
    /// Set when a read returned fewer bytes than it asked for: the stream has ended and the reader wanted more.
    wanted_more: bool,
    /// The stream's own error. Kept here because the tar reader wraps it in an error of its own.
    failure: Option<Error>,
}

impl StreamReader {
    fn new(receiver: mpsc::Receiver<Piece>) -> Self {
        Self { receiver, chunk: Bytes::new(), ended: false, wanted_more: false, failure: None }
    }

    /// Reads the padding after an archive that was read completely, and checks that the archive was not truncated.
    ///
    /// An engine that fails in the middle of an archive can only stop sending. If it stops between two entries, the
    /// only sign is that the closing block of zeros is missing.
    pub(super) fn finish(&mut self) -> Result<()> {
        if self.wanted_more {
            return Err(Error::new(
                Kind::Protocol,
                "the engine's archive is truncated: its end marker is missing",
            ));
        }
        let read = io::copy(&mut self.take(PADDING_LIMIT), &mut io::sink());
        read.map(drop).map_err(broken)
    }

    /// Receives the next chunk. The chunk is empty only at the end of the stream.
    fn refill(&mut self) -> io::Result<()> {
        while self.chunk.is_empty() && !self.ended {
            match self.receiver.blocking_recv() {
                Some(Piece::Chunk(chunk)) => self.chunk = chunk,
                Some(Piece::End) => self.ended = true,
                Some(Piece::Failed(error)) => {
                    self.failure = Some(error);
                    return Err(io::Error::other("the stream failed"));
                }
                None => return Err(io::Error::other("the caller that reads the archive was dropped")),
            }
        }
        Ok(())
    }
}

/// Creates the error for an archive that can't be read any further.
pub(super) fn broken(error: io::Error) -> Error {
    Error::new(Kind::Protocol, "the engine's archive can't be read").with_source(error)
}

impl Read for StreamReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.refill()?;
        let count = buf.len().min(self.chunk.len());
        self.wanted_more |= count < buf.len() && self.chunk.is_empty();
        self.chunk.copy_to_slice(&mut buf[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, stream};
    use std::sync::mpsc as std_mpsc;

    fn chunks(chunks: &[&'static [u8]]) -> Vec<Result<Bytes>> {
        chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk))).collect()
    }

    async fn read(all: Vec<Result<Bytes>>) -> Result<Vec<u8>> {
        on_thread(stream::iter(all), |reader| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).map_err(broken)?;
            Ok(bytes)
        })
        .await
    }

    #[tokio::test]
    async fn the_thread_reads_what_the_stream_gives() {
        assert_eq!(read(chunks(&[b"ab", b"", b"c"])).await.unwrap(), b"abc");
    }

    #[tokio::test]
    async fn an_error_of_the_stream_is_the_one_that_is_returned() {
        let mut all = chunks(&[b"ab"]);
        all.push(Err(Error::new(Kind::Timeout, "too late")));
        assert_eq!(read(all).await.unwrap_err().to_string(), "too late");
    }

    #[tokio::test]
    async fn work_that_is_done_does_not_wait_for_the_stream() {
        let endless = stream::iter(chunks(&[b"ab"])).chain(stream::pending());
        on_thread(endless, |_| Ok(())).await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_of_the_thread_is_an_error() {
        let result: Result<()> = on_thread(stream::iter([]), |_| panic!("expected by the test")).await;
        assert!(result.unwrap_err().to_string().contains("panicked"));
    }

    #[tokio::test]
    async fn a_dropped_caller_ends_the_work_with_an_error() {
        let (sender, ended) = std_mpsc::channel();
        let mut call = Box::pin(on_thread(stream::pending(), move |reader| {
            sender.send(reader.read(&mut [0; 8]).is_err()).unwrap();
            Ok(())
        }));
        assert!(call.as_mut().now_or_never().is_none());
        drop(call);
        assert!(ended.recv_timeout(std::time::Duration::from_secs(10)).unwrap());
    }

    #[tokio::test]
    async fn what_was_read_to_its_end_and_no_further_had_an_end() {
        let finish = async |wanted: u64| {
            on_thread(stream::iter(chunks(&[b"ab", b"", b"cd"])), move |reader| {
                io::copy(&mut reader.take(wanted), &mut io::sink()).map_err(broken)?;
                reader.finish()
            })
            .await
        };
        assert!(finish(1).await.is_ok() && finish(4).await.is_ok());
        assert!(finish(5).await.unwrap_err().is_protocol());
    }
}
