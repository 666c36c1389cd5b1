//! Several observers as one.

use seatrial::pool::PoolStatus;

use crate::attempt::Attempt;
use crate::done::Done;
use crate::error::Error;
use crate::name::Name;
use crate::observer::{CaseReport, Observer};
use crate::tally::Tally;

/// Several observers, called in the order in which they were added.
#[derive(Default)]
pub struct Reports(Vec<Box<dyn Observer>>);

impl Reports {
    /// Adds an observer.
    pub fn add(&mut self, observer: impl Observer + 'static) {
        self.0.push(Box::new(observer));
    }
}

impl Observer for Reports {
    fn starting(&mut self, containers: usize) {
        self.0.iter_mut().for_each(|one| one.starting(containers));
    }

    fn started(&mut self, pool: &PoolStatus) {
        self.0.iter_mut().for_each(|one| one.started(pool));
    }

    fn case(&mut self, case: &CaseReport<'_>, tally: &Tally) {
        self.0.iter_mut().for_each(|one| one.case(case, tally));
    }

    fn again(&mut self, name: Name<'_>, attempt: &Attempt) {
        self.0.iter_mut().for_each(|one| one.again(name, attempt));
    }

    fn tick(&mut self, pool: &PoolStatus) {
        self.0.iter_mut().for_each(|one| one.tick(pool));
    }

    fn done(&mut self, done: &Done) {
        self.0.iter_mut().for_each(|one| one.done(done));
    }

    fn close(&mut self) -> Vec<Error> {
        self.0.iter_mut().flat_map(|one| one.close()).collect()
    }
}

impl std::fmt::Debug for Reports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} reports", self.0.len())
    }
}
