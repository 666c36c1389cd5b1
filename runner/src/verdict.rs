//! From the attempts at a case to what is said of it. Pure.

use std::fmt;

use crate::lists::Mark;

/// What came of one attempt, as far as the verdict goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ended as it should.
    Pass,
    /// It ended in any other way.
    Fail,
    /// The engine, the container or the agent failed: nothing is known of the case.
    Infrastructure,
    /// We ended it.
    Cancelled,
}

/// What is said of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Verdict {
    /// It passed.
    Passed,
    /// It failed, and failed again as often as it was tried alone.
    Failed,
    /// It failed, and passed too.
    Flaky,
    /// It failed, as a list says.
    ExpectedFailure,
    /// It passed, and a list says that it fails.
    UnexpectedPass,
    /// It could not be run to its end, on any container.
    Infrastructure,
    /// It was not run, as a list says.
    Excluded,
    /// It was not run, since the run was over before.
    NotRun,
}

impl Verdict {
    /// Every verdict, in the order in which a summary has them.
    pub const ALL: [Self; 8] = [
        Self::Passed,
        Self::Flaky,
        Self::ExpectedFailure,
        Self::Failed,
        Self::UnexpectedPass,
        Self::Infrastructure,
        Self::Excluded,
        Self::NotRun,
    ];

    /// What is said of a case after these attempts, if it ran.
    #[must_use]
    pub fn of(outcomes: &[Outcome], mark: Mark) -> Self {
        let has = |outcome| outcomes.contains(&outcome);
        match (has(Outcome::Pass), has(Outcome::Fail)) {
            (_, true) if mark.is_expected_to_fail => Self::ExpectedFailure,
            (true, false) if mark.is_expected_to_fail => Self::UnexpectedPass,
            (true, true) => Self::Flaky,
            (true, false) => Self::Passed,
            (false, true) => Self::Failed,
            (false, false) if has(Outcome::Infrastructure) => Self::Infrastructure,
            (false, false) => Self::NotRun,
        }
    }

    /// Whether it is the case's fault that the run is no success.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::UnexpectedPass)
    }

    /// The word for it in reports that programs read.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Flaky => "flaky",
            Self::ExpectedFailure => "expected-failure",
            Self::UnexpectedPass => "unexpected-pass",
            Self::Infrastructure => "infrastructure",
            Self::Excluded => "excluded",
            Self::NotRun => "not-run",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExpectedFailure => "expected failure",
            Self::UnexpectedPass => "unexpected pass",
            Self::Infrastructure => "infrastructure error",
            Self::NotRun => "not run",
            _ => self.word(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome::{Cancelled, Fail, Infrastructure, Pass};
    use super::*;
    use proptest::prelude::*;

    /// R5, R6, R15: *pure*.
    #[test]
    fn verdicts_follow_from_outcomes() {
        let expected = Mark { is_expected_to_fail: true, ..Mark::default() };
        let nothing = Mark::default();
        for (outcomes, mark, verdict) in [
            (&[Pass][..], nothing, Verdict::Passed),
            (&[Fail], nothing, Verdict::Failed),
            (&[Fail, Fail, Fail], nothing, Verdict::Failed),
            (&[Fail, Pass], nothing, Verdict::Flaky),
            (&[Pass, Fail, Pass], nothing, Verdict::Flaky),
            (&[Infrastructure, Pass], nothing, Verdict::Passed),
            (&[Infrastructure, Infrastructure], nothing, Verdict::Infrastructure),
            (&[Fail, Infrastructure], nothing, Verdict::Failed),
            (&[Fail, Cancelled], nothing, Verdict::Failed),
            (&[Cancelled], nothing, Verdict::NotRun),
            (&[Infrastructure, Cancelled], nothing, Verdict::Infrastructure),
            (&[], nothing, Verdict::NotRun),
            (&[Fail], expected, Verdict::ExpectedFailure),
            (&[Pass], expected, Verdict::UnexpectedPass),
            (&[Pass, Fail], expected, Verdict::ExpectedFailure),
            (&[Infrastructure], expected, Verdict::Infrastructure),
            (&[Cancelled], expected, Verdict::NotRun),
        ] {
            assert_eq!(Verdict::of(outcomes, mark), verdict, "{outcomes:?} {mark:?}");
        }
    }

    proptest! {
        #[test]
        fn what_never_passed_is_never_called_so(
            outcomes in proptest::collection::vec(prop_oneof![Just(Fail), Just(Infrastructure), Just(Cancelled)], 0..6),
            is_expected_to_fail: bool,
        ) {
            let mark = Mark { is_expected_to_fail, ..Mark::default() };
            let verdict = Verdict::of(&outcomes, mark);
            prop_assert!(!matches!(verdict, Verdict::Passed | Verdict::Flaky | Verdict::UnexpectedPass));
        }
    }
}
