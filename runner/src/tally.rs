//! The tally of a run so far: counts, and the names of some cases. Its size does not grow with the run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::name::Name;
use crate::verdict::Verdict;

/// The number of slowest cases that are kept by name.
const SLOWEST: usize = 10;
/// The most cases of one verdict that are kept by name.
const NAMED: usize = 50;

/// Counts by verdict, and the names of the cases that a summary shows.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: [usize; Verdict::ALL.len()],
    names: [Vec<String>; Verdict::ALL.len()],
    slowest: BinaryHeap<Reverse<(Duration, String)>>,
}

impl Tally {
    /// Counts a case; `took` is the duration of its longest attempt.
    pub(crate) fn add(&mut self, name: Name<'_>, verdict: Verdict, took: Option<Duration>) {
        let place = place(verdict);
        self.counts[place] += 1;
        if !matches!(verdict, Verdict::Passed | Verdict::Skipped | Verdict::Excluded | Verdict::NotRun)
            && self.names[place].len() < NAMED
        {
            self.names[place].push(name.to_string());
        }
        let Some(took) = took else { return };
        let is_slow = self.slowest.peek().is_none_or(|Reverse((least, _))| took > *least);
        if self.slowest.len() < SLOWEST || is_slow {
            self.slowest.push(Reverse((took, name.to_string())));
            if self.slowest.len() > SLOWEST {
                self.slowest.pop();
            }
        }
    }

    /// Returns the number of cases with this verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.counts[place(verdict)]
    }

    /// Returns the number of cases that have a verdict.
    #[must_use]
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Returns the names of the cases with a verdict; the first of them, if there are many. The names of cases that
    /// passed, or were not run to an end, are not kept.
    #[must_use]
    pub fn names(&self, verdict: Verdict) -> &[String] {
        &self.names[place(verdict)]
    }

    /// Returns the slowest cases, the slowest first.
    #[must_use]
    pub fn slowest(&self) -> Vec<(Duration, String)> {
        let mut slowest: Vec<_> = self.slowest.iter().map(|Reverse(slow)| slow.clone()).collect();
        slowest.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        slowest
    }
}

fn place(verdict: Verdict) -> usize {
    Verdict::ALL.iter().position(|one| *one == verdict).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_are_kept_and_no_more() {
        let mut tally = Tally::default();
        for at in 0..1000u64 {
            let name = format!("case{at}");
            tally.add(Name(name.as_bytes()), Verdict::Failed, Some(Duration::from_millis(at * 7919 % 1000)));
        }
        let slowest = tally.slowest();
        assert_eq!(slowest.len(), SLOWEST);
        assert_eq!(slowest[0].0, Duration::from_millis(999));
        assert_eq!(slowest[9].0, Duration::from_millis(990));
        assert_eq!((tally.count(Verdict::Failed), tally.total()), (1000, 1000));
        assert_eq!(tally.names(Verdict::Failed).len(), NAMED);
        assert!(tally.names(Verdict::Passed).is_empty());
    }
}
