//! Calls a user's function with every line that a container prints, on a thread of its own.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::logs::{Consumer, Logs};
use crate::base::{Backoff, Run, background};
use crate::engine::{Signal, Target};
use crate::words::{LogLine, LogStream, Result};

/// Lines on their way to a function; the reader of the engine's log waits when there are more.
const QUEUE: usize = 1024;
/// How far apart two lines may be in the log that are of one time: the engine stamps each stream by itself.
const DISORDER: Duration = Duration::from_secs(1);

/// A function that listens; dropping this ends the reading, and what was read is still delivered.
pub(crate) struct Listener {
    _reader: Run<()>,
}

impl Listener {
    pub(crate) fn start(target: Target, consumer: Consumer) -> Self {
        let (sender, mut receiver) = mpsc::channel(QUEUE);
        let name = target.name.clone();
        let spawned = std::thread::Builder::new().name("seatrial-log".into()).spawn(move || {
            // The thread ends with the reader's sender.
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

/// The reading itself: over all of the container's runs, and over connections that break.
struct Reader {
    target: Target,
    sender: mpsc::Sender<LogLine>,
    read_to: ReadTo,
}

/// How far each stream was read.
#[derive(Default)]
struct ReadTo {
    stdout: Option<SystemTime>,
    stderr: Option<SystemTime>,
}

impl Reader {
    async fn run(mut self) {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        loop {
            match self.follow().await {
                // The function's thread is gone.
                Ok(()) if self.sender.is_closed() => return,
                Ok(()) => {}
                Err(error) if error.is_not_found() => return,
                Err(error) if error.status().is_some() => {
                    return tracing::warn!("nobody listens: {error}");
                }
                Err(error) => tracing::debug!("{error}"),
            }
            match runs_again(&self.target).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::debug!("{error}"),
            }
            tokio::time::sleep(backoff.next()).await;
        }
    }

    /// Delivers what was not delivered yet, up to the end of this run.
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
    /// Whether a line comes after all that were read of its stream, of which it is one from now on.
    fn is_new(&mut self, line: &LogLine) -> bool {
        let read_to = match line.stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        // None, which a line without a time has too, is less than any time.
        let is_new = line.time.is_none() || line.time > *read_to;
        *read_to = line.time.max(*read_to);
        is_new
    }
}

/// Waits until a container whose output ended runs, if it does not; false if it is gone.
async fn runs_again(target: &Target) -> Result<bool> {
    // The events first and the state after: nothing that happens in between is missed.
    let mut signals = target.listen();
    loop {
        match signals.next().await {
            Signal::Look | Signal::Event(_) => {}
            // Its log tells too, if it is read again.
            Signal::Silence(_) => return Ok(true),
        }
        match target.inspect().await {
            Ok(info) if info.state.is_running() || info.state.is_restarting() => return Ok(true),
            Ok(_) => {}
            Err(error) if error.is_not_found() => return Ok(false),
            Err(error) => return Err(error),
        }
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
