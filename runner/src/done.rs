//! The result of a run.

use std::time::Duration;

use crate::tally::Tally;
use crate::verdict::Verdict;

/// The utilization below which a pool had more containers than the cases could use.
const LOW: f64 = 0.6;
/// The shortest run whose utilization means anything.
const LONG_ENOUGH: Duration = Duration::from_secs(2);

/// The reason why a run ended before all cases were run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// It was interrupted.
    Interrupted,
    /// Its time was up.
    TimeUp,
    /// No case could be run any more, for this reason.
    GaveUp(String),
}

/// The result of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Done {
    /// Counts by verdict, and the names of some cases.
    pub tally: Tally,
    /// The reason why the run ended early, if it did.
    pub stopped: Option<Stopped>,
    /// The duration of the run, including the start of the containers.
    pub elapsed: Duration,
    /// The time that the containers took to start.
    pub startup: Duration,
    /// The time in which cases ran beside each other.
    pub shared_part: Duration,
    /// The part of the containers' time that cases took while they ran beside each other, in [0, 1]; `None` if no
    /// container was used.
    pub utilization: Option<f64>,
    /// Messages that change nothing about the result: containers that could not be removed, for example.
    pub warnings: Vec<String>,
    /// The reports that could not be written, each with the reason.
    pub lost_reports: Vec<String>,
    /// The durations of the cases, by their index in the list.
    pub durations: Vec<(u32, Duration)>,
    /// `true` if each case was run more than once, to find those that are flaky.
    repeated: bool,
}

impl Done {
    pub(crate) fn new(repeated: bool) -> Self {
        Self {
            tally: Tally::default(),
            stopped: None,
            elapsed: Duration::ZERO,
            startup: Duration::ZERO,
            shared_part: Duration::ZERO,
            utilization: None,
            warnings: Vec::new(),
            lost_reports: Vec::new(),
            durations: Vec::new(),
            repeated,
        }
    }

    /// Adds a warning, unless it is there already.
    pub(crate) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Returns the number of cases that fail the run: those that failed or passed unexpectedly and, if each case was run
    /// more than once, those that are flaky.
    #[must_use]
    pub fn failures(&self) -> usize {
        let flaky = if self.repeated { self.tally.count(Verdict::Flaky) } else { 0 };
        self.tally.count(Verdict::Failed) + self.tally.count(Verdict::UnexpectedPass) + flaky
    }

    /// Returns `true` if all cases were run, and none failed the run.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.exit_code() == 0
    }

    /// Returns the exit code of the command: 0 for success, 1 if cases failed, 3 if cases could not be run, 4 if the time
    /// of the run was up, 5 if a report could not be written, 130 if the run was interrupted. The command ends with 2 if a
    /// request is refused before anything runs.
    ///
    /// A lost report comes before failed cases: a reader would take the part that is there for all of it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match &self.stopped {
            Some(Stopped::Interrupted) => 130,
            Some(Stopped::TimeUp) => 4,
            _ if !self.lost_reports.is_empty() => 5,
            _ if self.failures() > 0 => 1,
            Some(Stopped::GaveUp(_)) => 3,
            None if self.tally.count(Verdict::Infrastructure) > 0 => 3,
            None => 0,
        }
    }

    /// Returns `true` if the pool had more containers than the cases could use.
    #[must_use]
    pub fn is_pool_too_large(&self) -> bool {
        self.shared_part >= LONG_ENOUGH && self.utilization.is_some_and(|part| part < LOW)
    }

    /// Adds the durations of the cases to a record.
    pub fn note_in(&self, durations: &mut crate::durations::Durations) {
        for (case, took) in &self.durations {
            durations.note(*case as usize, *took);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;

    fn done(verdicts: &[Verdict], stopped: Option<Stopped>) -> Done {
        let mut done = Done { stopped, ..Done::new(false) };
        verdicts.iter().for_each(|verdict| done.tally.add(Name(b"x"), *verdict, None));
        done
    }

    /// R22: *pure*. The exit code tells the worst that happened.
    #[test]
    fn the_exit_code_is_that_of_the_worst() {
        use Verdict::*;
        let gave_up = || Some(Stopped::GaveUp("a reason".to_owned()));
        for (verdicts, stopped, code) in [
            (&[Passed, Flaky, ExpectedFailure, Skipped, Excluded][..], None, 0),
            (&[], None, 0),
            (&[Passed, Failed], None, 1),
            (&[UnexpectedPass], None, 1),
            (&[Failed, Infrastructure], None, 1),
            (&[Passed, Infrastructure], None, 3),
            (&[Passed, NotRun], gave_up(), 3),
            (&[Failed, NotRun], gave_up(), 1),
            (&[Failed, NotRun], Some(Stopped::TimeUp), 4),
            (&[Failed, NotRun], Some(Stopped::Interrupted), 130),
        ] {
            assert_eq!(done(verdicts, stopped).exit_code(), code, "{verdicts:?}");
        }
        let repeated = Done { repeated: true, ..done(&[Passed, Flaky], None) };
        assert_eq!(repeated.exit_code(), 1, "a repeated run looks for flaky cases");
        for (verdicts, stopped, code) in [
            (&[Passed][..], None, 5),
            (&[Failed], None, 5),
            (&[Infrastructure], None, 5),
            (&[NotRun], gave_up(), 5),
            (&[Failed], Some(Stopped::TimeUp), 4),
        ] {
            let lost = Done { lost_reports: vec!["it is full".to_owned()], ..done(verdicts, stopped) };
            assert_eq!(lost.exit_code(), code, "{verdicts:?} and a lost report");
        }
    }
}
