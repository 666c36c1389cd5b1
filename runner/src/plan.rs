//! The plan of a run: the cases that are run, and their order, from lists, filters, the shard and durations. Pure.

use std::cmp::Reverse;
use std::time::Duration;

use crate::durations::Durations;
use crate::error::{Error, Result};
use crate::list::CaseList;
use crate::lists::{Lists, Mark, Marks};
use crate::name::Name;
use crate::pattern::Patterns;
use crate::shard::Shard;

/// The selection of the cases that are run.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The lists of cases that are treated differently.
    pub lists: Lists,
    /// Patterns of which a case has to match one. Without any, all cases are run.
    pub filters: Vec<Patterns>,
    /// The part of the cases that this machine runs.
    pub shard: Shard,
}

impl Default for Choice {
    fn default() -> Self {
        Self { lists: Lists::new(), filters: Vec::new(), shard: Shard::WHOLE }
    }
}

/// The cases that are run, in their order, and those that are not.
#[derive(Clone, Debug)]
pub struct Plan {
    cases: CaseList,
    marks: Marks,
    shared: Vec<u32>,
    alone: Vec<u32>,
    excluded: Vec<u32>,
    left_out: usize,
}

impl Plan {
    /// Selects cases, takes the shard's part of them and orders it: cases of unknown duration first, then the longest.
    ///
    /// # Errors
    /// The errors of [`Lists::mark`], and invalid if there are more than four billion cases.
    pub fn new(cases: CaseList, choice: Choice, durations: &Durations) -> Result<Self> {
        if u32::try_from(cases.len()).is_err() {
            return Err(Error::invalid("there are more than four billion cases"));
        }
        let marks = choice.lists.mark(&cases)?;
        let is_selected = |name: Name<'_>| {
            choice.filters.is_empty() || choice.filters.iter().any(|filter| filter.is_match(name))
        };
        let chosen: Vec<usize> = (0..cases.len()).filter(|at| is_selected(cases.name(*at))).collect();
        let (excluded, chosen): (Vec<usize>, Vec<usize>) =
            chosen.into_iter().partition(|at| marks.of(*at).is_excluded);
        // Each shard reports its own part of the excluded cases, so that the reports of all shards add up.
        let excluded = choice.shard.interleaved(excluded);
        let mut ours = if durations.is_empty() {
            choice.shard.interleaved(chosen)
        } else {
            let unknown = durations.median();
            let timed: Vec<_> = chosen.iter().map(|at| (*at, durations.of(*at).unwrap_or(unknown))).collect();
            choice.shard.balanced(&timed)
        };
        ours.sort_by_key(|at| Reverse(durations.of(*at).unwrap_or(Duration::MAX)));
        let (alone, shared) = ours.into_iter().partition(|at| marks.of(*at).is_alone);
        let left_out = cases.len() - numbers(&excluded).len() - Vec::len(&alone) - Vec::len(&shared);
        let (shared, alone, excluded) = (numbers(&shared), numbers(&alone), numbers(&excluded));
        Ok(Self { cases, marks, shared, alone, excluded, left_out })
    }

    /// Returns all cases, including those that are not run.
    #[must_use]
    pub fn cases(&self) -> &CaseList {
        &self.cases
    }

    /// Returns the name of a case.
    #[must_use]
    pub fn name(&self, case: u32) -> Name<'_> {
        self.cases.name(case as usize)
    }

    /// Returns the mark of a case: the kinds of the lists that it is on.
    #[must_use]
    pub fn mark(&self, case: u32) -> Mark {
        self.marks.of(case as usize)
    }

    /// Returns the reason that a list gives for a case, if it gives one.
    #[must_use]
    pub fn reason(&self, case: u32) -> Option<&str> {
        self.marks.reason(case as usize)
    }

    /// Returns the marks of all cases.
    #[must_use]
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Returns the cases that may run beside others, in their order.
    #[must_use]
    pub fn shared(&self) -> &[u32] {
        &self.shared
    }

    /// Returns the cases that have to run alone, in their order.
    #[must_use]
    pub fn alone(&self) -> &[u32] {
        &self.alone
    }

    /// Returns the cases that a list excludes.
    #[must_use]
    pub fn excluded(&self) -> &[u32] {
        &self.excluded
    }

    /// Returns the number of cases that belong to other shards, or match no filter.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Returns the number of cases that are run.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.len() + self.alone.len()
    }

    /// Returns `true` if no case is run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn numbers(places: &[usize]) -> Vec<u32> {
    // All of them fit: `Plan::new` checks that first.
    places.iter().filter_map(|at| u32::try_from(*at).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::ListKind;

    fn cases(count: usize) -> CaseList {
        CaseList::new((0..count).map(|at| format!("case{at}")), "a test").expect("a list")
    }

    fn plan(choice: Choice, durations: &Durations) -> Plan {
        Plan::new(cases(6), choice, durations).expect("a plan")
    }

    /// Returns a record of the six cases' durations, in seconds.
    fn durations(seconds: [Option<u64>; 6]) -> Durations {
        let folder = tempfile::tempdir().expect("a folder");
        let mut durations = Durations::read(&folder.path().join("none"), &cases(6)).expect("empty");
        for (at, seconds) in seconds.into_iter().enumerate() {
            seconds.into_iter().for_each(|seconds| durations.note(at, Duration::from_secs(seconds)));
        }
        durations
    }

    #[test]
    fn without_lists_all_cases_are_run_in_their_order() {
        let plan = plan(Choice::default(), &Durations::default());
        assert_eq!(plan.shared(), [0, 1, 2, 3, 4, 5]);
        assert_eq!((plan.alone().len(), plan.excluded().len(), plan.left_out()), (0, 0, 0));
    }

    /// R11, R12: *pure*. Cases that lists or filters leave out are in no shard.
    #[test]
    fn lists_and_filters_choose_before_the_shards_divide() {
        let mut lists = Lists::new();
        lists.add(ListKind::Excluded, "case1", "a test");
        lists.add(ListKind::Alone, "case4", "a test");
        let filters = vec![Patterns::one("case[0-4]").expect("a glob")];
        let shard = |text: &str| {
            let choice = Choice {
                lists: lists.clone(),
                filters: filters.clone(),
                shard: text.parse().expect("a shard"),
            };
            let plan = plan(choice, &Durations::default());
            (plan.shared().to_vec(), plan.alone().to_vec(), plan.excluded().to_vec(), plan.left_out())
        };
        assert_eq!(shard("1/1"), (vec![0, 2, 3], vec![4], vec![1], 1));
        assert_eq!(shard("1/2"), (vec![0, 3], vec![], vec![1], 3));
        assert_eq!(shard("2/2"), (vec![2], vec![4], vec![], 4));
    }

    /// R11: *pure*. Cases of unknown duration are run first, then the longest.
    #[test]
    fn cases_of_unknown_duration_come_first_and_then_the_longest() {
        let known = durations([Some(1), None, Some(9), Some(2), Some(9), None]);
        assert_eq!(plan(Choice::default(), &known).shared(), [1, 5, 2, 4, 3, 0]);
    }

    /// R11: *pure*. Shards by durations divide the cases.
    #[test]
    fn shards_by_time_are_a_division() {
        let known = durations([Some(1), None, Some(9), Some(2), Some(9), None]);
        let mut all: Vec<_> = ["1/2", "2/2"]
            .iter()
            .flat_map(|shard| {
                let choice = Choice { shard: shard.parse().expect("a shard"), ..Choice::default() };
                plan(choice, &known).shared().to_vec()
            })
            .collect();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4, 5]);
    }
}
