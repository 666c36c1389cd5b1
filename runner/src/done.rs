//! What a run came to.

use std::time::Duration;

use crate::tally::Tally;
use crate::verdict::Verdict;

/// Below this, the containers of a pool were more than the cases could use.
const LOW: f64 = 0.6;
/// A run that is shorter than this says nothing of its use of the pool.
const LONG_ENOUGH: Duration = Duration::from_secs(2);

/// Why a run ended before all was done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// Somebody wanted it.
    Interrupted,
    /// Its time was up.
    TimeUp,
    /// Nothing could be run any more; why.
    GaveUp(String),
}

/// What a run came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Done {
    /// What the cases came to.
    pub tally: Tally,
    /// Why it ended early, if it did.
    pub stopped: Option<Stopped>,
    /// How long it took, the start of the containers included.
    pub elapsed: Duration,
    /// How long the containers took to start.
    pub startup: Duration,
    /// How long cases were run beside each other.
    pub shared_part: Duration,
    /// The part of the containers' time that cases took while they were run beside each other, in [0, 1].
    pub utilization: Option<f64>,
    /// What should be known but changes nothing: containers that could not be removed, for example.
    pub warnings: Vec<String>,
    /// How long the cases took, by their places in the list.
    pub durations: Vec<(u32, Duration)>,
    /// Whether each case was run more than once, to find those that are flaky.
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
            durations: Vec::new(),
            repeated,
        }
    }

    /// Adds a warning, once.
    pub(crate) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// How many cases failed: those that passed unexpectedly among them, and, if each was run more than once, those
    /// that are flaky.
    #[must_use]
    pub fn failures(&self) -> usize {
        let flaky = if self.repeated { self.tally.count(Verdict::Flaky) } else { 0 };
        self.tally.count(Verdict::Failed) + self.tally.count(Verdict::UnexpectedPass) + flaky
    }

    /// Whether all was run, and came to what it should.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.exit_code() == 0
    }

    /// The exit code of the command: 0 if all is as it should be, 1 if cases failed, 3 if cases could not be run, 4 if
    /// the time of the run was up, 130 if it was interrupted. (2 is for what is refused before anything is run.)
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match &self.stopped {
            Some(Stopped::Interrupted) => 130,
            Some(Stopped::TimeUp) => 4,
            _ if self.failures() > 0 => 1,
            Some(Stopped::GaveUp(_)) => 3,
            None if self.tally.count(Verdict::Infrastructure) > 0 => 3,
            None => 0,
        }
    }

    /// Whether the pool had more containers than the cases could use.
    #[must_use]
    pub fn is_pool_too_large(&self) -> bool {
        self.shared_part >= LONG_ENOUGH && self.utilization.is_some_and(|part| part < LOW)
    }

    /// Adds how long the cases took to a record.
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

    /// R22: *pure*.
    #[test]
    fn the_exit_code_is_that_of_the_worst() {
        use Verdict::*;
        let gave_up = || Some(Stopped::GaveUp("why".to_owned()));
        for (verdicts, stopped, code) in [
            (&[Passed, Flaky, ExpectedFailure, Excluded][..], None, 0),
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
        assert_eq!(repeated.exit_code(), 1, "what is flaky was looked for");
    }
}
