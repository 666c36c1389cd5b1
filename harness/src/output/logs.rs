//! A container's log, as bytes, as lines, or through a function that is called per line.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::stream::{self, Stream, StreamExt};

use crate::engine::{FrameDecoder, LogRequest, Mode, Target};
use crate::words::{LineSplitter, LogLine, LogStream, Result, stream_texts};

/// A view of a container's log: set options, then read it.
///
/// It reads the engine's log and not the container's output, so a slow reader never blocks the container. The content
/// depends on the log driver: Docker's `local`, the default, drops the line break after a line longer than 16 KiB,
/// which joins it with the next line; `json-file` does not.
///
/// ```no_run
/// use futures_util::StreamExt;
///
/// # async fn example(container: seatrial::TestContainer) -> seatrial::Result<()> {
/// let last = container.logs().tail(20).read().await?;
/// println!("{}{}", last.stdout_text(), last.stderr_text());
///
/// let mut lines = container.logs().follow().lines().await?;
/// while let Some(line) = lines.next().await {
///     println!("{}", line?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a view of a log does nothing until it is read"]
pub struct Logs {
    target: Target,
    request: LogRequest,
}

/// The two streams of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogOutput {
    /// Standard output. With a terminal, the whole output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

stream_texts!(LogOutput);

/// The lines of a log as a [`Stream`], to be used with `futures_util::StreamExt` or `tokio_stream::StreamExt`.
pub type LogLines = Pin<Box<dyn Stream<Item = Result<LogLine>> + Send>>;

impl Logs {
    pub(crate) fn new(target: Target) -> Self {
        let request = LogRequest {
            stdout: true,
            stderr: true,
            follow: false,
            timestamps: false,
            tail: None,
            since: None,
        };
        Self { target, request }
    }

    /// Selects standard output only. Default: both streams.
    pub fn only_stdout(mut self) -> Self {
        self.request.stderr = false;
        self
    }

    /// Selects standard error only. Default: both streams.
    pub fn only_stderr(mut self) -> Self {
        self.request.stdout = false;
        self
    }

    /// Selects the last lines, counted over both streams. Default: all.
    pub fn tail(mut self, lines: usize) -> Self {
        self.request.tail = Some(lines);
        self
    }

    /// Selects the output printed at or after this time. Default: all.
    pub fn since(mut self, time: SystemTime) -> Self {
        self.request.since = Some(crate::words::engine_seconds(time));
        self
    }

    /// Continues with new output until the container ends. Default: ends with the existing output.
    pub fn follow(mut self) -> Self {
        self.request.follow = true;
        self
    }

    /// Reads both streams separately to their ends, into memory.
    ///
    /// # Errors
    /// Not found, if the container is gone; those of the engine, for example for a log driver that can't be read.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn read(self) -> Result<LogOutput> {
        let mut output = LogOutput::default();
        self.each(|stream, bytes| match stream {
            LogStream::Stdout => output.stdout.extend_from_slice(bytes),
            LogStream::Stderr => output.stderr.extend_from_slice(bytes),
        })
        .await?;
        Ok(output)
    }

    /// Reads both streams to their ends as one, in the order in which the engine received the output.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn read_interleaved(self) -> Result<Vec<u8>> {
        let mut output = Vec::new();
        self.each(|_, bytes| output.extend_from_slice(bytes)).await?;
        Ok(output)
    }

    async fn each(self, mut sink: impl FnMut(LogStream, &[u8])) -> Result<()> {
        let Target { tty, .. } = &self.target;
        let mut bodies = self.target.logs(&self.request).await?;
        let mut decoder = FrameDecoder::new(if *tty { Mode::Raw } else { Mode::Multiplexed });
        while let Some(piece) = bodies.next().await {
            decoder.decode(&piece?, &mut sink)?;
        }
        decoder.finish()
    }

    /// Streams the log line by line. Each line has its stream and the time at which the engine received it.
    ///
    /// # Errors
    /// Those of [`read`](Self::read). Later errors are items of the stream.
    ///
    /// # Cancel safety
    /// Dropping the future or the stream leaves nothing behind.
    pub async fn lines(mut self) -> Result<LogLines> {
        self.request.timestamps = true;
        let Target { tty, .. } = &self.target;
        let bodies = self.target.logs(&self.request).await?;
        let decoder = FrameDecoder::new(if *tty { Mode::Raw } else { Mode::Multiplexed });
        let state = Some((bodies, decoder, LineSplitter::with_timestamps()));
        let batches = stream::unfold(state, |state| async move {
            let (mut bodies, mut decoder, mut splitter) = state?;
            let mut lines = Vec::new();
            match bodies.next().await {
                Some(Ok(piece)) => {
                    match decoder.decode(&piece, |stream, bytes| {
                        splitter.feed(stream, bytes, |line| lines.push(Ok(line)))
                    }) {
                        Ok(()) => Some((lines, Some((bodies, decoder, splitter)))),
                        Err(error) => Some((vec![Err(error)], None)),
                    }
                }
                Some(Err(error)) => Some((vec![Err(error)], None)),
                None => {
                    splitter.finish(|line| lines.push(Ok(line)));
                    lines.extend(decoder.finish().err().map(Err));
                    Some((lines, None))
                }
            }
        });
        Ok(Box::pin(batches.flat_map(stream::iter)))
    }
}

/// A function that is called with every line.
#[derive(Clone)]
pub(crate) struct Consumer(Arc<dyn Fn(LogLine) + Send + Sync>);

impl Consumer {
    pub(crate) fn new(consumer: impl Fn(LogLine) + Send + Sync + 'static) -> Self {
        Self(Arc::new(consumer))
    }

    pub(crate) fn call(&self, line: LogLine) {
        (self.0)(line);
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Consumer")
    }
}
