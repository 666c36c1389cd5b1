//! A stream of a container's snapshots, for an existing container or from its start on.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use tokio::sync::watch;

use super::Snapshot;
use super::follow::follow;
use super::snapshot::Board;
use crate::base::{background, default_name};
use crate::container::{ContainerRequest, StartProgress, Subject, TestContainer};
use crate::pulling::PullProgress;
use crate::words::Result;

/// A stream of a container's snapshots, from now on until its last state.
///
/// It is a [`Stream`]; [`next`](Self::next) needs no trait. A slow reader gets the latest snapshot and may miss earlier
/// ones; it delays neither the container nor its removal. The stream ends when the container is gone, or after a
/// snapshot of an end that neither the engine's restart policy nor [`restart_when`](ContainerRequest::restart_when)
/// follows with a restart. It survives interruptions of the connection to the engine. Dropping it ends the monitoring.
#[must_use = "a monitor does nothing unless it is read"]
pub struct Monitor(BoxStream<'static, Snapshot>);

impl Monitor {
    /// Returns the next snapshot, or `None` after the last one.
    ///
    /// # Cancel safety
    /// Dropping the future loses no snapshot.
    pub async fn next(&mut self) -> Option<Snapshot> {
        self.0.next().await
    }

    fn new(boards: watch::Receiver<Board>) -> Self {
        let snapshots = stream::unfold((boards, None), |(mut boards, last)| async move {
            loop {
                boards.changed().await.ok()?;
                let snapshot = boards.borrow_and_update().snapshot();
                if last.as_ref() != Some(&snapshot) {
                    return Some((snapshot.clone(), (boards, Some(snapshot))));
                }
            }
        });
        Self(snapshots.boxed())
    }
}

impl Stream for Monitor {
    type Item = Snapshot;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Snapshot>> {
        self.0.poll_next_unpin(cx)
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Monitor")
    }
}

impl TestContainer {
    /// Monitors the container from now on: state, health, exit code, restarts, CPU, memory, network, disks.
    ///
    /// All monitors share one connection for the engine's events, and each has one for its samples.
    /// [`watch`](Self::watch) is cheaper if only the state is needed.
    ///
    /// ```no_run
    /// # async fn example(container: seatrial::TestContainer) {
    /// let mut monitor = container.monitor();
    /// while let Some(snapshot) = monitor.next().await {
    ///     println!("{snapshot}"); // db-3f2a: running (healthy), CPU 12.5 %, memory 3.1 MiB, 2 processes
    /// }
    /// # }
    /// ```
    pub fn monitor(&self) -> Monitor {
        let mut board = Board::new(self.name().to_owned(), self.image().to_owned());
        board.id = Some(self.id().clone());
        let (sender, receiver) = watch::channel(board);
        begin(self.subject(), sender);
        Monitor::new(receiver)
    }
}

impl ContainerRequest {
    /// Starts a container like [`start`](Self::start), and monitors it from the pull of the image on.
    ///
    /// Nothing happens before the future is awaited. The monitor ends like [`TestContainer::monitor`]; if the start
    /// fails, its last snapshot contains the error.
    ///
    /// ```no_run
    /// # async fn example() -> seatrial::Result<()> {
    /// let (starting, mut monitor) = seatrial::ContainerRequest::new("postgres:17").start_monitored();
    /// let shown = tokio::spawn(async move {
    ///     while let Some(snapshot) = monitor.next().await {
    ///         println!("{snapshot}"); // postgres-3f2a: pulling 42 %
    ///     }
    /// });
    /// let container = starting.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn start_monitored(&self) -> (impl Future<Output = Result<TestContainer>> + Send + 'static, Monitor) {
        let mut request = self.clone();
        let name = request.name.get_or_insert_with(default_name).clone();
        let (sender, receiver) = watch::channel(Board::new(name, request.image.clone()));
        let reporter = Reporter(sender);
        request.reporter = Some(Arc::new(reporter.clone()));
        let starting = async move {
            let outcome = request.start().await;
            if let Err(error) = &outcome {
                reporter.0.send_modify(|board| board.failure = Some(error.to_string()));
            }
            outcome
        };
        (starting, Monitor::new(receiver))
    }
}

/// The receiver of a start's progress, which writes it to a board.
#[derive(Clone)]
struct Reporter(watch::Sender<Board>);

impl StartProgress for Reporter {
    fn pulling(&self, progress: &PullProgress) {
        let percent = progress.percent();
        self.0.send_if_modified(|board| {
            let is_new = board.pulled != percent || board.pulled.is_none();
            board.pulled = percent;
            is_new
        });
    }

    /// Records that the container exists, and follows it from now on.
    fn created(&self, subject: Subject) {
        self.0.send_modify(|board| board.id = Some(subject.id.clone()));
        begin(subject, self.0.clone());
    }
}

/// Follows a container while a monitor reads the board.
fn begin(subject: Subject, boards: watch::Sender<Board>) {
    background().run(follow(subject, boards)).detach();
}
