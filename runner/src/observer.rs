//! Who is told how a run goes on.

use seatrial::pool::PoolStatus;

use crate::attempt::Attempt;
use crate::done::Done;
use crate::name::Name;
use crate::tally::Tally;
use crate::verdict::Verdict;

/// A case that has its verdict.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CaseReport<'a> {
    /// Its name.
    pub name: Name<'a>,
    /// What is said of it.
    pub verdict: Verdict,
    /// Why it is on a list, if it is on one that says so.
    pub reason: Option<&'a str>,
    /// The attempts at it, in their order; of many that passed, the first thousand.
    pub attempts: &'a [Attempt],
    /// What the last attempt that failed printed to its standard output.
    pub stdout: Vec<u8>,
    /// What it printed to its standard error.
    pub stderr: Vec<u8>,
}

impl CaseReport<'_> {
    /// The last attempt that says something of the case, else the last one.
    #[must_use]
    pub fn last(&self) -> Option<&Attempt> {
        let failed = self.attempts.iter().rfind(|attempt| attempt.output.is_some());
        failed.or_else(|| self.attempts.last())
    }
}

/// Is told how a run goes on, on the task that runs it: what takes long here holds the run up.
///
/// `()` is one that does not care.
pub trait Observer {
    /// So many containers are being started.
    fn starting(&mut self, _containers: usize) {}

    /// They are ready.
    fn started(&mut self, _pool: &PoolStatus) {}

    /// A case has its verdict; every case gets one.
    fn case(&mut self, _case: &CaseReport<'_>, _tally: &Tally) {}

    /// A case is tried again after this attempt.
    fn again(&mut self, _name: Name<'_>, _attempt: &Attempt) {}

    /// A few times a second.
    fn tick(&mut self, _pool: &PoolStatus) {}

    /// The run is over.
    fn done(&mut self, _done: &Done) {}
}

impl Observer for () {}
