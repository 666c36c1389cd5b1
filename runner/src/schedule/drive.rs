//! The loop of a run, from its pool to its end: it makes attempts side by side, in the order of the book.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::{Either, FusedFuture, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use seatrial::ContainerPool;
use seatrial::pool::Recycle;

use super::book::{Book, Job};
use super::crew::{Crew, Used};
use crate::attempt::{Attempt, End, Output};
use crate::awake;
use crate::done::{Done, Stopped};
use crate::error::{Error, Result, chain};
use crate::observer::{CaseReport, Observer};
use crate::replace::Replacement;
use crate::run::Run;
use crate::spool::Spool;
use crate::verdict::{Outcome, Verdict};

/// The time between two updates of the display.
const TICK: Duration = Duration::from_millis(200);
/// The number of attempts in a row after which the run gives up, if all failed for reasons that are not their case's.
const FAILURES_IN_A_ROW: usize = 12;
/// The most intervals of each container that a timeline shows.
const HISTORY: usize = 2_000;
/// The most attempts at one case that are kept: of many repeats, those that passed are only counted.
const KEPT_ATTEMPTS: usize = 1_000;

impl Run {
    /// Runs the cases, and returns the result.
    ///
    /// `stop` ends the run early when it is ready: commands that are under way are ended, and the results so far are
    /// reported. All containers are removed before this returns.
    ///
    /// # Errors
    /// Invalid, if options of the run contradict each other; the engine's, if no container could be started.
    ///
    /// # Cancel safety
    /// Dropping the future ends all commands and removes the containers, in the background.
    pub async fn go(self, observer: &mut dyn Observer, stop: impl Future<Output = ()>) -> Result<Done> {
        self.check()?;
        let width = self.width()?;
        let mut course = Course::new(&self, observer)?;
        if self.plan.is_empty() {
            return Ok(course.finish());
        }
        let end = async {
            match select(std::pin::pin!(stop), std::pin::pin!(self.deadline())).await {
                Either::Left(_) => Stopped::Interrupted,
                Either::Right(_) => Stopped::TimeUp,
            }
        };
        let mut end = std::pin::pin!(end.fuse());
        course.observer.starting(width);
        let pool = match select(std::pin::pin!(self.pool_of(width)), &mut end).await {
            Either::Left((pool, _)) => pool?,
            Either::Right((stopped, _)) => {
                course.done.stopped = Some(stopped);
                return Ok(course.finish());
            }
        };
        course.done.startup = course.began.elapsed();
        course.observer.started(&pool.status());
        course.run(&Crew::new(&self, &pool, &Used::default()), width, end).await;
        let mut done = course.finish();
        if let Some(path) = &self.timeline
            && let Err(error) = write_timeline(&pool, path)
        {
            done.lost_reports.push(chain(&error));
        }
        if let Err(error) = pool.close().await {
            done.warnings.push(chain(&error));
        }
        Ok(done)
    }

    /// Waits until the time of the run is up; for ever, if it has no limit.
    async fn deadline(&self) {
        match self.run_timeout {
            Some(timeout) => awake::sleep(timeout).await,
            None => std::future::pending().await,
        }
    }

    pub(crate) async fn pool_of(&self, width: usize) -> Result<ContainerPool> {
        let recycle = match &self.reset {
            Some(cmd) => Recycle::reset(cmd),
            None if self.fresh => Recycle::recreate(),
            None => Recycle::nothing(),
        };
        let history = if self.timeline.is_some() { HISTORY } else { 1 };
        let pool = ContainerPool::builder(self.request.clone()).size(width).recycle(recycle).history(history);
        // Cases wait for containers as long as other cases take.
        let pool = pool.without_slow_wait_reports();
        Ok(pool.build().await?)
    }
}

/// Writes the pool's timeline to a file, which is replaced when the page is complete.
///
/// # Errors
/// Report, if the page can't be written.
fn write_timeline(pool: &ContainerPool, path: &Path) -> Result<()> {
    let written = Replacement::create(path).and_then(|mut file| {
        file.write_all(pool.timeline().to_html().as_bytes())?;
        file.commit()
    });
    written.map_err(|error| {
        Error::report(format!("the timeline can't be written to `{}`", path.display())).with_source(error)
    })
}

/// A run that is under way.
struct Course<'a> {
    run: &'a Run,
    observer: &'a mut dyn Observer,
    book: Book,
    spool: Spool,
    /// The attempts at cases that have no verdict yet.
    attempts: BTreeMap<u32, Vec<Attempt>>,
    began: Instant,
    failures_in_a_row: usize,
    done: Done,
}

impl<'a> Course<'a> {
    fn new(run: &'a Run, observer: &'a mut dyn Observer) -> Result<Self> {
        Ok(Self {
            run,
            observer,
            book: Book::new(&run.plan, run.rules),
            spool: Spool::new()?,
            attempts: BTreeMap::new(),
            began: Instant::now(),
            failures_in_a_row: 0,
            done: Done::new(run.rules.repeat > 1),
        })
    }

