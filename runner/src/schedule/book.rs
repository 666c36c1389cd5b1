//! The order of attempts: a state machine over a plan that is fed with the outcome of each attempt. Pure: it knows no
//! clock and no container.

use std::collections::{BTreeMap, VecDeque};

use crate::rules::{Place, Rules};
use crate::plan::Plan;
use crate::verdict::{Outcome, Verdict};

/// One attempt that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Job {
    /// The index of the case in the list.
    pub case: u32,
    /// The cases beside which it runs.
    pub place: Place,
    /// Set if an earlier attempt at the case failed: this one needs a container in which no case has run.
    pub is_retry: bool,
}

/// Cases in their order, round by round.
#[derive(Debug)]
struct Rounds {
    order: Vec<u32>,
    next: usize,
    rounds: u32,
    left: u32,
}

/// The state of a case between its first attempt and its verdict.
#[derive(Debug, Default)]
struct Progress {
    outcomes: Vec<Outcome>,
    /// The number of attempts that are under way or waiting.
    open: u32,
    infrastructure: u32,
    retries: u32,
}

/// The state of a run.
#[derive(Debug)]
pub(super) struct Book {
    rules: Rules,
    shared: Rounds,
    alone: Rounds,
    /// Attempts that failed with their container, and are made again.
    again: VecDeque<Job>,
    /// Failed cases that are to be retried.
    failures: VecDeque<u32>,
    /// The number of cases that failed at their first attempt.
    failed_at_first: u32,
    /// Verdicts on cases whose retries were called off.
    settled: Vec<(u32, Verdict)>,
    in_progress: BTreeMap<u32, Progress>,
    running_shared: usize,
    running_alone: usize,
    stopped: bool,
}

impl Book {
    /// Creates the state of a run that has not begun.
    #[must_use]
    pub(super) fn new(plan: &Plan, rules: Rules) -> Self {
        Self {
            rules,
            shared: Rounds::new(plan.shared(), rules.repeat),
            alone: Rounds::new(plan.alone(), rules.repeat),
            again: VecDeque::new(),
            failures: VecDeque::new(),
            failed_at_first: 0,
            settled: Vec::new(),
            in_progress: BTreeMap::new(),
            running_shared: 0,
            running_alone: 0,
            stopped: false,
        }
    }

    /// Begins the next attempt beside those under way, in a pool of `width` containers. Returns `None` if an attempt has
    /// to end first, or if nothing is left.
    pub(super) fn next(&mut self, width: usize) -> Option<Job> {
        if self.stopped || self.running_alone > 0 || self.running_shared >= width {
            return None;
        }
        let failure_first = self.rules.fail_fast && !self.failures.is_empty();
        let job = if failure_first { None } else { self.next_shared() };
        let job = match job {
            Some(job) => job,
            None if self.running_shared > 0 => return None,
            None => self.next_alone()?,
        };
        match job.place {
            Place::Shared => self.running_shared += 1,
            Place::Alone => self.running_alone += 1,
        }
        Some(job)
    }

    /// Returns `true` if no attempt is under way, and none will be made.
    #[must_use]
    pub(super) fn is_over(&self) -> bool {
        let idle = self.running_shared == 0 && self.running_alone == 0;
        let done = self.shared.is_over() && self.alone.is_over() && self.again.is_empty();
        idle && (self.stopped || (done && self.failures.is_empty()))
    }

    /// Returns `true` if all further attempts are made alone, so that one container is enough.
    #[must_use]
    pub(super) fn is_shared_part_over(&self) -> bool {
        let again = self.again.iter().any(|job| job.place == Place::Shared);
        self.running_shared == 0 && self.shared.is_over() && !again
    }

    /// Returns `true` if more cases failed than may be retried.
    #[must_use]
    pub(super) fn has_called_off_retries(&self) -> bool {
        self.rules.max_retries.is_some_and(|most| self.failed_at_first > most)
    }

    /// Records the outcome of an attempt; returns the verdict on its case if this was the last attempt.
    ///
    /// # Panics
    /// If no such attempt is under way.
    pub(super) fn ended(&mut self, job: Job, outcome: Outcome, plan: &Plan) -> Option<Verdict> {
        match job.place {
            Place::Shared => self.running_shared -= 1,
            Place::Alone => self.running_alone -= 1,
        }
        let is_failure = outcome == Outcome::Fail && !plan.mark(job.case).is_expected_to_fail;
        if is_failure && self.rules.fail_fast && self.rules.repeat > 1 {
            self.stopped = true;
        }
        let progress = self.in_progress.get_mut(&job.case).expect("it was begun");
        progress.open -= 1;
        progress.outcomes.push(outcome);
        if outcome == Outcome::Infrastructure {
            self.make_again(job);
        } else if is_failure {
            self.retry(job.case, plan);
        }
        if self.in_progress[&job.case].open > 0 {
            return None;
        }
        let verdict = self.settle(job.case, plan);
        if self.rules.fail_fast && verdict.is_failure() {
            self.stopped = true;
        }
        Some(verdict)
    }

