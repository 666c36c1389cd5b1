//! Calls a user function with every line that a container prints, on a dedicated thread.

use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt;
use futures_util::future::{Either, join_all, select};
use tokio::sync::{mpsc, oneshot, watch};

use super::logs::{Consumer, Logs};
use crate::base::{Backoff, Run, background};
use crate::engine::Target;
use crate::words::{LogLine, LogStream, Result};

/// The capacity of the channel to the thread, in batches. If it is full, reading the engine's log pauses.
const QUEUE: usize = 4;
/// The maximum number of lines in a batch. Lines that arrive together are sent together, since each batch wakes the
/// thread up.
const BATCH: usize = 256;
/// The maximum distance in the log of two lines with the same time, since the engine stamps each stream separately.
const DISORDER: Duration = Duration::from_secs(1);
/// The time without a line after which a function counts as stuck when the container is to be removed.
const STUCK: Duration = Duration::from_secs(4);
/// The time limit for a function to hear the remaining lines before the container is removed. It is less than the
/// time that removals have at the end of the process.
const LIMIT: Duration = Duration::from_secs(8);

/// The listening functions of one container. Dropping this ends the reading; lines that were read are still delivered.
#[derive(Debug, Default)]
pub(crate) struct Listeners(Mutex<Vec<Listener>>);

impl Listeners {
    /// Calls each of the functions with every line of the container from now on, and with those already printed.
    pub(crate) fn start(&self, target: &Target, consumers: &[Consumer]) {
        let listeners = consumers.iter().map(|consumer| Listener::start(target.clone(), consumer.clone()));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(listeners);
    }

    /// Returns `true` if no function listens.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Waits until each function was called with every line that the container has printed, and ends the reading. If a
    /// function takes too long, the wait ends without it, with a warning.
    ///
    /// The container should have ended, since its log is read to its end.
    ///
    /// # Cancel safety
    /// If the future is dropped, the reading ends early.
    pub(crate) async fn finish(&self) {
        let listeners = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        join_all(listeners.into_iter().map(Listener::finish)).await;
    }

    /// Lets the functions listen until the container's end, without an owner.
    pub(crate) fn detach(&self) {
        let listeners = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for listener in listeners {
            listener.reader.detach();
        }
    }
}

/// One listening function.
struct Listener {
    /// The container's name, for warnings.
    container: String,
    /// Set to `true` to end the reading after the existing log.
    ending: watch::Sender<bool>,
    /// The number of lines that the function was called with.
    heard: Arc<AtomicU64>,
    /// Closed at the end of the function's thread.
    done: oneshot::Receiver<()>,
    reader: Run<()>,
}

impl Listener {
    fn start(target: Target, consumer: Consumer) -> Self {
        let (sender, mut receiver) = mpsc::channel::<Vec<LogLine>>(QUEUE);
        let (ending, is_ending) = watch::channel(false);
        let (alive, done) = oneshot::channel::<()>();
        let heard = Arc::<AtomicU64>::default();
        let (container, count) = (target.name.clone(), heard.clone());
        let spawned = std::thread::Builder::new().name("seatrial-log".into()).spawn(move || {
            let _alive = alive;
            // The thread ends when the reader drops its sender.
            while let Some(lines) = receiver.blocking_recv() {
                for line in lines {
                    consumer.call(line);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(
                "the thread for a log consumer of container `{container}` could not be started: {error}"
            );
        }
        let reader = Reader { target, sender, is_ending, read_to: ReadTo::default() };
        Self { container, ending, heard, done, reader: background().run(reader.run()) }
    }

    /// Waits until the function was called with every line of the existing log.
    async fn finish(mut self) {
        self.ending.send_replace(true);
        let began = Instant::now();
        loop {
            let before = self.heard.load(Ordering::Relaxed);
            if crate::base::timeout(STUCK, &mut self.done).await.is_ok() {
                return;
            }
            let heard = self.heard.load(Ordering::Relaxed);
            if heard == before || began.elapsed() >= LIMIT {
                return tracing::warn!(
                    "a log consumer of container `{}` is too slow: its last lines may be lost, since the container \
                     is removed; it was called with {heard} lines",
                    self.container
                );
            }
        }
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
    sender: mpsc::Sender<Vec<LogLine>>,
    is_ending: watch::Receiver<bool>,
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
            // Known before the reading, so that nothing printed until then is missed.
            let is_last = *self.is_ending.borrow();
            match self.read(!is_last).await {
                // The function's thread has ended.
                Ok(()) if self.sender.is_closed() || is_last => return,
                Ok(()) => {}
                Err(error) if error.is_not_found() => return,
                Err(error) if error.status().is_some() => {
                    return tracing::warn!("a log consumer has stopped: {error}");
                }
                Err(error) => tracing::debug!("{error}"),
            }
            let pause = backoff.next();
            if is_last {
                crate::base::sleep(pause).await;
                continue;
            }
            let mut is_ending = self.is_ending.clone();
            let ending = async {
                // Without an owner, the reading ends with the container.
                if is_ending.wait_for(|is_ending| *is_ending).await.is_err() {
                    pending::<()>().await;
                }
            };
            match select(pin!(self.runs_again(pause)), pin!(ending)).await {
                Either::Left((false, _)) => return,
                Either::Left((true, _)) | Either::Right(_) => {}
            }
        }
    }

    /// Waits until the container runs, and for a pause. Returns `false` if the container is gone.
    async fn runs_again(&self, pause: Duration) -> bool {
        match self.target.runs_again().await {
            Ok(true) => {}
            Ok(false) => return false,
            Err(error) => tracing::debug!("{error}"),
        }
        crate::base::sleep(pause).await;
        true
    }

    /// Delivers the lines that were not delivered yet: up to the end of this run, or those of the existing log.
    async fn read(&mut self, follow: bool) -> Result<()> {
        let mut logs = Logs::new(self.target.clone());
        if follow {
            logs = logs.follow();
        }
        if let Some(last) = self.read_to.stdout.max(self.read_to.stderr) {
            logs = logs.since(last - DISORDER);
        }
        let mut batches = logs.lines().await?.ready_chunks(BATCH);
        while let Some(batch) = batches.next().await {
            let (mut lines, mut failure) = (Vec::with_capacity(batch.len()), None);
            for line in batch {
                match line {
                    Ok(line) if self.read_to.is_new(&line) => lines.push(line),
                    Ok(_) => {}
                    Err(error) => failure = Some(error),
                }
            }
            if !lines.is_empty() && self.sender.send(lines).await.is_err() {
                return Ok(());
            }
            if let Some(error) = failure {
                return Err(error);
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
