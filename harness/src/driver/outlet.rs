//! Output on its way from the background thread, which reads it, to the user's writers, which are written to on the
//! task that awaits the result. A writer that does not take it holds the reading back, for a limited time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::task::{Task, Writer};
use crate::base::within;
use crate::words::LogStream;

/// The number of pieces of each stream that wait for their writer.
const PIECES: usize = 32;

/// The sending side.
pub(super) struct Outlet {
    stdout: Option<Lane>,
    stderr: Option<Lane>,
}

/// The writing side.
pub(super) struct Deliveries {
    stdout: Option<Delivery>,
    stderr: Option<Delivery>,
}

struct Lane {
    pieces: mpsc::Sender<Bytes>,
    timeout: Duration,
    gave_up: Arc<AtomicBool>,
}

struct Delivery {
    writer: Writer,
    pieces: mpsc::Receiver<Bytes>,
    timeout: Duration,
    /// Written by the sending side before it closes the channel, read here after that.
    gave_up: Arc<AtomicBool>,
}

impl Outlet {
    /// Takes the writers of a task.
    pub(super) fn of(task: &mut Task) -> (Self, Deliveries) {
        let timeout = task.writer_timeout;
        let lane = |writer: Option<Writer>| writer.map(|writer| lane(writer, timeout)).unzip();
        let (stdout, to_stdout) = lane(task.stdout.take());
        let (stderr, to_stderr) = lane(task.stderr.take());
        (Self { stdout, stderr }, Deliveries { stdout: to_stdout, stderr: to_stderr })
    }

    /// Passes a piece on, or drops it if its writer was given up.
    pub(super) async fn push(&mut self, stream: LogStream, bytes: Bytes) {
        let lane = match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        let Some(Lane { pieces, timeout, gave_up }) = lane else { return };
        match crate::base::timeout(*timeout, pieces.send(bytes)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => *lane = None,
            Err(_) => {
                gave_up.store(true, Ordering::Release);
                *lane = None;
            }
        }
    }
}

impl Deliveries {
    /// Writes until the sending side is gone. Returns the error of each stream's writer that did not take all of it.
    pub(super) async fn run(self) -> (Option<io::Error>, Option<io::Error>) {
        join(deliver(self.stdout), deliver(self.stderr)).await
    }
}

fn lane(writer: Writer, timeout: Duration) -> (Lane, Delivery) {
    let (sender, pieces) = mpsc::channel(PIECES);
    let gave_up = Arc::<AtomicBool>::default();
    (
        Lane { pieces: sender, timeout, gave_up: gave_up.clone() },
        Delivery { writer, pieces, timeout, gave_up },
    )
}

async fn deliver(delivery: Option<Delivery>) -> Option<io::Error> {
    // An error closes the channel, and the reading goes on without the writer.
    delivery?.run().await.err()
}

impl Delivery {
    async fn run(mut self) -> io::Result<()> {
        while let Some(piece) = self.pieces.recv().await {
            in_time(self.timeout, self.writer.write_all(&piece)).await?;
        }
        in_time(self.timeout, self.writer.flush()).await?;
        if self.gave_up.load(Ordering::Acquire) { Err(gave_up(self.timeout)) } else { Ok(()) }
    }
}

async fn in_time(timeout: Duration, write: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    within(timeout, write).await.unwrap_or_else(|| Err(gave_up(timeout)))
}

fn gave_up(timeout: Duration) -> io::Error {
    let limit = crate::words::seconds(timeout);
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("the writer did not take a piece of output within {limit}"),
    )
}
