//! Observers of a run: the console and each report are one.

use seatrial::pool::PoolStatus;

use crate::attempt::Attempt;
use crate::done::Done;
use crate::error::Error;
use crate::name::Name;
use crate::tally::Tally;
use crate::verdict::{Outcome, Verdict};

/// A case that has its verdict.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CaseReport<'a> {
    /// The name of the case.
    pub name: Name<'a>,
    /// The verdict on the case.
    pub verdict: Verdict,
    /// The reason: that of the list which the case is on, or the one that the case itself printed when it skipped itself.
    pub reason: Option<&'a str>,
    /// The attempts at the case, in their order; of many that passed, the first thousand.
    pub attempts: &'a [Attempt],
    /// The standard output of the last attempt that failed.
    pub stdout: Vec<u8>,
    /// The standard error of the last attempt that failed.
    pub stderr: Vec<u8>,
}

impl CaseReport<'_> {
    /// Returns the last attempt that failed; if none did, the last one.
    #[must_use]
    pub fn last(&self) -> Option<&Attempt> {
        let failed = self.attempts.iter().rfind(|attempt| attempt.outcome() == Outcome::Fail);
        failed.or_else(|| self.attempts.last())
    }
}

/// An observer of a run. Its methods are called on the task that runs the cases, so a slow one delays the run.
///
/// `()` is an observer that does nothing.
pub trait Observer {
    /// Is called when the start of the containers begins.
    fn starting(&mut self, _containers: usize) {}

    /// Is called when the containers are ready.
    fn started(&mut self, _pool: &PoolStatus) {}

    /// Is called with the verdict on a case; every case gets one.
    fn case(&mut self, _case: &CaseReport<'_>, _tally: &Tally) {}

    /// Is called when a case is going to be retried after this attempt.
    fn again(&mut self, _name: Name<'_>, _attempt: &Attempt) {}

    /// Is called a few times a second.
    fn tick(&mut self, _pool: &PoolStatus) {}

    /// Is called when the run is over.
    fn done(&mut self, _done: &Done) {}

    /// Completes the reports that the observer writes; is called last. Returns an error for each report that could not be
    /// written completely.
    fn close(&mut self) -> Vec<Error> {
        Vec::new()
    }
}

impl Observer for () {}
