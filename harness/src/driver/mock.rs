//! A driver without an engine, which does as it is told: for tests of what uses drivers.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either, select};

use super::contract::{Driver, Prepared};
use super::life::{Job, Life, Stops};
use super::outlet::Outlet;
use super::status::KILLED;
use super::{Ending, StatsSink, Task};
use crate::monitor::Stats;
use crate::words::{Error, Kind, LogStream, Result};

/// Gives each task the outcome that it was told to; by default, success at once.
///
/// Tasks are counted as they are prepared, from 1. Of several rules that fit, the newest counts. Time-outs, cancellation,
/// closing, output and samples work as with any driver.
///
/// ```
/// use seatrial::driver::{Driver, MockDriver, Outcome, Status, Task};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> seatrial::Result<()> {
/// let driver = MockDriver::new().every(3, Outcome::exit(1)).nth(6, Outcome::lost_engine());
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
    rules: Vec<(Which, Outcome)>,
    /// The tasks that were prepared; clones of the driver count on together.
    seen: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Debug)]
enum Which {
    Every(usize),
    Nth(usize),
    Named(String),
}

/// What becomes of a task.
#[derive(Clone, Debug)]
#[must_use = "an outcome is for a driver"]
pub struct Outcome {
    exit_code: i64,
    out_of_memory: bool,
    delay: Duration,
    stdout: Bytes,
    stderr: Bytes,
    stats: Vec<Stats>,
    lost: Option<Lost>,
}

/// When the engine is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    Preparing,
    Starting,
    Running,
}

impl MockDriver {
    /// All tasks succeed at once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every n-th task has this outcome; 0 is none.
    #[must_use]
    pub fn every(self, n: usize, outcome: Outcome) -> Self {
        self.rule(Which::Every(n), outcome)
    }

    /// The n-th task has this outcome, counted from 1.
    #[must_use]
    pub fn nth(self, n: usize, outcome: Outcome) -> Self {
        self.rule(Which::Nth(n), outcome)
    }

    /// Tasks of this name have this outcome.
    #[must_use]
    pub fn named(self, id: impl Into<String>, outcome: Outcome) -> Self {
        self.rule(Which::Named(id.into()), outcome)
    }

    /// The names of the tasks that were prepared, in that order, those too whose preparation failed.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        self.lock().clone()
    }

    fn rule(mut self, which: Which, outcome: Outcome) -> Self {
        self.rules.push((which, outcome));
        self
    }

    /// Counts a task, and says what becomes of it.
    fn outcome(&self, id: &str) -> Outcome {
        let mut seen = self.lock();
        seen.push(id.to_owned());
        let fits = |which: &Which| match which {
            Which::Every(n) => seen.len().checked_rem(*n) == Some(0),
            Which::Nth(n) => seen.len() == *n,
            Which::Named(name) => name == id,
        };
        let rule = self.rules.iter().rev().find(|(which, _)| fits(which));
        rule.map_or_else(Outcome::success, |(_, outcome)| outcome.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        // A push leaves the list whole.
        self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Outcome {
    /// It ends at once, with exit code 0.
    pub const fn success() -> Self {
        Self::exit(0)
    }

    /// It ends at once, with this exit code.
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

    /// Somebody else kills it.
    pub const fn killed() -> Self {
        Self::exit(KILLED)
    }

    /// Its memory is not enough.
    pub fn out_of_memory() -> Self {
        Self { out_of_memory: true, ..Self::killed() }
    }

    /// It can't be prepared: the engine does not answer.
    pub fn fails_to_prepare() -> Self {
        Self { lost: Some(Lost::Preparing), ..Self::success() }
    }

    /// It can't be started: the engine does not answer.
    pub fn fails_to_start() -> Self {
        Self { lost: Some(Lost::Starting), ..Self::success() }
    }

    /// The engine is lost while it runs.
    pub fn lost_engine() -> Self {
        Self { lost: Some(Lost::Running), ..Self::success() }
    }

    /// How long it runs before. Default: not at all.
    pub const fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// What it prints to standard output, at once. Default: nothing.
    pub fn stdout(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stdout = bytes.into();
        self
    }

    /// What it prints to standard error, at once. Default: nothing.
    pub fn stderr(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stderr = bytes.into();
        self
    }

    /// The samples of what it uses, all at once. Default: none.
    pub fn stats(mut self, samples: impl IntoIterator<Item = Stats>) -> Self {
        self.stats = samples.into_iter().collect();
        self
    }

    fn unless_lost(&self, when: Lost) -> Result<()> {
        if self.lost == Some(when) {
            return Err(Error::new(Kind::Unreachable, "the engine does not answer, as it was told to"));
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

/// A task that comes to what was told.
struct Mocked {
    outcome: Outcome,
    sink: Option<StatsSink>,
}

impl Job for Mocked {
    async fn start(&mut self) -> Result<()> {
        self.outcome.unless_lost(Lost::Starting)
    }

    async fn follow(&mut self, mut outlet: Outlet, mut stops: Stops) -> Result<Ending> {
        let Outcome { exit_code, out_of_memory, delay, stdout, stderr, stats, .. } = self.outcome.clone();
        if let Some(sink) = self.sink.take() {
            // Without a receiver they are for nobody.
            stats.into_iter().for_each(|sample| drop(sink.send(sample)));
        }
        for (stream, bytes) in [(LogStream::Stdout, stdout), (LogStream::Stderr, stderr)] {
            if !bytes.is_empty() {
                outlet.push(stream, bytes).await;
            }
        }
        // What has ended by then goes before what is late.
        match select(pin!(tokio::time::sleep(delay)), pin!(stops.next())).await {
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
