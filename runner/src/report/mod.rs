//! What is told of a run: to people as it goes on and at its end, and to programs in files.

mod console;
mod github;
mod json;
mod junit;
mod output;
mod progress;
mod summary;
mod time;

pub use console::{Console, Look};
pub use json::JsonLines;
pub use junit::Junit;
pub use summary::summary;

use seatrial::pool::PoolStatus;

use crate::attempt::Attempt;
use crate::done::Done;
use crate::name::Name;
use crate::observer::{CaseReport, Observer};
use crate::tally::Tally;

/// Several observers as one.
#[derive(Default)]
pub struct Reports(Vec<Box<dyn Observer>>);

impl Reports {
    /// Adds one.
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
}

impl std::fmt::Debug for Reports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} reports", self.0.len())
    }
}