    /// Makes attempts until all cases have their verdict, or the run is stopped.
    async fn run(
        &mut self,
        crew: &Crew<'_>,
        width: usize,
        mut end: impl FusedFuture<Output = Stopped> + Unpin,
    ) {
        let mut under_way: Vec<(Job, Instant)> = Vec::new();
        let mut making = FuturesUnordered::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            while let Some(job) = self.book.next(width) {
                under_way.push((job, Instant::now()));
                making.push(async move { (job, crew.make(job).await) });
            }
            self.note_utilization(crew.pool);
            if self.book.is_over() {
                break;
            }
            tokio::select! {
                Some((job, attempt)) = making.next() => {
                    if let Some(at) = under_way.iter().position(|(other, _)| *other == job) {
                        under_way.swap_remove(at);
                    }
                    self.made(job, attempt);
                }
                stopped = &mut end => {
                    self.done.stopped = Some(stopped);
                    break;
                }
                _ = tick.tick() => self.observer.tick(&crew.pool.status()),
            }
        }
        // Dropping an attempt ends its command.
        drop(making);
        self.book.stop();
        for (job, since) in under_way {
            self.ended(job, Attempt::new(job.place, "", End::Cancelled).after(since.elapsed()));
        }
    }

    /// Records the pool's utilization once no cases run beside each other any more.
    fn note_utilization(&mut self, pool: &ContainerPool) {
        if self.book.is_shared_part_over() && self.done.utilization.is_none() {
            self.done.utilization = Some(pool.utilization());
            self.done.shared_part = self.began.elapsed().saturating_sub(self.done.startup);
        }
    }

    /// Takes an attempt that was made to its end.
    fn made(&mut self, job: Job, mut attempt: Attempt) {
        if let Some(reason) = &attempt.by_exec {
            self.done.warn(format!("cases went by the engine's exec, which is slower: {reason}"));
        }
        match attempt.outcome() {
            Outcome::Infrastructure => self.failures_in_a_row += 1,
            _ => self.failures_in_a_row = 0,
        }
        match &attempt.end {
            End::NoContainer(reason) => {
                self.give_up(format!("no container is left to run cases in: {reason}"))
            }
            End::Infrastructure(reason) if self.failures_in_a_row >= FAILURES_IN_A_ROW => {
                let times = self.failures_in_a_row;
                self.give_up(format!(
                    "{times} attempts in a row failed for reasons that are not their case's; the last: {reason}"
                ));
            }
            _ => {}
        }
        attempt.output = self.kept(&attempt);
        self.ended(job, attempt);
    }

    /// Puts the output of a failure on the disk; all other output is forgotten.
    fn kept(&mut self, attempt: &Attempt) -> Output {
        if attempt.outcome() != Outcome::Fail {
            return Output::None;
        }
        let (stdout, stderr) = attempt.output.held();
        match self.spool.put(stdout, stderr) {
            Ok(span) => Output::Spooled(span),
            Err(error) => {
                self.done.warn(format!("the output of failures can't be kept: {error}"));
                Output::None
            }
        }
    }

    /// Records an attempt, and reports its case if that was the last one.
    fn ended(&mut self, job: Job, attempt: Attempt) {
        let outcome = attempt.outcome();
        let attempts = self.attempts.entry(job.case).or_default();
        if attempts.len() < KEPT_ATTEMPTS || outcome != Outcome::Pass {
            attempts.push(attempt);
        }
        match self.book.ended(job, outcome, &self.run.plan) {
            Some(verdict) => self.report(job.case, verdict),
            None if self.run.rules.repeat > 1 => {}
            None => {
                if let Some(attempt) = self.attempts.get(&job.case).and_then(|attempts| attempts.last()) {
                    self.observer.again(self.run.plan.name(job.case), attempt);
                }
            }
        }
        for (case, verdict) in self.book.take_settled() {
            self.report(case, verdict);
        }
    }

    fn give_up(&mut self, reason: String) {
        self.book.stop();
        self.done.stopped.get_or_insert(Stopped::GaveUp(reason));
    }

    fn report(&mut self, case: u32, verdict: Verdict) {
        let attempts = self.attempts.remove(&case).unwrap_or_default();
        let (stdout, stderr) = self.output_of_failure(&attempts);
        let has_run = |attempt: &&Attempt| matches!(attempt.end, End::Ran { .. } | End::Skipped { .. });
        let took = attempts.iter().filter(has_run).map(|attempt| attempt.elapsed).max();
        if let Some(last) = attempts.iter().rfind(has_run) {
            self.done.durations.push((case, last.elapsed));
        }
        let name = self.run.plan.name(case);
        let skipped = attempts.iter().rev().find_map(|attempt| match &attempt.end {
            End::Skipped { reason, .. } if verdict == Verdict::Skipped => reason.as_deref(),
            _ => None,
        });
        let reason = skipped.or_else(|| self.run.plan.reason(case));
        let report = CaseReport { name, verdict, reason, attempts: &attempts, stdout, stderr };
        self.done.tally.add(name, verdict, took);
        self.observer.case(&report, &self.done.tally);
    }

    /// Reads back the output of the last failure.
    fn output_of_failure(&mut self, attempts: &[Attempt]) -> (Vec<u8>, Vec<u8>) {
        let span = attempts.iter().rev().find_map(|attempt| match attempt.output {
            Output::Spooled(span) => Some(span),
            _ => None,
        });
        let Some(span) = span else { return Default::default() };
        self.spool.get(span).unwrap_or_else(|error| {
            self.done.warn(format!("the output of failures can't be read back: {error}"));
            Default::default()
        })
    }

    /// Reports the cases that have no verdict yet.
    fn finish(mut self) -> Done {
        self.book.stop();
        if self.book.has_called_off_retries() {
            let most = self.run.rules.max_retries.unwrap_or_default();
            self.done.warn(format!("more than {most} cases failed, so none was retried (`--max-retries`)"));
        }
        while let Some((case, verdict)) = self.book.left(&self.run.plan) {
            self.report(case, verdict);
        }
        for case in self.book.never_begun().collect::<Vec<_>>() {
            self.report(case, Verdict::NotRun);
        }
        for case in self.run.plan.excluded() {
            self.report(*case, Verdict::Excluded);
        }
        self.done.elapsed = self.began.elapsed();
        self.done
    }
}
