//! Calls a user function with every line that a container prints, on a dedicated thread.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::logs::{Consumer, Logs};
use crate::base::{Backoff, Run, background};
use crate::engine::Target;
use crate::words::{LogLine, LogStream, Result};

/// The capacity of the channel to the thread, in lines. If it is full, reading the engine's log pauses.
const QUEUE: usize = 1024;
/// The maximum distance in the log of two lines with the same time, since the engine stamps each stream separately.
const DISORDER: Duration = Duration::from_secs(1);

/// A listening function. Dropping this ends the reading; lines that were read are still delivered.
pub(crate) struct Listener {
    _reader: Run<()>,
}

impl Listener {
    pub(crate) fn start(target: Target, consumer: Consumer) -> Self {
        let (sender, mut receiver) = mpsc::channel(QUEUE);
        let name = target.name.clone();
        let spawned = std::thread::Builder::new().name("seatrial-log".into()).spawn(move || {
            // The thread ends when the reader drops its sender.
            while let Some(line) = receiver.blocking_recv() {
                consumer.call(line);
            }
        });
        if let Err(error) = spawned {
            tracing::warn!("nobody listens to container `{name}`: no thread for it: {error}");
        }
        let reader = Reader { target, sender, read_to: ReadTo::default() };
        Self { _reader: background().run(reader.run()) }
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener")
    }
}

/// The reading task, over all runs of the container, and over broken connections.
struct Reader {
    target: Target,
    sender: mpsc::Sender<LogLine>,
    read_to: ReadTo,
}

/// The position up to which each stream was read.
#[derive(Default)]
struct ReadTo {
    stdout: Option<SystemTime>,
    stderr: Option<SystemTime>,
}

impl Reader {
    async fn run(mut self) {
        let mut backoff = Backoff::for_engine();
        loop {
            match self.follow().await {
                // The function's thread has ended.
                Ok(()) if self.sender.is_closed() => return,
                Ok(()) => {}
                Err(error) if error.is_not_found() => return,
                Err(error) if error.status().is_some() => {
                    return tracing::warn!("nobody listens: {error}");
                }
                Err(error) => tracing::debug!("{error}"),
            }
            match self.target.runs_again().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::debug!("{error}"),
            }
            tokio::time::sleep(backoff.next()).await;
        }
    }

    /// Delivers the lines that were not delivered yet, up to the end of this run.
    async fn follow(&mut self) -> Result<()> {
        let mut logs = Logs::new(self.target.clone()).follow();
        if let Some(last) = self.read_to.stdout.max(self.read_to.stderr) {
            logs = logs.since(last - DISORDER);
        }
        let mut lines = logs.lines().await?;
        while let Some(line) = lines.next().await {
            let line = line?;
            if self.read_to.is_new(&line) && self.sender.send(line).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl ReadTo {
    /// Returns `true` for a line that follows all lines read of its stream, and records it as read.
    fn is_new(&mut self, line: &LogLine) -> bool {
        let read_to = match line.stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        // `None`, the time of a line without a time stamp, is less than any time.
        let is_new = line.time.is_none() || line.time > *read_to;
        *read_to = line.time.max(*read_to);
        is_new
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_line_is_new_once_by_its_stream() {
        let line = |stream, millis: Option<u64>| LogLine {
            stream,
            time: millis.map(|millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis)),
            bytes: Bytes::new(),
            truncated: false,
        };
        let (out, err) = (LogStream::Stdout, LogStream::Stderr);
        let mut read_to = ReadTo::default();
        let seen =
            [(out, Some(5)), (err, Some(4)), (out, Some(5)), (err, Some(4)), (err, Some(5)), (out, None)]
                .map(|(stream, millis)| read_to.is_new(&line(stream, millis)));
        assert_eq!(seen, [true, true, false, false, true, true]);
    }
}
