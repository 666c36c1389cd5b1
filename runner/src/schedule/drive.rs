//! A run from its pool to its end: attempts side by side, as the book says.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::{Either, FusedFuture, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use seatrial::ContainerPool;
use seatrial::pool::Recycle;

use super::book::{Book, Job};
use super::crew::{Crew, Made};
use crate::attempt::{Attempt, End};
use crate::done::{Done, Stopped};
use crate::error::{Result, chain};
use crate::observer::{CaseReport, Observer};
use crate::run::Run;
use crate::spool::Spool;
use crate::verdict::{Outcome, Verdict};

/// How often what is shown is drawn anew.
const TICK: Duration = Duration::from_millis(200);
/// How many attempts in a row may fail for reasons that are not their case's before the run gives up.
const FAILURES_IN_A_ROW: usize = 12;
/// How many intervals of each container a timeline shows.
const HISTORY: usize = 2_000;
/// The most memory that what is shown of one case's passes takes, in attempts: those of many repeats are counted only.
const KEPT_ATTEMPTS: usize = 1_000;

impl Run {
    /// Runs the cases and says what came of them.
    ///
    /// `stop` ends the run early when it is ready: what is under way is ended, and what there is reported. All
    /// containers are removed before this returns.
    ///
    /// # Errors
    /// Invalid, if what was asked for contradicts itself; the engine's, if no container could be started.
    ///
    /// # Cancel safety
    /// Dropping the future ends what is under way and removes the containers, in the background.
    pub async fn go(self, observer: &mut dyn Observer, stop: impl Future<Output = ()>) -> Result<Done> {
        self.check()?;
        let width = self.width()?;
        let mut course = Course::new(&self, observer)?;
        if self.plan.is_empty() {
            return Ok(course.finish());
        }
        let deadline = async {
            match self.run_timeout {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        let end = async {
            match select(std::pin::pin!(stop), std::pin::pin!(deadline)).await {
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
        course.run(&Crew::new(&self, &pool), width, end).await;
        let mut done = course.finish();
        if let Some(path) = &self.timeline
            && let Err(error) = pool.timeline().write_html(path).await
        {
            done.warnings.push(chain(&error));
        }
        if let Err(error) = pool.close().await {
            done.warnings.push(chain(&error));
        }
        Ok(done)
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

    /// Makes attempts until all is done, or the end comes.
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
                making.push(crew.make(job));
            }
            if self.book.is_shared_part_over() && self.done.utilization.is_none() {
                self.done.utilization = Some(crew.pool.utilization());
                self.done.shared_part = self.began.elapsed().saturating_sub(self.done.startup);
            }
            if self.book.is_over() {
                break;
            }
            tokio::select! {
                Some(made) = making.next() => {
                    if let Some(at) = under_way.iter().position(|(job, _)| *job == made.job) {
                        under_way.swap_remove(at);
                    }
                    self.made(made);
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
            let attempt = Attempt::cancelled(job.place, since.elapsed());
            self.ended(job, attempt);
        }
    }

    fn made(&mut self, made: Made) {
        let Made { job, mut attempt, stdout, stderr, no_agent, no_container } = made;
        if let Some(why) = no_agent {
            self.done.warn(format!("cases went by the engine's exec, which is slower, since {why}"));
        }
        match attempt.outcome() {
            Outcome::Infrastructure => self.failures_in_a_row += 1,
            _ => self.failures_in_a_row = 0,
        }
        if let Some(error) = no_container {
            self.give_up(format!("no container is left to run cases in: {}", chain(&error)));
        } else if let End::Infrastructure(why) = &attempt.end
            && self.failures_in_a_row >= FAILURES_IN_A_ROW
        {
            let times = self.failures_in_a_row;
            self.give_up(format!(
                "{times} attempts in a row failed for reasons that are not their case's; the last: {why}"
            ));
        }
        if attempt.outcome() == Outcome::Fail {
            match self.spool.put(&stdout, &stderr) {
                Ok(span) => attempt.output = Some(span),
                Err(error) => self.done.warn(format!("output of failures can't be kept: {error}")),
            }
        }
        self.ended(job, attempt);
    }

    /// Takes note of an attempt, and reports its case if that was the last one.
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
    }

    fn give_up(&mut self, why: String) {
        self.book.stop();
        self.done.stopped.get_or_insert(Stopped::GaveUp(why));
    }

    fn report(&mut self, case: u32, verdict: Verdict) {
        let attempts = self.attempts.remove(&case).unwrap_or_default();
        let plan = &self.run.plan;
        let (stdout, stderr) = match attempts.iter().rev().find_map(|attempt| attempt.output) {
            Some(span) => self.spool.get(span).unwrap_or_else(|error| {
                self.done.warn(format!("output of failures can't be read back: {error}"));
                Default::default()
            }),
            None => Default::default(),
        };
        let ran = attempts.iter().filter(|attempt| matches!(attempt.end, End::Ran { .. }));
        let took = ran.map(|attempt| attempt.elapsed).max();
        if let Some(last) = attempts.iter().rfind(|attempt| matches!(attempt.end, End::Ran { .. })) {
            self.done.durations.push((case, last.elapsed));
        }
        let name = plan.name(case);
        let report =
            CaseReport { name, verdict, reason: plan.reason(case), attempts: &attempts, stdout, stderr };
        self.done.tally.add(name, verdict, took);
        self.observer.case(&report, &self.done.tally);
    }

    /// Reports what has no verdict yet.
    fn finish(mut self) -> Done {
        self.book.stop();
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
