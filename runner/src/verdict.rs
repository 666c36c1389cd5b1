//! The verdict on a case, from the outcomes of the attempts at it. Pure.

use std::fmt;

use crate::lists::Mark;

/// The outcome of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The command ended with exit code 0.
    Pass,
    /// The command ended in another way, or could not be started.
    Fail,
    /// The case skipped itself.
    Skip,
    /// The engine, the container or the agent failed: nothing is known of the case.
    Infrastructure,
    /// The run was over before the command had ended.
    Cancelled,
}

/// The verdict on a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Verdict {
    /// The case passed.
    Passed,
    /// The case failed, and failed each time it was retried alone.
    Failed,
    /// The case failed in one attempt and passed in another.
    Flaky,
    /// The case failed, and is on a list of expected failures.
    ExpectedFailure,
    /// The case passed, and is on a list of expected failures.
    UnexpectedPass,
    /// The case could not be run to its end, in any container.
    Infrastructure,
    /// The case ran, and skipped itself.
    Skipped,
    /// The case was not run, since it is on a list of excluded cases.
    Excluded,
    /// The case was not run, since the run was over before.
    NotRun,
}

impl Verdict {
    /// All verdicts, in the order of a summary.
    pub const ALL: [Self; 9] = [
        Self::Passed,
        Self::Flaky,
        Self::ExpectedFailure,
        Self::Failed,
        Self::UnexpectedPass,
        Self::Infrastructure,
        Self::Skipped,
        Self::Excluded,
        Self::NotRun,
    ];

    /// Returns the verdict on a case after attempts with these outcomes.
    #[must_use]
    pub fn of(outcomes: &[Outcome], mark: Mark) -> Self {
        let has = |outcome| outcomes.contains(&outcome);
        match (has(Outcome::Pass), has(Outcome::Fail)) {
            (_, true) if mark.is_expected_to_fail => Self::ExpectedFailure,
            (true, false) if mark.is_expected_to_fail => Self::UnexpectedPass,
            (true, true) => Self::Flaky,
            (true, false) => Self::Passed,
            (false, true) => Self::Failed,
            (false, false) if has(Outcome::Skip) => Self::Skipped,
            (false, false) if has(Outcome::Infrastructure) => Self::Infrastructure,
            (false, false) => Self::NotRun,
        }
    }

    /// Returns `true` if the case fails the run.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::UnexpectedPass)
    }

    /// Returns the verdict's word in reports that programs read.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Flaky => "flaky",
            Self::ExpectedFailure => "expected-failure",
            Self::UnexpectedPass => "unexpected-pass",
            Self::Infrastructure => "infrastructure",
            Self::Skipped => "skipped",
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
    use super::Outcome::{Cancelled, Fail, Infrastructure, Pass, Skip};
    use super::*;
    use proptest::prelude::*;

    /// R5, R6, R15: *pure*. The verdict depends on the outcomes and the lists alone.
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
            (&[Skip], nothing, Verdict::Skipped),
            (&[Skip, Pass, Skip], nothing, Verdict::Passed),
            (&[Fail, Skip], nothing, Verdict::Failed),
            (&[Infrastructure, Skip], nothing, Verdict::Skipped),
            (&[Skip], expected, Verdict::Skipped),
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
        fn a_case_that_never_passed_is_not_said_to_have_passed(
            outcomes in proptest::collection::vec(prop_oneof![Just(Fail), Just(Skip), Just(Infrastructure), Just(Cancelled)], 0..6),
            is_expected_to_fail: bool,
        ) {
            let mark = Mark { is_expected_to_fail, ..Mark::default() };
            let verdict = Verdict::of(&outcomes, mark);
            prop_assert!(!matches!(verdict, Verdict::Passed | Verdict::Flaky | Verdict::UnexpectedPass));
        }
    }
}
