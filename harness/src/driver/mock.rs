//! A driver without an engine, with scripted outcomes: for tests of code that uses drivers.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either, select};

use super::contract::{Driver, Prepared};
use super::life::{Job, Life, Stops};
use super::outlet::Outlet;
use super::{Ending, StatsSink, Task};
use crate::monitor::Stats;
use crate::words::{Error, KILLED, Kind, LogStream, Result};

/// Gives each task a scripted outcome; by default, success at once.
///
/// Tasks are counted as they are prepared, from 1. The last rule that matches a task applies. Time-outs, cancellation,
/// closing, output and samples work as with any driver.
///
/// ```
/// use seatrial::driver::{Driver, MockDriver, MockOutcome, Status, Task};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> seatrial::Result<()> {
/// let driver = MockDriver::new().every(3, MockOutcome::exit(1)).nth(6, MockOutcome::lost_engine());
/// let mut statuses = Vec::new();
/// for id in 1..=6 {
///     let prepared = driver.prepare(Task::new(id.to_string(), "any")).await?;
///     statuses.push(prepared.run().await?.await.map(|result| result.status).ok());
/// }
/// let (success, error) = (Some(Status::Success), Some(Status::Error));
/// assert_eq!(statuses, [success, success, error, success, success, None]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct MockDriver {
    rules: Vec<(Which, MockOutcome)>,
    /// The names of the tasks that were prepared; clones of the driver share the list.
    seen: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Debug)]
enum Which {
    Every(usize),
    Nth(usize),
    Named(String),
}

/// The scripted outcome of a task.
#[derive(Clone, Debug)]
#[must_use = "an outcome is for a driver"]
pub struct MockOutcome {
    exit_code: i64,
    out_of_memory: bool,
    delay: Duration,
    stdout: Bytes,
    stderr: Bytes,
    stats: Vec<Stats>,
    lost: Option<Lost>,
}

/// The point at which the engine is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    Preparing,
    Starting,
    Running,
}

impl MockDriver {
    /// Creates a driver with which all tasks succeed at once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Scripts the outcome of every n-th task; 0 stands for none.
    #[must_use]
    pub fn every(self, n: usize, outcome: MockOutcome) -> Self {
        self.rule(Which::Every(n), outcome)
    }

    /// Scripts the outcome of the n-th task, counted from 1.
    #[must_use]
    pub fn nth(self, n: usize, outcome: MockOutcome) -> Self {
        self.rule(Which::Nth(n), outcome)
    }

    /// Scripts the outcome of tasks of this name.
    #[must_use]
    pub fn named(self, id: impl Into<String>, outcome: MockOutcome) -> Self {
        self.rule(Which::Named(id.into()), outcome)
    }

    /// Returns the names of the tasks that were prepared, in order, including those whose preparation failed.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        self.lock().clone()
    }

    fn rule(mut self, which: Which, outcome: MockOutcome) -> Self {
        self.rules.push((which, outcome));
        self
    }

    /// Counts a task, and returns its outcome.
    fn outcome(&self, id: &str) -> MockOutcome {
        let mut seen = self.lock();
        seen.push(id.to_owned());
        let fits = |which: &Which| match which {
            Which::Every(n) => seen.len().checked_rem(*n) == Some(0),
            Which::Nth(n) => seen.len() == *n,
            Which::Named(name) => name == id,
        };
        let rule = self.rules.iter().rev().find(|(which, _)| fits(which));
        rule.map_or_else(MockOutcome::success, |(_, outcome)| outcome.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        // A push leaves the list whole.
        self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl MockOutcome {
    /// The task ends at once, with exit code 0.
    pub const fn success() -> Self {
        Self::exit(0)
    }

    /// The task ends at once, with this exit code.
    pub const fn exit(code: i64) -> Self {
        Self {
            exit_code: code,
            out_of_memory: false,
            delay: Duration::ZERO,
            stdout: Bytes::new(),
            stderr: Bytes::new(),
            stats: Vec::new(),
            lost: None,
        }
    }

    /// Another process kills the task.
    pub const fn killed() -> Self {
        Self::exit(KILLED)
    }

    /// The task exceeds its memory limit.
    pub fn out_of_memory() -> Self {
        Self { out_of_memory: true, ..Self::killed() }
    }

    /// The task can't be prepared: the engine does not answer.
    pub fn fails_to_prepare() -> Self {
        Self { lost: Some(Lost::Preparing), ..Self::success() }
    }

    /// The task can't be started: the engine does not answer.
    pub fn fails_to_start() -> Self {
        Self { lost: Some(Lost::Starting), ..Self::success() }
    }

    /// The engine is lost while the task runs.
    pub fn lost_engine() -> Self {
        Self { lost: Some(Lost::Running), ..Self::success() }
    }

    /// Sets the time that the task runs before its outcome. Default: none.
    pub const fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets the standard output, printed at once. Default: none.
    pub fn stdout(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stdout = bytes.into();
        self
    }

    /// Sets the standard error, printed at once. Default: none.
    pub fn stderr(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stderr = bytes.into();
        self
    }

    /// Sets the samples of the task's resources, sent at once. Default: none.
    pub fn stats(mut self, samples: impl IntoIterator<Item = Stats>) -> Self {
        self.stats = samples.into_iter().collect();
        self
    }

    fn unless_lost(&self, when: Lost) -> Result<()> {
        if self.lost == Some(when) {
            return Err(Error::new(Kind::Unreachable, "the engine does not answer, as was scripted"));
        }
        Ok(())
    }
}

impl Driver for MockDriver {
    fn prepare(&self, mut task: Task) -> BoxFuture<'_, Result<Arc<dyn Prepared>>> {
        Box::pin(async move {
            let outcome = self.outcome(&task.id);
            outcome.unless_lost(Lost::Preparing).map_err(|error| task.named(error))?;
            let sink = task.stats.take();
            Ok(Life::begin(task, Mocked { outcome, sink }))
        })
    }
}

/// A task with a scripted outcome.
struct Mocked {
    outcome: MockOutcome,
    sink: Option<StatsSink>,
}

impl Job for Mocked {
    async fn start(&mut self) -> Result<()> {
        self.outcome.unless_lost(Lost::Starting)
    }

    async fn follow(&mut self, mut outlet: Outlet, mut stops: Stops) -> Result<Ending> {
        let MockOutcome { exit_code, out_of_memory, delay, stdout, stderr, stats, .. } = self.outcome.clone();
        if let Some(sink) = self.sink.take() {
            // Sending fails without a receiver.
            stats.into_iter().for_each(|sample| drop(sink.send(sample)));
        }
        for (stream, bytes) in [(LogStream::Stdout, stdout), (LogStream::Stderr, stderr)] {
            if !bytes.is_empty() {
                outlet.push(stream, bytes).await;
            }
        }
        // An end comes before a stop at the same time.
        match select(pin!(crate::base::sleep(delay)), pin!(stops.next())).await {
            Either::Left(_) => {
                self.outcome.unless_lost(Lost::Running)?;
                Ok(Ending { exit_code, out_of_memory, stop: None })
            }
            Either::Right((stop, _)) => {
                Ok(Ending { exit_code: KILLED, out_of_memory: false, stop: Some(stop) })
            }
        }
    }

    async fn end(self) -> Result<()> {
        Ok(())
    }
}
