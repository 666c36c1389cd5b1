//! The life of one prepared task, the same for all drivers: run once, cancelled, closed, dropped, in any order and from
//! any task.
//!
//! A driver's own part is a [`Job`]. It is on the background thread from its start to its end, so that no drop leaves
//! anything; only the output is written on the task that awaits the result.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, join};
use tokio::sync::{oneshot, watch};

use super::contract::{Completion, Prepared};
use super::outlet::{Deliveries, Outlet};
use super::task::named;
use super::{Ending, RunResult, Status, Stop, Task};
use crate::base::background;
use crate::words::{Error, Kind, Result};

/// A driver's own part in one task, on the background thread. Dropping it leaves nothing.
pub(super) trait Job: Send + 'static {
    /// Starts the task.
    fn start(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// Follows the task to its end, and kills it when it is to stop.
    fn follow(&mut self, outlet: Outlet, stops: Stops) -> impl Future<Output = Result<Ending>> + Send;

    /// Removes everything that is left, after the end or in place of a start.
    fn end(self) -> impl Future<Output = Result<()>> + Send;
}

/// The signals that a task is to be killed.
pub(super) struct Stops {
    cancelled: watch::Receiver<bool>,
    deadline: Option<Instant>,
}

impl Stops {
    /// Waits until the task is cancelled or exceeds its time limit, whichever is first. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Stop {
        let Self { cancelled, deadline } = self;
        // A sender that is dropped cancels too.
        let cancelled = async { drop(cancelled.wait_for(|cancelled| *cancelled).await) };
        match deadline {
            None => cancelled.await,
            Some(deadline) => match crate::base::timeout_at((*deadline).into(), cancelled).await {
                Ok(()) => {}
                Err(_) => return Stop::Timeout,
            },
        }
        Stop::Cancelled
    }
}

/// A prepared task.
pub(super) struct Life<J: Job> {
    subject: String,
    timeout: Duration,
    /// `None` once it was run or closed.
    ready: Mutex<Option<Ready<J>>>,
    /// Written by cancellations, read by the job.
    cancelled: Arc<watch::Sender<bool>>,
    /// Written once, when nothing is left; awaited by calls of `close`.
    over: watch::Sender<Option<Result<()>>>,
}

struct Ready<J> {
    job: J,
    outlet: Outlet,
    deliveries: Deliveries,
}

impl<J: Job> Life<J> {
    pub(super) fn begin(mut task: Task, job: J) -> Arc<dyn Prepared> {
        let (outlet, deliveries) = Outlet::of(&mut task);
        Arc::new(Self {
            subject: task.subject(),
            timeout: task.timeout,
            ready: Mutex::new(Some(Ready { job, outlet, deliveries })),
            cancelled: Arc::default(),
            over: watch::Sender::new(None),
        })
    }

    fn take(&self) -> Option<Ready<J>> {
        self.ready.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
    }

    async fn run_once(&self) -> Result<Completion> {
        let Some(Ready { job, outlet, deliveries }) = self.take() else {
            return Err(Error::new(Kind::Conflict, "it was run or closed already; prepare it once more"));
        };
        let guard = CancelOnDrop(Some(self.cancelled.clone()));
        let (started, has_started) = oneshot::channel();
        let (ended, has_ended) = oneshot::channel();
        let (timeout, over, cancelled) = (self.timeout, self.over.clone(), self.cancelled.subscribe());
        let work = async move {
            let mut job = job;
            run(&mut job, outlet, timeout, cancelled, started, ended).await;
            over.send_replace(Some(job.end().await));
        };
        background().carry_through(work).detach();
        has_started.await.unwrap_or_else(|_| Err(lost()))?;
        let subject = self.subject.clone();
        Ok(Box::pin(async move {
            let outcome = async { has_ended.await.unwrap_or_else(|_| Err(lost())) };
            let (outcome, (stdout_error, stderr_error)) = join(outcome, deliveries.run()).await;
            guard.disarm();
            let result = outcome.map_err(|error| named(error, subject))?;
            Ok(RunResult { stdout_error, stderr_error, ..result })
        }))
    }
}

/// Runs a task from its start to its end; reports both.
async fn run<J: Job>(
    job: &mut J,
    outlet: Outlet,
    timeout: Duration,
    cancelled: watch::Receiver<bool>,
    started: oneshot::Sender<Result<()>>,
    ended: oneshot::Sender<Result<RunResult>>,
) {
    if *cancelled.borrow() {
        started.send(Ok(())).ok();
        ended.send(Ok(RunResult::new(Status::Cancelled, None, Duration::ZERO))).ok();
        return;
    }
    let began = Instant::now();
    if let Err(error) = job.start().await {
        started.send(Err(error)).ok();
        return;
    }
    started.send(Ok(())).ok();
    let deadline = Instant::now().checked_add(timeout).filter(|_| !timeout.is_zero());
    let ending = job.follow(outlet, Stops { cancelled, deadline }).await;
    let result =
        ending.map(|ending| RunResult::new(Status::of(ending), Some(ending.exit_code), began.elapsed()));
    ended.send(result).ok();
}

/// Returns the error of a sender that was dropped, which only a panic on the background thread does, a bug of ours.
fn lost() -> Error {
    Error::new(Kind::Exec, "the background work of the task has panicked")
}

impl<J: Job> Prepared for Life<J> {
    fn run(&self) -> BoxFuture<'_, Result<Completion>> {
        Box::pin(async { self.run_once().await.map_err(|error| named(error, self.subject.clone())) })
    }

    fn cancel(&self) {
        self.cancelled.send_replace(true);
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async {
            self.cancel();
            if let Some(ready) = self.take() {
                let over = self.over.clone();
                let end = async move {
                    over.send_replace(Some(ready.job.end().await));
                };
                background().carry_through(end).detach();
            }
            let mut over = self.over.subscribe();
            let outcome = over.wait_for(Option::is_some).await;
            match outcome.as_deref() {
                Ok(Some(Err(error))) => Err(named(error.clone(), self.subject.clone())),
                Ok(_) | Err(_) => Ok(()),
            }
        })
    }
}

impl<J: Job> fmt::Debug for Life<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.subject)
    }
}

/// Cancels a task when it is dropped, unless it was disarmed.
struct CancelOnDrop(Option<Arc<watch::Sender<bool>>>);

impl CancelOnDrop {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(cancelled) = self.0.take() {
            cancelled.send_replace(true);
        }
    }
}
