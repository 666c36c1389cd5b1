//! Output on its way from the background thread, which reads it, to the user's writers, which are written to on the
//! task that waits. A writer that does not take it holds the reading back, for a time.

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

/// How many pieces of each stream wait for their writer.
const PIECES: usize = 32;

/// The side that reads.
pub(super) struct Outlet {
    stdout: Option<Lane>,
    stderr: Option<Lane>,
}

/// The side that writes.
pub(super) struct Deliveries {
    stdout: Option<Delivery>,
    stderr: Option<Delivery>,
}

struct Lane {
    pieces: mpsc::Sender<Bytes>,
    patience: Duration,
    gave_up: Arc<AtomicBool>,
}

struct Delivery {
    writer: Writer,
    pieces: mpsc::Receiver<Bytes>,
    patience: Duration,
    /// Written by the side that reads before it closes the channel, read here after.
    gave_up: Arc<AtomicBool>,
}

impl Outlet {
    /// Takes the writers of a task.
    pub(super) fn of(task: &mut Task) -> (Self, Deliveries) {
        let patience = task.patience;
        let lane = |writer: Option<Writer>| writer.map(|writer| lane(writer, patience)).unzip();
        let (stdout, to_stdout) = lane(task.stdout.take());
        let (stderr, to_stderr) = lane(task.stderr.take());
        (Self { stdout, stderr }, Deliveries { stdout: to_stdout, stderr: to_stderr })
    }

    /// Passes a piece on, or throws it away if nobody wants it any more.
    pub(super) async fn push(&mut self, stream: LogStream, bytes: Bytes) {
        let lane = match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        let Some(Lane { pieces, patience, gave_up }) = lane else { return };
        match tokio::time::timeout(*patience, pieces.send(bytes)).await {
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
    /// Writes all that comes, until there is no more; why a writer did not get all of it, of each stream.
    pub(super) async fn run(self) -> (Option<io::Error>, Option<io::Error>) {
        join(deliver(self.stdout), deliver(self.stderr)).await
    }
}

fn lane(writer: Writer, patience: Duration) -> (Lane, Delivery) {
    let (sender, pieces) = mpsc::channel(PIECES);
    let gave_up = Arc::<AtomicBool>::default();
    (
        Lane { pieces: sender, patience, gave_up: gave_up.clone() },
        Delivery { writer, pieces, patience, gave_up },
    )
}

async fn deliver(delivery: Option<Delivery>) -> Option<io::Error> {
    // With an error the channel is closed, and the reading goes on without it.
    delivery?.run().await.err()
}

impl Delivery {
    async fn run(mut self) -> io::Result<()> {
        while let Some(piece) = self.pieces.recv().await {
            in_time(self.patience, self.writer.write_all(&piece)).await?;
        }
        in_time(self.patience, self.writer.flush()).await?;
        if self.gave_up.load(Ordering::Acquire) { Err(gave_up(self.patience)) } else { Ok(()) }
    }
}

async fn in_time(patience: Duration, write: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    within(patience, write).await.unwrap_or_else(|| Err(gave_up(patience)))
}

fn gave_up(patience: Duration) -> io::Error {
    let limit = crate::words::seconds(patience);
    io::Error::new(io::ErrorKind::TimedOut, format!("a piece of output was not taken within {limit}"))
}