    /// Takes the verdicts on cases whose retries were called off.
    pub(super) fn take_settled(&mut self) -> Vec<(u32, Verdict)> {
        std::mem::take(&mut self.settled)
    }

    /// Begins no further attempt.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Takes the verdict on a case that was begun, and that gets no further attempt since the run is over.
    pub(super) fn left(&mut self, plan: &Plan) -> Option<(u32, Verdict)> {
        let case = *self.in_progress.first_key_value()?.0;
        Some((case, self.settle(case, plan)))
    }

    /// Iterates over the cases that were never begun.
    pub(super) fn never_begun(&self) -> impl Iterator<Item = u32> {
        self.shared.never_begun().chain(self.alone.never_begun())
    }

    /// Has an attempt made again that failed with its container, unless there were enough.
    fn make_again(&mut self, job: Job) {
        let Some(progress) = self.in_progress.get_mut(&job.case).filter(|_| !self.stopped) else { return };
        progress.infrastructure += 1;
        if progress.infrastructure < self.rules.infrastructure_attempts {
            progress.open += 1;
            self.again.push_back(job);
        }
    }

    /// Has a failed case retried, unless it was retried often enough, or too many cases have failed.
    fn retry(&mut self, case: u32, plan: &Plan) {
        let Rules { retries, flaky_retries, repeat, .. } = self.rules;
        let most = if plan.mark(case).is_flaky { flaky_retries.max(retries) } else { retries };
        let Some(progress) = self.in_progress.get_mut(&case) else { return };
        if repeat > 1 || self.stopped || progress.retries >= most {
            return;
        }
        if progress.retries == 0 {
            self.failed_at_first += 1;
        }
        progress.retries += 1;
        progress.open += 1;
        self.failures.push_back(case);
        if self.has_called_off_retries() {
            self.call_off_retries(case, plan);
        }
    }

    /// Settles all failed cases without a retry; the verdict on `current` is left to its own attempt.
    fn call_off_retries(&mut self, current: u32, plan: &Plan) {
        for case in std::mem::take(&mut self.failures) {
            let Some(progress) = self.in_progress.get_mut(&case) else { continue };
            progress.open -= 1;
            if progress.open == 0 && case != current {
                let verdict = self.settle(case, plan);
                self.settled.push((case, verdict));
            }
        }
    }

    fn settle(&mut self, case: u32, plan: &Plan) -> Verdict {
        let progress = self.in_progress.remove(&case).unwrap_or_default();
        Verdict::of(&progress.outcomes, plan.mark(case))
    }

    fn next_shared(&mut self) -> Option<Job> {
        if let Some(at) = self.again.iter().position(|job| job.place == Place::Shared) {
            return self.again.remove(at);
        }
        let case = self.shared.next()?;
        Some(self.begin(case, Place::Shared))
    }

    fn next_alone(&mut self) -> Option<Job> {
        if let Some(job) = self.again.pop_front() {
            return Some(job);
        }
        if let Some(case) = self.failures.pop_front() {
            return Some(Job { case, place: Place::Alone, is_retry: true });
        }
        let case = self.alone.next()?;
        Some(self.begin(case, Place::Alone))
    }

    fn begin(&mut self, case: u32, place: Place) -> Job {
        let open = self.rules.repeat;
        self.in_progress.entry(case).or_insert_with(|| Progress { open, ..Progress::default() });
        Job { case, place, is_retry: false }
    }
}

impl Rounds {
    fn new(order: &[u32], rounds: u32) -> Self {
        let rounds = if order.is_empty() { 0 } else { rounds };
        Self { order: order.to_vec(), next: 0, rounds, left: rounds }
    }

    fn next(&mut self) -> Option<u32> {
        if self.left == 0 {
            return None;
        }
        let case = self.order[self.next];
        self.next += 1;
        if self.next == self.order.len() {
            self.next = 0;
            self.left -= 1;
        }
        Some(case)
    }

    fn is_over(&self) -> bool {
        self.left == 0
    }

    /// Iterates over the cases that the first round has not reached.
    fn never_begun(&self) -> impl Iterator<Item = u32> {
        let begun = if self.left == self.rounds { self.next } else { self.order.len() };
        self.order.iter().skip(begun).copied()
    }
}
