//! The progress of each branch of a wait, kept for the report of a failed wait.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::near_miss::{NearMiss, NearMisses};
use super::{Strategy, WaitFor};
use crate::output::{LogOutcome, Watcher};
use crate::words::{BranchOutcome, BranchReport, seconds};

/// The time after which a report mentions a try under way.
const SLOW: Duration = Duration::from_secs(1);

/// A strategy that is being waited for, with the branches below it.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(super) strategy: Strategy,
    pub(super) children: Vec<Branch>,
    /// The receiver of a log wait's outcome, taken by the waiting future.
    pub(super) log: Mutex<Option<oneshot::Receiver<LogOutcome>>>,
    /// The number of matches that the log wait has seen.
    pub(super) seen: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    /// The output that nearly met the log wait.
    near: NearMiss,
    /// Written by the branch's future, and read by the report.
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    began: Option<Instant>,
    ended: Option<(Instant, BranchOutcome)>,
    /// The last observation.
    last: String,
    /// The beginning of the try under way.
    attempt: Option<Instant>,
    /// The advice that fits the last observation, if more time would not help.
    advice: Option<String>,
}

impl Progress {
    /// Describes the last observation and, if it takes long, the try under way at `now`.
    fn last_seen(&self, now: Instant) -> String {
        let under_way = self.attempt.map(|began| now.saturating_duration_since(began));
        match under_way.filter(|time| *time >= SLOW) {
            None => self.last.clone(),
            Some(time) if self.last.is_empty() => format!("first try: no result yet after {}", seconds(time)),
            Some(time) => format!("{}; next try: no result yet after {}", self.last, seconds(time)),
        }
    }
}

impl Branch {
    /// Creates the branches of a wait. Each log wait among them adds a watcher to `watchers`.
    pub(crate) fn of(wait: &WaitFor, watchers: &mut Vec<Watcher>) -> Self {
        let strategy = wait.0.clone();
        let children = match &strategy {
            Strategy::All(branches) | Strategy::Any(branches) => {
                branches.iter().map(|branch| Self::of(branch, watchers)).collect()
            }
            _ => Vec::new(),
        };
        let seen = std::sync::Arc::default();
        let log = match &strategy {
            Strategy::Log(log) => {
                let (watcher, outcome) = log.watcher(std::sync::Arc::clone(&seen));
                watchers.push(watcher);
                Some(outcome)
            }
            _ => None,
        };
        Self {
            strategy,
            children,
            log: Mutex::new(log),
            seen,
            near: NearMiss::default(),
            progress: Mutex::default(),
        }
    }

    pub(super) fn begin(&self) {
        self.lock().began = Some(Instant::now());
    }

    /// Notes the beginning of a try.
    pub(super) fn begin_attempt(&self) {
        self.lock().attempt = Some(Instant::now());
    }

    /// Notes an observation, which ends the try under way and replaces the advice.
    pub(super) fn saw(&self, what: impl Into<String>) {
        let mut progress = self.lock();
        (progress.last, progress.attempt, progress.advice) = (what.into(), None, None);
    }

    /// Adds advice to the last observation, for a cause that more time does not cure.
    pub(super) fn advise(&self, advice: impl Into<String>) {
        self.lock().advice = Some(advice.into());
    }

    /// Returns the search for output that nearly meets the log waits that are not met.
    pub(crate) fn near_misses(&self) -> NearMisses {
        let mut misses = NearMisses::default();
        self.add_near_misses(&mut misses);
        misses
    }

    fn add_near_misses(&self, misses: &mut NearMisses) {
        match &self.strategy {
            Strategy::Log(log) if !self.is_met() => misses.add(log, &self.near),
            _ => self.children.iter().for_each(|child| child.add_near_misses(misses)),
        }
    }

    fn is_met(&self) -> bool {
        matches!(self.lock().ended, Some((_, BranchOutcome::Met)))
    }

    /// Returns the advice of the first branch that has one and is not met.
    pub(crate) fn advice(&self) -> Option<String> {
        if self.is_met() {
            return None;
        }
        let near = self.near.get().map(|near| format!("correct the log wait: {near}"));
        let own = near.or_else(|| self.lock().advice.clone());
        own.or_else(|| self.children.iter().find_map(Self::advice))
    }

    pub(super) fn end(&self, outcome: BranchOutcome) {
        self.lock().ended = Some((Instant::now(), outcome));
    }

    /// Returns the reports of this branch and those below it, each branch before its children. A branch that is not over
    /// counts as waiting until `now`.
    pub(crate) fn report(&self, now: Instant) -> Vec<BranchReport> {
        let mut rows = Vec::new();
        self.report_into(0, now, &mut rows);
        rows
    }

    fn report_into(&self, depth: usize, now: Instant, rows: &mut Vec<BranchReport>) {
        let progress = self.lock();
        let (end, outcome) = match &progress.ended {
            Some((at, outcome)) => (*at, outcome.clone()),
            None => (now, BranchOutcome::NotMet),
        };
        let last_seen = match &self.strategy {
            Strategy::Log(log) => {
                let count = log.count_in_words(self.seen.load(std::sync::atomic::Ordering::Relaxed));
                self.near.get().map_or(count.clone(), |near| format!("{count}; {near}"))
            }
            _ => progress.last_seen(end),
        };
        rows.push(BranchReport {
            depth,
            waited_for: self.strategy.to_string(),
            outcome,
            elapsed: progress.began.map_or(Duration::ZERO, |began| end - began),
            last_seen,
        });
        drop(progress);
        for child in &self.children {
            child.report_into(depth + 1, now, rows);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
